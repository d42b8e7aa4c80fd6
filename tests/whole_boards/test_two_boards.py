"""Many boards in one process: no globals, so each runs as if it were alone."""

from typing import Any

import numpy as np
import torch

from alfgraph.components import PPO, ActorCritic, Epochs, GymEnv, OnPolicy, Pipeline
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import Noise, Reach

SHARED_PPO = PPO(schedule=Epochs(unroll_length=8, epochs=2, mini_batch_size=8))


def first_board() -> Pipeline:
    return Pipeline(
        env=GymEnv(make=Noise, num_envs=3),
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=5),
    )


def second_board() -> Pipeline:
    return Pipeline(env=GymEnv(make=Reach, num_envs=2), algorithm=SHARED_PPO)


def test_interleaved_runs_are_bit_equal_to_runs_alone() -> None:
    alone = [parameters(trained(board(), 4)) for board in (first_board, second_board)]
    first, second = started(first_board()), started(second_board(), seed=0)
    for _ in range(4):
        iterate(first)
        iterate(second)
    assert are_equal(parameters(first), alone[0])
    assert are_equal(parameters(second), alone[1])


def test_the_process_keeps_its_own_generators() -> None:
    torch.manual_seed(7)
    np.random.seed(7)
    expected: tuple[Any, Any] = torch.rand(2).tolist(), np.random.rand(2).tolist()
    torch.manual_seed(7)
    np.random.seed(7)
    trained(first_board(), 2)
    assert (torch.rand(2).tolist(), np.random.rand(2).tolist()) == expected


def test_one_algorithm_object_on_two_boards_has_two_sets_of_parameters() -> None:
    """The user's objects stay frozen, equal and reusable."""
    before = repr(SHARED_PPO)
    first = started(Pipeline(env=GymEnv(make=Reach, num_envs=2), algorithm=SHARED_PPO))
    second = started(Pipeline(env=GymEnv(make=Noise, num_envs=3), algorithm=SHARED_PPO))
    iterate(second, 2)
    untouched = parameters(first)
    iterate(second, 1)
    assert are_equal(untouched, parameters(first))
    assert not SHARED_PPO.is_bound
    assert repr(SHARED_PPO) == before


def test_seeds_differ() -> None:
    first, second = (parameters(trained(first_board(), 1, seed=seed)) for seed in (0, 1))
    assert not are_equal(first, second)
