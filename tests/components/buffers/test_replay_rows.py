"""The rings of a replay buffer: rows by hand, equality with a list, wrap-around, checkpoints."""

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alfgraph.components.buffers.leaf_storage import LeafLayout
from alfgraph.components.buffers.packed_rows import PACKED_AT_MOST
from alfgraph.components.buffers.replay_rows import ReplayRows, Ring
from alfgraph.diagnostics.errors import RunError
from alfgraph.distributions import Categorical
from alfgraph.specs.spec import DistributionSpec, Spec, TensorSpec, parse_spec

BATCH = 2
SPECS = {"step.time": "float32[]", "step.kind": "int32[]", "action": "int64[3]"}


def layout(
    size: int = 4,
    length: int = 1,
    batch: int = BATCH,
    specs: dict[str, Spec] | None = None,
    examples: dict[str, Any] | None = None,
) -> LeafLayout:
    found = specs or {name: parse_spec(spec) for name, spec in SPECS.items()}
    return LeafLayout(
        names=tuple(found),
        specs=found,
        examples=examples or {},
        batch=batch,
        unroll_length=1,
        written=(batch,),
        mini_batch_size=size,
        mini_batch_length=length,
        step_fields=("step",),
    )


def rows(
    max_length: int, *, size: int = 4, length: int = 1, context: int = 0, replace: bool = True
) -> ReplayRows:
    ring = Ring(max_length, context, with_replacement=replace)
    return ReplayRows(layout(size, length), ring)


def row_of(tick: int) -> tuple[Tensor, Tensor, Tensor]:
    """Time step and action of a tick: environment e's time is 100 e + tick."""
    time = torch.tensor([100.0 * e + tick for e in range(BATCH)])
    action = torch.stack([torch.arange(3) + 10 * tick + 1000 * e for e in range(BATCH)])
    return time, (time % 3).int(), action


def fill(ring: ReplayRows, ticks: int, start: int = 0) -> ReplayRows:
    for tick in range(start, start + ticks):
        ring.write(*row_of(tick))
    ring.close(*row_of(start + ticks)[:2])
    return ring


def read(ring: ReplayRows, index: list[int], *names: str) -> list[Any]:
    return [value.tolist() for value in ring.read(np.array(index), names)]


def test_the_closing_step_is_the_last_row_of_steps() -> None:
    """Three ticks: transitions 0→1, 1→2, 2→3; row 3 has no action yet."""
    ring = fill(rows(10), 3)
    assert (len(ring), ring.starts()) == (6, (0, 3))
    time, action = read(ring, [2 * 2 + 0, 2 * 2 + 1], "step.time", "action")
    assert time == [[2.0, 102.0], [3.0, 103.0]]
    assert action == [[[20, 21, 22], [1020, 1021, 1022]]]


def test_the_closed_row_becomes_a_whole_one() -> None:
    ring = fill(fill(rows(10), 3), 2, start=3)
    assert ring.starts() == (0, 5)
    assert read(ring, [3 * 2], "step.time", "action") == [[[3.0], [4.0]], [[[30, 31, 32]]]]


def test_a_full_ring_forgets_the_oldest() -> None:
    """Four transitions of seven are kept: 3, 4, 5 and 6, which ends in the closing row 7."""
    ring = fill(rows(4), 7)
    assert (len(ring), ring.starts()) == (8, (3, 7))
    (time,) = read(ring, [start * 2 + 1 for start in range(3, 7)], "step.time")
    assert time == [[103.0, 104.0, 105.0, 106.0], [104.0, 105.0, 106.0, 107.0]]


def test_sequences_are_rows_in_order() -> None:
    ring = fill(rows(6, length=3), 9)
    assert ring.starts() == (3, 7)
    time, action = read(ring, [3 * 2, 6 * 2 + 1], "step.time", "action")
    assert time == [[3.0, 106.0], [4.0, 107.0], [5.0, 108.0], [6.0, 109.0]]
    assert [row[0][0] for row in action] == [30, 40, 50]


