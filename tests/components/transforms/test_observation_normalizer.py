"""ObservationNormalizer on boards: where it updates, what is stored, trees, evaluation."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

import alfgraph
from alfgraph.components import (
    PPO,
    ActorCritic,
    Averaging,
    Epochs,
    GymEnv,
    ObservationNormalizer,
    OnPolicy,
    Pipeline,
    RewardScaling,
    Transform,
)
from alfgraph.diagnostics.errors import BoardError
from alfgraph.program.program import Program
from alfgraph.runtime.evaluation.evaluation import evaluate
from tests.whole_boards.driving import iterate, started, trained
from tests.whole_boards.worlds import Camera, Clock

PATH = "algorithm.rollout"


def board(*transforms: Transform, make: Any = Clock, length: int = 3) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=make, num_envs=2),
        transforms=transforms,
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=length),
    )


def statistics(program: Program) -> Any:
    module: Any = program.modules["transforms.0"]
    return module.statistics[0]


def test_it_updates_once_per_environment_step_and_before_it_normalizes() -> None:
    """Times 0, 1, 2 | 3: after t steps the mean is t/2; a row is normalized by what it changed."""
    program = started(board(ObservationNormalizer()))
    assert statistics(program).count.item() == 2
    iterate(program)
    assert statistics(program).count.item() == 8
    assert statistics(program).mean.item() == pytest.approx(1.5)
    (observation,) = program.buffers[PATH].steps("step.observation")
    expected = [0.0]
    for last in (1, 2, 3):
        times = np.arange(last + 1)
        expected.append((last - times.mean()) / times.std())
    assert observation[:, 0, 0].tolist() == pytest.approx(expected, abs=1e-5)


def test_row_t_is_the_next_rollouts_row_0() -> None:
    graph = board(ObservationNormalizer(), RewardScaling(scale=0.01))
    program = iterate(started(graph))
    names = ("step.observation", "step.reward", "step.step_type")
    last = [rows[-1].clone() for rows in program.buffers[PATH].steps(*names)]
    iterate(program)
    first = [rows[0] for rows in program.buffers[PATH].steps(*names)]
    assert all(torch.equal(a, b) for a, b in zip(last, first, strict=True))
    assert last[1].tolist() == pytest.approx([0.03, 0.03])


def test_the_first_ratio_of_ppo_is_one() -> None:
    graph = board(ObservationNormalizer(), make=Clock).swap(
        algorithm=PPO(), schedule=Epochs(unroll_length=8, epochs=1)
    )
    program = iterate(started(graph), 2)
    with program.generators():
        program.namespace["unroll"]()
        program.namespace["prepare"]()
        program.namespace["update"](None)
    assert float(program.log["loss/approximate_kl"]) == pytest.approx(0.0, abs=1e-6)


def test_evaluation_leaves_the_statistics_alone() -> None:
    program = trained(board(ObservationNormalizer()), 2)
    before = {k: v.clone() for k, v in statistics(program).state_dict().items()}
    evaluate(program, episodes=2, num_environments=2, seed=0)
    after = statistics(program).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_statistics_are_part_of_the_state() -> None:
    graph = board(ObservationNormalizer(averaging=Averaging(mode="adaptive")))
    program = trained(graph, 3)
    other = started(graph, seed=1)
    other.load_state(program.save_point())
    assert torch.equal(statistics(other).mean, statistics(program).mean)
    iterate(program)
    iterate(other)
    assert torch.equal(statistics(other).mean, statistics(program).mean)


def test_of_a_tree_the_floats_are_normalized_and_the_rest_passes() -> None:
    program = iterate(started(board(ObservationNormalizer(), make=Camera)))
    assert program.modules["transforms.0"].paths == (("body", "height"),)
    (seen,) = program.buffers[PATH].steps("step.observation")
    assert seen["camera"].dtype == torch.uint8
    assert seen["camera"][:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert seen["body"]["gear"][:, 0].tolist() == [0, 1, 2, 3]
    assert seen["body"]["height"][1, 0].item() == pytest.approx(1.0, abs=1e-4)


def test_fields_choose_branches() -> None:
    graph = board(ObservationNormalizer(fields=("body.height",)), make=Camera)
    assert started(graph).modules["transforms.0"].paths == (("body", "height"),)


def test_a_misspelt_field_is_an_error_with_advice() -> None:
    with pytest.raises(BoardError, match=r"no field `body.hight`[\s\S]*mean `body.height`"):
        alfgraph.plan(board(ObservationNormalizer(fields=("body.hight",)), make=Camera))


def test_a_field_of_bytes_is_refused() -> None:
    with pytest.raises(BoardError, match="field `camera` is `uint8"):
        alfgraph.plan(board(ObservationNormalizer(fields=("camera",)), make=Camera))


class Bytes(Clock):
    """Observes one byte."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Box(0, 255, (1,), np.uint8)

    def observed(self) -> Any:
        return np.array([self.time], np.uint8)


def test_an_observation_without_floats_is_refused() -> None:
    with pytest.raises(BoardError, match="no floating-point tensor"):
        alfgraph.plan(board(ObservationNormalizer(), make=Bytes))


class Far(Clock):
    """Observes 0, 0, ..., then something far away."""

    def observed(self) -> Any:
        return np.array([100.0 if self.time == 3 else 0.001 * self.time], np.float32)


def test_results_are_clipped_and_the_spec_says_so() -> None:
    graph = board(ObservationNormalizer(clipping=1.5), make=Far)
    program = iterate(started(graph))
    (observation,) = program.buffers[PATH].steps("step.observation")
    assert observation.abs().max().item() <= 1.5
    assert any("in [-1.5, 1.5]" in wire.spec for wire in program.plan.wires)


def test_statistics_that_nobody_updates_are_a_warning() -> None:
    plan = alfgraph.plan(board(ObservationNormalizer(update_in="replay")))
    assert [(n.code, n.message) for n in plan.notes if n.severity == "warning"] == [
        ("W209", "the statistics of `transforms.0` are never updated, so it changes nothing")
    ]
    assert not [n for n in alfgraph.plan(board(ObservationNormalizer())).notes if n.code == "W209"]
