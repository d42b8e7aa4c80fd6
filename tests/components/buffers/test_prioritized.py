"""Prioritized replay: priorities and weights by hand, the ring, equality with a naive loop."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import alfgraph
from alfgraph.components import (
    C51,
    DQN,
    QRDQN,
    QRSAC,
    SAC,
    TD3,
    Algorithm,
    GymEnv,
    LinearAnnealing,
    OffPolicy,
    Pipeline,
    PrioritizedReplay,
    QNetwork,
)
from alfgraph.components.buffers.prioritized_replay import PrioritizedRows
from alfgraph.components.buffers.replay_rows import Ring
from alfgraph.diagnostics.errors import BoardError, RunError, WiringError
from alfgraph.families.annealing import Progress
from alfgraph.specs.spec import Spec, parse_spec
from alfgraph.specs.step_types import FIRST, LAST, MID
from tests.components.buffers.replay_board import QLearning, Taken
from tests.components.buffers.test_replay_rows import layout
from tests.whole_boards.driving import are_equal, iterate, parameters, started
from tests.whole_boards.worlds import Clock, Reach

SPECS: dict[str, Spec] = {
    "step.step_type": parse_spec("int32[] in [0, 3)"),
    "step.time": parse_spec("float32[]"),
    "action": parse_spec("float32[]"),
}
EPISODE = 4
"""Rows from FIRST to LAST."""


def rows(
    max_length: int, *, size: int = 4, length: int = 1, alpha: float = 1.0, beta: float = 1.0
) -> PrioritizedRows:
    """Two environments; no ε, so that numbers are whole."""
    shape = layout(size, length, specs=SPECS)
    return PrioritizedRows(shape, Ring(max_length, watches=True), alpha, beta, 0.0, eta=0.9)


def kind_of(row: int) -> int:
    return (FIRST, MID, MID, LAST)[row % EPISODE]


def fill(ring: PrioritizedRows, ticks: int, start: int = 0) -> PrioritizedRows:
    for row in range(start, start + ticks + 1):
        kind = torch.full((2,), kind_of(row)).int()
        time = torch.tensor([row, 100.0 + row])
        if row < start + ticks:
            ring.write(kind, time, time)
        else:
            ring.close(kind, time)
    return ring


def prioritize(ring: PrioritizedRows, priorities: dict[int, float]) -> None:
    ring.keep_up()
    values = torch.tensor([list(priorities.values())])
    ring.update_priorities(torch.tensor(list(priorities)), values)


def test_sequences_are_drawn_in_proportion_to_their_priority() -> None:
    """Priorities 1 and 2 of two transitions, squared: 1 : 4, and resets (row 3) never."""
    ring = fill(rows(10, size=5000, alpha=2.0), 4)
    prioritize(ring, {0: 1.0, 1: 2.0, 2: 0.0, 3: 0.0, 4: 0.0, 5: 0.0})
    torch.manual_seed(0)
    counts = np.bincount(ring.draw(), minlength=8)
    assert counts.tolist() == [1000, 4000, 0, 0, 0, 0, 0, 0]  # one from each of 5000 equal parts


def test_importance_weights() -> None:
    """P ~ 1 : 2 : 4 and β = 1: (N P)^-1 over the largest is 1, 1/2, 1/4; β = 1/2 takes the root."""
    ring = fill(rows(10), 4)
    prioritize(ring, {0: 1.0, 2: 2.0, 4: 4.0})
    index = np.array([4, 0, 2])
    assert ring.weights(index).tolist() == [[0.25, 1.0, 0.5]]
    ring.beta = 0.5
    torch.testing.assert_close(ring.weights(index), torch.tensor([[0.5, 1.0, 0.5**0.5]]))
    assert ring.weights(np.array([4, 4])).tolist() == [[1.0, 1.0]]


def test_the_weight_comes_with_the_sample_and_spans_sequences() -> None:
    ring = fill(rows(10, length=2), 8)
    prioritize(ring, {0: 1.0, 2: 3.0})
    index, weight = ring.sample("index", "importance_weight")
    assert torch.equal(weight, ring.weights(index.numpy()))
    assert weight.shape == (2, 4)


def test_new_sequences_have_the_highest_priority_so_far() -> None:
    ring = fill(rows(10), 2)
    prioritize(ring, {0: 5.0, 1: 0.5})
    ring.keep_up()
    assert ring.tree.numbers[:4].tolist() == [5.0, 0.5, 1.0, 1.0]
    fill(ring, 3, start=2)
    ring.keep_up()
    assert ring.tree.numbers[:10].tolist() == [5.0, 0.5, 1.0, 1.0, 5.0, 5.0, 0.0, 0.0, 5.0, 5.0]


def test_what_is_overwritten_has_no_priority() -> None:
    """Five rows: after 6 ticks rows 2 to 5 hold transitions, row 6 is the closing one."""
    ring = fill(rows(4), 6)
    ring.keep_up()
    by_row = ring.tree.numbers.reshape(5, 2)[:, 0].tolist()
    assert by_row == [1.0, 0.0, 1.0, 0.0, 1.0]  # rows 5, 6, 2, 3 (a reset) and 4
    ring.update_priorities(torch.tensor([0, 2 * 2]), torch.tensor([[9.0, 7.0]]))
    assert ring.tree.numbers.reshape(5, 2)[:, 0].tolist() == [1.0, 0.0, 7.0, 0.0, 1.0]


def test_priorities_of_sequences_mix_the_greatest_and_the_mean() -> None:
    """η 0.9: 0.9 x 4 + 0.1 x 3; row 3 is a reset, so 0.9 x 6 + 0.1 x 6 from row 2."""
    ring = fill(rows(10, length=2), 8)
    ring.keep_up()
    ring.update_priorities(torch.tensor([0, 4]), torch.tensor([[2.0, 6.0], [4.0, 99.0]]))
    assert ring.tree.numbers[[0, 4]].tolist() == pytest.approx([3.9, 6.0])


def test_without_a_transition_nothing_is_drawn() -> None:
    with pytest.raises(RunError, match="holds 0 sequences"):
        rows(5).draw()
    ring = fill(rows(5), 1)
    prioritize(ring, {0: 0.0, 1: 0.0})
    with pytest.raises(RunError, match="no sequence of the replay buffer has a priority"):
        ring.draw()


def test_recent_sequences_come_first() -> None:
    ring = fill(rows(50, size=8), 40)
    ring.ring = Ring(50, recent_ratio=0.25, recent_steps=3, watches=True)
    drawn = ring.draw()
    assert set((drawn[:2] // 2).tolist()) <= {37, 38, 39}
    assert len(drawn) == 8


@given(
    st.integers(3, 7), st.integers(1, 2),
    st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=7),
    st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_it_equals_a_dictionary(
    max_length: int, length: int, rollouts: list[tuple[int, bool]], seed: int
) -> None:
    """Priorities by absolute row and environment; sometimes resumed from a state."""
    drawn = np.random.default_rng(seed)
    ring = rows(max_length, length=length)
    naive: dict[int, float] = {}
    ticks, highest = 0, 1.0
    for count, resumed in rollouts:
        fill(ring, count, start=ticks)
        ticks += count
        if resumed:
            other = rows(max_length, length=length)
            other.load_state(ring.state())
            ring = other
        ring.keep_up()
        valid = range(max(0, ticks - max_length), max(0, ticks - length + 1))
        for key in [key for key in naive if key // 2 not in valid]:
            del naive[key]
        for row in valid:
            reset = length == 1 and kind_of(row) == LAST
            for key in (2 * row, 2 * row + 1):
                naive.setdefault(key, 0.0 if reset else highest)
        expected = np.zeros((max_length + 1) * 2)
        for key, priority in naive.items():
            expected[key % len(expected)] = priority
        assert ring.tree.numbers.tolist() == expected.tolist()
        live = [key for key, priority in naive.items() if priority > 0]
        if live:
            key = live[drawn.integers(len(live))]
            priority = float(drawn.integers(1, 20))
            ring.update_priorities(torch.tensor([key]), torch.full((length, 1), priority))
            masked = length == 2 and LAST in {kind_of(key // 2), kind_of(key // 2 + 1)}
            naive[key] = priority
            assert ring.tree.numbers[key % len(expected)] == pytest.approx(priority), masked
            naive[key] = float(ring.tree.numbers[key % len(expected)])
            highest = max(highest, naive[key])


# ----------------------------------------------------------------------------------- boards


def board(algorithm: Algorithm, world: Any = Clock, **schedule: Any) -> Pipeline:
    numbers = {"unroll_length": 8, "mini_batch_size": 16} | schedule
    return Pipeline(
        env=GymEnv(make=world, num_envs=2), algorithm=algorithm, schedule=OffPolicy(**numbers)
    )


SMALL = PrioritizedReplay(max_length=60, epsilon=0.25, alpha=1.0)


def test_dqn_writes_the_errors_of_its_mini_batch_back() -> None:
    program = started(board(DQN(replay=SMALL, q=QNetwork(hidden=(4,)))))
    heard: list[tuple[Any, ...]] = []
    td, replay = program.namespace["td"], program.buffers["algorithm.replay"]
    update = replay.update_priorities

    def listen(*inputs: Any) -> Any:
        result = td(*inputs)
        heard.append((inputs, result))
        return result

    program.namespace["td"] = listen
    written: list[Any] = []

    def write_back(*given: Any) -> None:
        written.append(given)
        update(*given)

    replay.update_priorities = write_back
    iterate(program)
    (_, reward, discount, value, next_value, weight), _result = heard[0]
    error = (reward[1:] + 0.99 * discount[1:] * next_value - value).abs().detach()
    index, priority = written[0]
    torch.testing.assert_close(priority, error)
    assert weight.max() == 1.0
    last = {int(i): float(p) for i, p in zip(index, priority[0], strict=True)}
    for place, found in last.items():
        assert replay.tree.numbers[place] == pytest.approx(found + 0.25)
    code = program.plan.code
    assert code.index("optimizer.step(") < code.index(
        "replay.update_priorities(index, distance.detach())"
    )


@pytest.mark.parametrize("algorithm", [SAC, TD3])
def test_actors_and_critics_take_it_as_it_is(algorithm: Any) -> None:
    graph = board(algorithm(replay=SMALL.model_copy(update={"n_step": 3})), Reach)
    program = iterate(started(graph))
    numbers = program.buffers["algorithm.replay"].tree.numbers
    assert len(np.unique(numbers[numbers > 0])) > 2


def test_beta_follows_the_run() -> None:
    beta = LinearAnnealing(start=0.4, end=1.0, over=(0, 10), by="iterations")
    replay = PrioritizedReplay(max_length=60, beta=beta)
    program = started(board(DQN(replay=replay, q=QNetwork(hidden=(4,)))))
    found = program.buffers["algorithm.replay"]
    assert found.beta == 0.4
    with program.generators():
        program.iterate(Progress(iteration=5))
    assert found.beta == pytest.approx(0.4 + 0.6 * 5 / 10)


def test_a_resumed_program_continues_exactly() -> None:
    graph = board(DQN(replay=SMALL, q=QNetwork(hidden=(4,))), unroll_length=5)
    program = iterate(started(graph), 9)
    other = started(graph, seed=5)
    other.load_state(program.save_point())
    iterate(program, 9)
    iterate(other, 9)
    assert are_equal(parameters(program), parameters(other))
    one, same = (p.buffers["algorithm.replay"].tree.levels for p in (program, other))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))


def test_priorities_that_are_never_written_back_are_an_error() -> None:
    with pytest.raises(BoardError, match=r"no priority is ever written back[\s\S]*td\.distance"):
        alfgraph.plan(board(QLearning(replay=PrioritizedReplay())))


@pytest.mark.parametrize(
    ("algorithm", "world"),
    [(DQN, Clock), (QRDQN, Clock), (C51, Clock), (SAC, Reach), (TD3, Reach), (QRSAC, Reach)],
)
def test_every_algorithm_writes_back_and_no_program_of_a_uniform_buffer_does(
    algorithm: Any, world: Any
) -> None:
    assert "update_priorities" in alfgraph.plan(board(algorithm(replay=SMALL), world)).code
    assert "priorities" not in alfgraph.plan(board(algorithm(), world)).code


def test_a_write_back_that_nobody_needs_is_checked() -> None:
    class Misspelt(QLearning):
        def update(self) -> None:
            sample = self.replay.sample(Taken)
            self.replay.update_priorities(index=sample.index, prioritty=sample.importance_weight)
            super().update()

    with pytest.raises(WiringError, match=r"E104.*update_priorities` has no input `prioritty`"):
        alfgraph.plan(board(Misspelt()))


def test_it_always_draws_with_replacement() -> None:
    with pytest.raises(BoardError, match="with_replacement"):
        PrioritizedReplay.model_validate({"with_replacement": False})


def test_the_plan_counts_the_bytes_of_priorities() -> None:
    """61 rows x 2 environments x (14 bytes, a priority of 8 and a byte for the step's type)."""
    (buffer,) = alfgraph.plan(board(DQN(replay=SMALL))).buffers
    assert buffer.num_bytes == 61 * 2 * (14 + 8 + 1)
