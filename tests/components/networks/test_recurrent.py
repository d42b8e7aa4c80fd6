"""Recurrent networks: torch's own cells, resets, stored registers, and a task of memory."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from alfgraph.components import (
    GRU,
    LSTM,
    PPO,
    ActorCritic,
    Adam,
    Algorithm,
    Epochs,
    GymEnv,
    OnPolicy,
    Pipeline,
    RecurrentActor,
    RecurrentValueNetwork,
)
from alfgraph.components.networks.recurrent_memory import Memory
from alfgraph.execution import Recurrent, scan
from alfgraph.runtime.evaluation.evaluation import evaluate
from alfgraph.specs.step_types import FIRST
from tests.whole_boards.driving import iterate, started, trained
from tests.whole_boards.worlds import Noise

MEMORIES = (LSTM(size=8), GRU(size=8))


def recurrent(kind: type[ActorCritic], memory: Memory, **settings: Any) -> Algorithm:
    return kind(
        actor=RecurrentActor(memory=memory),
        critic=RecurrentValueNetwork(memory=memory.model_copy()),
        **settings,
    )


def board(algorithm: Algorithm, make: Any = Noise, num_envs: int = 3) -> Pipeline:
    return Pipeline(env=GymEnv(make=make, num_envs=num_envs), algorithm=algorithm)


@pytest.mark.parametrize(
    ("memory", "whole"), [(LSTM(size=4), nn.LSTM(3, 4)), (GRU(size=4), nn.GRU(3, 4))]
)
def test_a_cell_computes_what_torchs_layers_compute(memory: Memory, whole: nn.Module) -> None:
    module: Any = memory.build(3)
    for name, parameter in module.cell.named_parameters():
        getattr(whole, f"{name}_l0").data.copy_(parameter.detach())
    features = torch.randn(5, 2, 3)
    register = torch.zeros(2, 4 * (2 if isinstance(memory, LSTM) else 1))
    step_type = torch.ones(2, dtype=torch.int32)
    for row, expected in zip(features, whole(features)[0], strict=True):
        out, register = module(row, step_type, register)
        torch.testing.assert_close(out, expected)


@pytest.mark.parametrize("memory", MEMORIES, ids=lambda m: type(m).__name__)
def test_a_stretch_at_a_time_equals_a_row_at_a_time(memory: Memory) -> None:
    """Episodes begin at row 0, at later rows, in one environment or in several."""
    module: Any = memory.build(3)
    width = dict(memory.known())["width"]
    initial = {"memory": 0.0}
    step_type = torch.ones(7, 3, dtype=torch.int32)
    step_type[0, 1] = step_type[2, 0] = step_type[5, 0] = step_type[5, 2] = FIRST
    results = []
    for way in ("rows", "stretches"):
        features = torch.linspace(-1.0, 1.0, 63).reshape(7, 3, 3).requires_grad_()
        state = {"memory": torch.full((3, width), 0.3)}
        if way == "rows":
            out, before, after = scan(module, (features, step_type), state, initial, step_type, 1)
        else:
            shapes = {"memory": ((width,), torch.float32, 0.0)}
            recurrent_part = Recurrent(module, shapes, 1, 1)
            out, before, after = recurrent_part.scan(state, features, step_type)
        (gradient,) = torch.autograd.grad(out.square().sum() + after["memory"].sum(), features)
        results.append((out, before["memory"], after["memory"], gradient))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_weights_begin_orthogonal() -> None:
    module: Any = LSTM(size=4).build(4)
    for part in module.cell.weight_hh.detach().chunk(4):
        torch.testing.assert_close(part @ part.T, torch.eye(4))
    assert module.cell.bias_ih.abs().sum().item() == 0.0


@pytest.mark.parametrize("memory", MEMORIES, ids=lambda m: type(m).__name__)
def test_the_first_ratio_of_ppo_is_one_and_values_are_those_of_the_rollout(memory: Memory) -> None:
    """Registers of actor and critic are stored: sequences begin where the rollout was."""
    algorithm = recurrent(
        PPO, memory, schedule=Epochs(unroll_length=6, epochs=1, mini_batch_length=3)
    )
    program = iterate(started(board(algorithm)), 2)
    with program.generators():
        program.namespace["unroll"]()
        program.namespace["prepare"]()
        program.namespace["update"](None)
    assert float(program.log["loss/approximate_kl"]) == pytest.approx(0.0, abs=1e-6)
    assert float(program.log["loss/clip_fraction"]) == 0.0


def test_the_critic_goes_on_where_the_last_rollout_ended() -> None:
    """Episodes of 4 actions under rollouts of 3: row 0 of the second one is in mid-episode."""
    algorithm = recurrent(ActorCritic, LSTM(size=4), schedule=OnPolicy(unroll_length=3))
    program = iterate(started(board(algorithm)))
    iterate(program)
    (state,) = program.buffers["algorithm.rollout"].read("critic_state")
    assert state["memory"]["memory"][0].abs().sum().item() > 0.0
    assert not state["memory"]["memory"].requires_grad


@pytest.mark.parametrize("memory", MEMORIES, ids=lambda m: type(m).__name__)
def test_the_gradient_of_actor_critic_crosses_the_rollout_live(memory: Memory) -> None:
    graph = board(recurrent(ActorCritic, memory, schedule=OnPolicy(unroll_length=4)))
    program = started(graph)
    weight = program.modules["algorithm.actor.memory"].cell.weight_hh
    before = weight.detach().clone()
    iterate(program)
    assert program.plan.buffers[0].gradient == "with grad"
    assert not torch.equal(before, weight.detach())


def test_evaluation_has_registers_of_its_own() -> None:
    program = trained(board(recurrent(PPO, LSTM(size=4))), 1)
    (registers, *_) = program.registers["unroll"]
    before = registers["memory"].clone()
    evaluate(program, episodes=2, num_environments=2, seed=0)
    assert torch.equal(program.registers["unroll"][0]["memory"], before)


class Recall(gymnasium.Env[Any, Any]):
    """Shows a cue once; three steps later the action that equals it earns 1."""

    delay = 3

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.cue = self.time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.cue, self.time = int(self.np_random.integers(2)), 0
        return np.array([2.0 * self.cue - 1.0, 0.0], np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.time += 1
        ended = self.time > self.delay
        observation = np.array([0.0, self.time == self.delay], np.float32)
        return observation, float(ended and int(action) == self.cue), ended, False, {}


def recall(algorithm: Algorithm, iterations: int) -> float:
    graph = board(algorithm, make=Recall, num_envs=16)
    program = trained(graph, iterations)
    return evaluate(program, episodes=64, num_environments=16, seed=0).return_mean


@pytest.mark.parametrize("memory", MEMORIES, ids=lambda m: type(m).__name__)
def test_ppo_learns_to_remember(memory: Memory) -> None:
    algorithm = recurrent(
        PPO,
        memory,
        optimizer=Adam(lr=5e-3),
        schedule=Epochs(unroll_length=10, epochs=4, mini_batch_length=5, mini_batch_size=8),
    )
    assert recall(algorithm, 12) == 1.0


def test_actor_critic_learns_to_remember_and_cannot_without_memory() -> None:
    schedule = OnPolicy(unroll_length=10)
    remembering = recurrent(ActorCritic, GRU(size=8), optimizer=Adam(lr=1e-2), schedule=schedule)
    assert recall(remembering, 60) == 1.0
    assert recall(ActorCritic(optimizer=Adam(lr=1e-2), schedule=schedule), 60) < 0.8
