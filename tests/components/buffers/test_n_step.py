"""Transitions of n steps: sums by hand, ends of episodes, equality with a naive loop, boards."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import alfgraph
from alfgraph.components import (
    DQN,
    GymEnv,
    OffPolicy,
    Pipeline,
    ReplayBuffer,
    RewardClipping,
    TDLoss,
    Transform,
)
from alfgraph.components.buffers.n_step import n_step_rows
from alfgraph.components.buffers.replay_rows import ReplayRows, Ring
from alfgraph.diagnostics.errors import BoardError
from alfgraph.specs.spec import Spec, parse_spec
from alfgraph.specs.step_types import FIRST, LAST, MID
from tests.components.buffers.replay_board import QLearning
from tests.components.buffers.test_replay_rows import layout
from tests.whole_boards.driving import iterate, started
from tests.whole_boards.worlds import Clock

GAMMA = 0.5


def summed(kinds: list[int], rewards: list[float], discounts: list[float]) -> tuple[float, float]:
    reward, discount = n_step_rows(
        torch.tensor(kinds).int()[:, None],
        torch.tensor(rewards, dtype=torch.float32)[:, None],
        torch.tensor(discounts, dtype=torch.float32)[:, None],
        GAMMA,
    )
    assert (reward[0].item(), discount[0].item()) == (rewards[0], discounts[0])
    return reward[1].item(), discount[1].item()


def test_three_steps_within_an_episode() -> None:
    """1 + 0.5 x 2 + 0.25 x 4 = 3; the loss multiplies γ once more, so D is 0.25."""
    assert summed([FIRST, MID, MID, MID], [9, 1, 2, 4], [1, 1, 1, 1]) == (3.0, 0.25)


def test_a_termination_ends_the_sum_and_is_not_bootstrapped_from() -> None:
    assert summed([MID, MID, LAST, FIRST], [9, 1, 2, 4], [1, 1, 0, 1]) == (2.0, 0.0)


def test_a_time_limit_ends_the_sum_and_is_bootstrapped_from() -> None:
    """Two steps: γ V of the loss becomes γ² V."""
    assert summed([MID, MID, LAST, FIRST], [9, 1, 2, 4], [1, 1, 1, 1]) == (2.0, 0.5)


def test_one_step_to_the_end() -> None:
    assert summed([MID, LAST, FIRST, MID], [9, 1, 2, 4], [1, 0, 1, 1]) == (1.0, 0.0)


def test_discounts_within_an_episode_count() -> None:
    """d = 0.5 after the first step: 1 + 0.5 x 0.5 x 2, then D = 0.5 x 0.5 x 1."""
    assert summed([MID, MID, MID], [9, 1, 2], [1, 0.5, 1]) == (1.5, 0.25)


def test_rewards_may_be_vectors() -> None:
    reward = torch.tensor([[[9.0, 9.0]], [[1.0, 10.0]], [[2.0, 20.0]]])
    total, _ = n_step_rows(torch.ones(3, 1).int(), reward, torch.ones(3, 1), GAMMA)
    assert total[1].tolist() == [[2.0, 20.0]]


SPECS = {
    "step.step_type": "int32[] in [0, 3)",
    "step.reward": "float32[]",
    "step.discount": "float32[]",
    "step.observation": "float32[1]",
    "action": "float32[]",
}


def filled(kinds: list[int], max_length: int, n: int, context: int = 0) -> ReplayRows:
    """Row t has observation t, reward t and kind t; LAST terminates where t is even."""
    specs: dict[str, Spec] = {name: parse_spec(spec) for name, spec in SPECS.items()}
    ring = ReplayRows(layout(batch=1, specs=specs), Ring(max_length, context, n, GAMMA))
    for t, kind in enumerate(kinds):
        row = step(t, kind)
        if t == len(kinds) - 1:
            ring.close(*row)
        else:
            ring.write(*row, torch.tensor([float(t)]))
    return ring


def step(t: int, kind: int) -> tuple[Tensor, ...]:
    terminates = kind == LAST and t % 2 == 0
    return (
        torch.tensor([kind]).int(),
        torch.tensor([float(t)]),
        torch.tensor([0.0 if terminates else 1.0]),
        torch.tensor([[float(t)]]),
    )


def test_the_last_row_of_a_sequence_is_where_the_transition_ends() -> None:
    kinds = [FIRST, MID, MID, LAST, FIRST, MID, MID]
    ring = filled(kinds, 10, n=3)
    assert ring.starts() == (0, 4)
    names = ("step.observation", "action")
    observation, action = ring.read(np.arange(4), names)
    assert observation[:, :, 0].tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 3, 5], [3, 3, 3, 6]]
    assert action.tolist() == [[0.0, 1.0, 2.0, 3.0]]


def test_context_stays_before_the_transition() -> None:
    ring = filled([FIRST, MID, MID, LAST, FIRST, MID], 10, n=2, context=1)
    (observation,) = ring.read(np.array([2]), ("step.observation",))
    assert observation[:, 0, 0].tolist() == [1.0, 2.0, 3.0, 3.0]


@given(
    st.integers(2, 4), st.integers(5, 9), st.integers(6, 25),
    st.lists(st.sampled_from([2, 3, 5]), min_size=1, max_size=12),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_it_equals_a_naive_loop(n: int, max_length: int, rows: int, episodes: list[int]) -> None:
    kinds = [k for length in episodes for k in (FIRST, *[MID] * (length - 1), LAST)]
    kinds = (kinds * 10)[:rows]
    ring = filled(kinds, max_length, n)
    first, end = ring.starts()
    assert (first, end) == (max(0, rows - 1 - max_length), rows - n)
    if first >= end:
        return
    index = np.arange(first, end)
    names = ("step.step_type", "step.reward", "step.discount", "step.observation")
    kind, reward, discount, observation = ring.read(index, names)
    sums, factors = ring.accumulate(kind, reward, discount)
    for column, start in enumerate(index):
        total, factor, at = 0.0, 1.0, int(start)
        for i in range(n):
            at += 1
            total += GAMMA**i * at
            factor = GAMMA**i * (0.0 if kinds[at] == LAST and at % 2 == 0 else 1.0)
            if kinds[at] == LAST:
                break
        assert sums[1, column].item() == pytest.approx(total)
        assert factors[1, column].item() == factor
        assert observation[-1, column, 0].item() == at


def board(replay: ReplayBuffer, *transforms: Transform, length: int = 1) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=Clock, num_envs=2),
        transforms=transforms,
        algorithm=DQN(replay=replay, td=TDLoss(gamma=GAMMA)),
        schedule=OffPolicy(unroll_length=8, mini_batch_size=64, mini_batch_length=length),
    )


def losses_inputs(program: Any) -> tuple[Tensor, ...]:
    """Step types, rewards and discounts of the next update's loss."""
    heard: list[tuple[Tensor, ...]] = []
    compute = program.namespace["td"]

    def listen(*inputs: Tensor) -> Any:
        heard.append(inputs)
        return compute(*inputs)

    program.namespace["td"] = listen
    iterate(program)
    return heard[0][:3]