def test_context_is_read_before_a_sequence_and_never_over_the_gap() -> None:
    """A full ring keeps two rows back; before row 0 there is row 0."""
    young = fill(rows(6, context=2), 3)
    assert young.starts() == (0, 3)
    assert read(young, [0, 2], "step.time") == [[[0.0, 0.0], [0.0, 0.0], [0.0, 1.0], [1.0, 2.0]]]
    full = fill(rows(6, context=2), 9)
    assert full.starts() == (5, 9)
    assert read(full, [5 * 2], "step.time", "action") == [
        [[3.0], [4.0], [5.0], [6.0]],
        [[[50, 51, 52]]],
    ]


def test_without_the_closing_step_the_last_row_is_no_transition_yet() -> None:
    ring = rows(10)
    ring.write(*row_of(0))
    assert len(ring) == 0
    ring.write(*row_of(1))
    assert (len(ring), ring.starts()) == (2, (0, 1))


def test_every_sequence_is_drawn_equally_often() -> None:
    ring = fill(rows(5, size=20_000), 8)
    torch.manual_seed(0)
    counts = np.bincount(ring.draw() - 3 * BATCH, minlength=10)
    assert counts.shape == (10,)
    assert abs(counts - 2000).max() < 5 * math.sqrt(2000)


def test_early_mini_batches_may_exceed_the_data() -> None:
    (time,) = fill(rows(5, size=64), 1).sample("step.time")
    assert time.shape == (2, 64)


def test_without_replacement_no_sequence_comes_twice() -> None:
    ring = fill(rows(5, size=10, replace=False), 8)
    assert sorted(ring.draw().tolist()) == list(range(6, 16))


def test_too_few_sequences_are_an_error_that_says_how_many_to_collect() -> None:
    ring = fill(rows(9, size=10, replace=False), 4)
    with pytest.raises(RunError, match=r"holds 8 sequences[\s\S]*initial_collect_steps=12"):
        ring.draw()
    with pytest.raises(RunError, match=r"holds 0 sequences of 3[\s\S]*initial_collect_steps=6"):
        fill(rows(9, length=3), 2).sample("step.time")


def test_index_and_weights_come_with_a_sample() -> None:
    ring = fill(rows(5, length=2), 8)
    index, weight, time = ring.sample("index", "importance_weight", "step.time")
    assert index.dtype == torch.int64
    assert weight.tolist() == [[1.0] * 4] * 2
    again = ring.read(index.numpy(), ("step.time",))[0]
    assert torch.equal(time, again)


def test_what_was_sampled_does_not_change_when_rows_are_overwritten() -> None:
    ring = fill(rows(3), 3)
    (time,) = ring.sample("step.time")
    before = time.clone()
    fill(ring, 6, start=3)
    assert torch.equal(time, before)


@dataclass
class NaiveReplay:
    """Rows in a list, from the first to the last ever written."""

    max_length: int
    context: int
    length: int
    seen: list[tuple[Tensor, ...]] = field(default_factory=list)
    ticks: int = 0

    def starts(self) -> list[int]:
        kept = min(self.ticks, self.max_length)
        oldest = self.ticks - kept
        first = oldest + (self.context if oldest else 0)
        return list(range(first, self.ticks - self.length + 1))

    def steps(self, start: int, environment: int) -> list[float]:
        span = range(start - self.context, start + self.length + 1)
        return [float(self.seen[max(0, row)][0][environment]) for row in span]


