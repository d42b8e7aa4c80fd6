"""Reward transforms: their numbers, vector rewards, and returns measured as VecNormalize does."""

from typing import Any

import numpy as np
import pytest
import torch

import alfgraph
from alfgraph.components import (
    GAE,
    ActorCritic,
    Averaging,
    DiscountedReturn,
    FunctionalReward,
    GymEnv,
    LinearAnnealing,
    OnPolicy,
    Pipeline,
    RewardClipping,
    RewardNormalizer,
    RewardScaling,
    RewardShifting,
    RewardStatistics,
    Scalarize,
    Transform,
)
from alfgraph.diagnostics.errors import BoardError
from alfgraph.program.program import Program
from tests.whole_boards.driving import iterate, started, trained
from tests.whole_boards.worlds import Clock, Goods

REWARD = torch.tensor([-4.0, 0.25, 2.0])


def board(*transforms: Transform, make: Any = Clock, length: int = 9) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=make, num_envs=2),
        transforms=transforms,
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=length),
    )


def rewards(program: Program) -> list[float]:
    (reward,) = program.buffers["algorithm.rollout"].steps("step.reward")
    found: list[float] = reward[:, 0].tolist()
    return found


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (RewardScaling(scale=0.5), [-2.0, 0.125, 1.0]),
        (RewardShifting(bias=1.0), [-3.0, 1.25, 3.0]),
        (RewardClipping(), [-1.0, 0.25, 1.0]),
        (RewardClipping(minmax=(0.0, 1.5)), [0.0, 0.25, 1.5]),
        (FunctionalReward(function=lambda r: r.sign() * r.abs().sqrt()), [-2.0, 0.5, 2.0**0.5]),
        (FunctionalReward(), [-1.0, 1.0, 1.0]),
    ],
)
def test_numbers_by_hand(transform: Transform, expected: list[float]) -> None:
    assert transform.forward(REWARD).tolist() == pytest.approx(expected)


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(BoardError, match="lower limit comes first"):
        RewardClipping(minmax=(1.0, -1.0))


def test_a_chain_runs_in_order_on_a_board() -> None:
    """Rewards 1, 2, 3, 4: plus 1, times 10, at most 35."""
    graph = board(
        RewardShifting(bias=1.0), RewardScaling(scale=10.0), RewardClipping(minmax=(-9.0, 35.0))
    )
    assert rewards(iterate(started(graph)))[1:5] == [20.0, 30.0, 35.0, 35.0]


def test_a_scale_may_anneal() -> None:
    graph = board(RewardScaling(scale=LinearAnnealing(start=0.5, end=0.0)))
    assert rewards(iterate(started(graph)))[1:5] == [0.5, 1.0, 1.5, 2.0]


def test_a_vector_reward_keeps_its_dimensions_or_becomes_their_weighted_sum() -> None:
    """Goods pays [1, t, 0]."""
    scaled = board(RewardScaling(scale=2.0), make=Goods, length=3).swap(
        algorithm=ActorCritic(returns=GAE(gamma=(0.9, 0.9, 0.9)))
    )
    (reward,) = iterate(started(scaled)).buffers["algorithm.rollout"].steps("step.reward")
    assert reward[2, 0].tolist() == [2.0, 4.0, 0.0]
    graph = board(Scalarize(weights=(1.0, 0.5, 9.0)), make=Goods, length=3)
    assert rewards(iterate(started(graph)))[1:] == [1.5, 2.0, 2.5]


def test_weights_must_be_as_many_as_rewards() -> None:
    with pytest.raises(BoardError, match="reward"):
        alfgraph.plan(board(Scalarize(weights=(1.0, 0.5)), make=Goods))


def naive_vec_normalize(length: int, gamma: float) -> list[float]:
    """Clock's rewards as VecNormalize gives them: variance of the running return, no mean."""
    total, seen, result = 0.0, [], []
    for tick in range(length + 1):
        time = tick % 5
        if time == 0:
            total = 0.0
            result.append(0.0)
            continue
        total = gamma * total + time
        seen.append(total)
        scale = 1.0 / np.sqrt(np.var(seen) + 1e-8)
        result.append(float(np.clip(time * scale, -10.0, 10.0)))
    return result


def test_returns_are_measured_as_in_vec_normalize() -> None:
    graph = board(RewardNormalizer(returns=DiscountedReturn(gamma=0.9)))
    program = iterate(started(graph))
    assert rewards(program) == pytest.approx(naive_vec_normalize(9, 0.9), rel=1e-5)


def test_the_running_return_goes_on_in_the_next_rollout() -> None:
    graph = board(RewardNormalizer(returns=DiscountedReturn(gamma=0.9)), length=3)
    program = iterate(started(graph), 3)
    assert rewards(program) == pytest.approx(naive_vec_normalize(9, 0.9)[6:], rel=1e-5)


def test_rewards_themselves_are_measured_as_in_alf() -> None:
    """Clock pays 1, 2, 3, 4: the golden numbers of the adaptive normalizer, minus its epsilon."""
    averaging = Averaging(mode="adaptive", speed=8.0)
    measured = RewardStatistics(zero_mean=True, clipping=0.0, averaging=averaging)
    graph = board(RewardNormalizer(returns=None, statistics=measured), length=4)
    found = rewards(iterate(started(graph)))
    assert found[1:] == pytest.approx([0.0, 0.3536, 0.4767, 0.559], abs=5e-5)


def test_clipping_bounds_the_reward() -> None:
    graph = board(RewardNormalizer(statistics=RewardStatistics(clipping=0.5)))
    assert max(rewards(trained(graph, 1))) == 0.5


def test_a_replay_buffer_cannot_measure_returns() -> None:
    with pytest.raises(BoardError, match=r'update_in="unroll", or returns=None'):
        RewardNormalizer(update_in="replay")


def test_first_steps_are_no_rewards() -> None:
    """Two environments, four paid steps of five: eight returns in a count of ten rows."""
    program = iterate(started(board(RewardNormalizer(), length=4)))
    statistics: Any = program.modules["transforms.0.statistics"]
    assert statistics.statistics.count.item() == 8