def test_rewards_are_summed_up_after_their_transforms() -> None:
    """Times 0 1 2 3 4 | 0: each reward is clipped to 1; from time 0 two steps give 1 + 0.5."""
    program = started(board(ReplayBuffer(n_step=2), RewardClipping()))
    kind, reward, discount = losses_inputs(program)
    assert kind.shape == reward.shape == discount.shape == (2, 64)
    seen = set(zip(kind[0].tolist(), reward[1].tolist(), discount[1].tolist(), strict=True))
    valid = {row for row in seen if row[0] != LAST}
    assert valid == {
        (FIRST, 1.5, 0.5),  # from time 0
        (MID, 1.5, 0.5),  # from time 1
        (MID, 1.5, 0.0),  # from time 2: it terminates two steps later
        (MID, 1.0, 0.0),  # from time 3
    }


def test_only_single_transitions_span_several_steps() -> None:
    with pytest.raises(BoardError, match=r"n_step=3 gives single transitions, not sequences of 2"):
        alfgraph.plan(board(ReplayBuffer(n_step=3), length=2))


def test_the_loss_gives_gamma() -> None:
    graph = Pipeline(
        env=GymEnv(make=Clock, num_envs=2), algorithm=QLearning(replay=ReplayBuffer(n_step=2))
    )
    with pytest.raises(BoardError, match=r"not told the γ[\s\S]*gamma=self\.td\.gamma"):
        alfgraph.plan(graph)


def test_a_short_first_collection_is_found() -> None:
    graph = board(ReplayBuffer(n_step=9))
    with pytest.raises(BoardError, match=r"needs 9 transitions[\s\S]*=18"):
        alfgraph.plan(graph)


def test_a_program_of_several_steps_reads_as_one() -> None:
    code = alfgraph.plan(board(ReplayBuffer(n_step=3))).code
    assert "= replay.accumulate(step_type, reward, discount)" in code
    assert "observation[::3]" in code