@given(
    st.integers(4, 9), st.integers(1, 3), st.integers(0, 2),
    st.lists(st.integers(1, 5), min_size=1, max_size=6), st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_it_equals_a_list(
    max_length: int, length: int, context: int, rollouts: list[int], resumed: bool
) -> None:
    ring = rows(max_length, length=length, context=context)
    naive = NaiveReplay(max_length, context, length)
    for ticks in rollouts:
        for _ in range(ticks):
            row = row_of(naive.ticks)
            ring.write(*row)
            naive.seen[naive.ticks :] = [row]
            naive.ticks += 1
        ring.close(*row_of(naive.ticks)[:2])
        naive.seen[naive.ticks :] = [row_of(naive.ticks)]
        if resumed:
            other = rows(max_length, length=length, context=context)
            other.load_state(ring.state())
            ring = other
        first, end = ring.starts()
        assert list(range(first, end)) == naive.starts()
        for start in naive.starts():
            for environment in range(BATCH):
                time, action = ring.read(
                    np.array([start * BATCH + environment]), ("step.time", "action")
                )
                assert time[:, 0].tolist() == naive.steps(start, environment)
                assert action[:, 0, 0].tolist() == [
                    10 * row + 1000 * environment for row in range(start, start + length)
                ]


def test_a_state_is_as_long_as_what_was_written_and_shares_its_memory() -> None:
    ring = fill(rows(1000), 3)
    state = ring.state()
    assert [len(block) for block in state["blocks"]] == [4]
    assert state["blocks"][0].data_ptr() == ring.rows.blocks[0].data_ptr()


def test_trees_distributions_and_large_leaves() -> None:
    """A picture gets a block of its own; bytes stay bytes; a distribution comes back as one."""
    policy = Categorical(logits=torch.zeros(BATCH, 3))
    sample = tuple(TensorSpec(dtype="float32", sample=t.shape[1:]) for t in policy.tensors)
    event = parse_spec("int64[] in [0, 3)")
    specs: dict[str, Spec] = {
        "step.observation": parse_spec("{camera: uint8[3, 40, 40], on: bool[], gear: int64[]}"),
        "policy": DistributionSpec(event=event, family="Categorical", parameters=sample),
    }
    ring = ReplayRows(layout(specs=specs, examples={"policy": policy}), Ring(5))
    assert [block.shape[-1] for block in ring.rows.blocks][2] == 3 * 40 * 40 > PACKED_AT_MOST
    seen: dict[str, Tensor] = {}
    logits = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
    for tick in range(3):
        seen = {
            "camera": torch.full((BATCH, 3, 40, 40), tick, dtype=torch.uint8),
            "on": torch.tensor([True, False]),
            "gear": torch.tensor([tick, -tick]),
        }
        ring.write(seen, Categorical(logits=logits + tick))
    ring.close(seen)
    observation, found = ring.read(np.array([1 * BATCH + 1]), ("step.observation", "policy"))
    assert observation["camera"].dtype == torch.uint8
    assert observation["camera"][:, 0, 2, 39, 39].tolist() == [1, 2]
    assert observation["on"].tolist() == [[False], [False]]
    assert observation["gear"].tolist() == [[-1], [-2]]
    action = torch.tensor([[2]])
    expected = Categorical(logits=logits[1:] + 1).log_prob(action[0])
    torch.testing.assert_close(found.log_prob(action), expected.unsqueeze(0))


def test_a_transition_is_stored_once() -> None:
    """1M transitions of 17 floats and 6 actions: Stable-Baselines3 takes 172 bytes each."""
    specs: dict[str, Spec] = {
        "step.step_type": parse_spec("int32[] in [0, 3)"),
        "step.reward": parse_spec("float32[]"),
        "step.discount": parse_spec("float32[]"),
        "step.observation": parse_spec("float32[17]"),
        "action": parse_spec("float32[6]"),
    }
    ring = ReplayRows(layout(specs=specs), Ring(10))
    assert [block.shape[-1] for block in ring.rows.blocks] == [100, 1]


def test_rows_on_an_accelerator_cannot_be_mapped() -> None:
    on_device = dataclasses.replace(layout(), device="cuda")
    with pytest.raises(RunError, match=r"`memory_map=rows` holds rows on this machine"):
        ReplayRows(on_device, Ring(5, folder="rows"))
