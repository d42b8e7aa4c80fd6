"""The gradient of a rollout: kept live, or its path computed again on [T, B]: the same."""

from typing import Any

import pytest
import torch
from torch import nn

import alfgraph
from alfgraph.compiler import compile_graph
from alfgraph.components import (
    PPO,
    SGD,
    ActorCritic,
    ActorDistributionNetwork,
    GymEnv,
    OnPolicy,
    Pipeline,
    Transform,
)
from alfgraph.wiring.ports import In, Out
from tests.whole_boards.driving import (
    are_equal,
    changed,
    iterate,
    parameters,
    started,
    trained,
    trains,
)
from tests.whole_boards.encoders import EncodedPolicy
from tests.whole_boards.worlds import Noise, Reach


def board(world: Any = Noise, **parts: Any) -> Pipeline:
    settings = {"optimizer": SGD(lr=0.1, gradient_clipping=0.5), **parts}
    return Pipeline(
        env=GymEnv(make=world, num_envs=3),
        algorithm=ActorCritic(**settings),
        schedule=OnPolicy(unroll_length=6),
    )


def close(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.allclose(first[name], second[name], rtol=1e-5, atol=1e-6) for name in first
    )


@pytest.mark.parametrize(
    ("world", "actor"),
    [
        (Noise, ActorDistributionNetwork()),
        (Reach, ActorDistributionNetwork()),
        (Reach, ActorDistributionNetwork(continuous="squashed_normal")),
        (Noise, EncodedPolicy()),
    ],
    ids=["categorical", "normal", "squashed", "encoded"],
)
def test_recomputed_and_live_gradients_train_alike(world: Any, actor: Any) -> None:
    graph = board(world, actor=actor)
    recomputed, live = trained(graph, 4), trained(graph, 4, recompute=False)
    assert close(parameters(recomputed), parameters(live))
    assert changed(parameters(started(graph)), parameters(live)) == set(live.modules)


def test_what_is_estimated_by_drawing_is_not_recomputed() -> None:
    """The entropy of a squashed normal has no closed form: another draw gives another number."""
    plan = alfgraph.plan(board(Reach, actor=ActorDistributionNetwork(continuous="squashed_normal")))
    assert plan.buffers[0].gradient == "with grad"
    plan = alfgraph.plan(board(Reach, actor=ActorDistributionNetwork()))
    assert plan.buffers[0].gradient == "with grad (recomputed)"


def test_the_plan_says_which() -> None:
    recomputed, live = compile_graph(board()), compile_graph(board(), recompute=False)
    assert [p.buffers[0].gradient for p in (recomputed, live)] == [
        "with grad (recomputed)",
        "with grad",
    ]
    phases = [{p.name: p.gradient for p in plan.phases} for plan in (recomputed, live)]
    assert [p["unroll"] for p in phases] == ["no grad", "with grad"]
    assert [p["update"] for p in phases] == ["with grad", "with grad"]


def test_the_programs_differ_where_the_policy_is_computed() -> None:
    recomputed, live = compile_graph(board()), compile_graph(board(), recompute=False)
    assert _body(recomputed.code, "update").count("actor(") == 1
    assert _body(live.code, "update").count("actor(") == 0
    assert "log_prob" not in _body(recomputed.code, "unroll")
    assert "@torch.no_grad()\ndef unroll" in recomputed.code
    assert "@torch.no_grad()\ndef unroll" not in live.code


def _body(code: str, name: str) -> str:
    return code.partition(f"def {name}(")[2].partition("\ndef ")[0]


def test_no_gradient_crosses_mini_batches() -> None:
    plan = alfgraph.plan(Pipeline(env=GymEnv(make=Noise, num_envs=3), algorithm=PPO()))
    assert {b.path: b.gradient for b in plan.buffers} == {
        "algorithm.rollout": "no grad",
        "algorithm.samples": "no grad",
    }


def test_each_form_repeats_bit_for_bit() -> None:
    for recompute in (True, False):
        first, second = (parameters(trained(board(), 3, recompute=recompute)) for _ in range(2))
        assert are_equal(first, second)


def test_a_live_rollout_leaves_no_graph_behind() -> None:
    program = trained(board(), 2, recompute=False)
    for values in program.registers.values():
        for tensor in values:
            assert not tensor.requires_grad


class Mix(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.layer = nn.Linear(n, 3)

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.layer(observation))


class Encode(Transform):
    """A transform with parameters, which the algorithm's loss trains through the rollout."""

    observation = In("float32[*batch, n]", role="observation")
    out = Out("float32[*batch, 3]", role="observation")

    def build(self, n: int) -> nn.Module:
        return Mix(n)


@pytest.mark.parametrize("recompute", [True, False])
def test_a_trainable_transform_is_reached_through_the_recorded_steps(recompute: bool) -> None:
    """Time steps, row T included, carry the gradient of what encoded them."""
    graph = Pipeline(
        env=GymEnv(make=Noise, num_envs=3),
        transforms=(Encode(),),
        algorithm=ActorCritic(optimizer=SGD(lr=0.1)),
        schedule=OnPolicy(unroll_length=6),
    )
    program = started(graph, recompute=recompute)
    assert trains(program)["algorithm.optimizer"] == [
        "transforms.0",
        "algorithm.actor",
        "algorithm.critic",
    ]
    before = parameters(program)
    iterate(program, 3)
    assert "transforms.0" in changed(before, parameters(program))


def test_both_forms_agree_on_a_trainable_transform() -> None:
    graph = Pipeline(
        env=GymEnv(make=Noise, num_envs=3),
        transforms=(Encode(),),
        algorithm=ActorCritic(optimizer=SGD(lr=0.1)),
        schedule=OnPolicy(unroll_length=6),
    )
    first = parameters(trained(graph, 1))
    second = parameters(trained(graph, 1, recompute=False))
    assert close(first, second)
