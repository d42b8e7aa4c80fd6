"""One object in two sockets is one part; defaults are their own parts; phases share them."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.compiler.plan import Plan
from alfgraph.components import MLP, PPO, ActorCritic, GymEnv, Pipeline
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained, trains
from tests.whole_boards.encoders import EncodedPolicy, EncodedValue
from tests.whole_boards.worlds import Noise

ENCODER_PARAMETERS = 4 * 5 + 5
POLICY_PARAMETERS = 5 * 2 + 2
VALUE_PARAMETERS = 5 + 1


def board(kind: type[ActorCritic], **parts: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=kind(**parts))


def count(plan: Plan) -> int:
    return plan.optimizers[0].num_parameters


@pytest.mark.parametrize("kind", [ActorCritic, PPO])
def test_a_shared_encoder_has_one_set_of_parameters(kind: type[ActorCritic]) -> None:
    encoder = MLP(hidden=(5,))
    graph = board(kind, actor=EncodedPolicy(encoder=encoder), critic=EncodedValue(encoder=encoder))
    program = trained(graph, 2)
    assert count(program.plan) == ENCODER_PARAMETERS + POLICY_PARAMETERS + VALUE_PARAMETERS
    assert set(program.modules) == {
        "algorithm.actor.encoder",
        "algorithm.actor.head",
        "algorithm.critic.head",
    }
    assert trains(program)["algorithm.optimizer"] == sorted(program.modules)


@pytest.mark.parametrize("kind", [ActorCritic, PPO])
def test_encoders_left_at_their_default_are_two(kind: type[ActorCritic]) -> None:
    """Although pydantic gives both sockets the same default object."""
    graph = board(kind, actor=EncodedPolicy(), critic=EncodedValue())
    program = trained(graph, 2)
    assert count(program.plan) == 2 * ENCODER_PARAMETERS + POLICY_PARAMETERS + VALUE_PARAMETERS
    first = program.modules["algorithm.actor.encoder"]
    second = program.modules["algorithm.critic.encoder"]
    assert first is not second


def test_equal_but_different_objects_are_two() -> None:
    graph = board(
        ActorCritic,
        actor=EncodedPolicy(encoder=MLP(hidden=(5,))),
        critic=EncodedValue(encoder=MLP(hidden=(5,))),
    )
    assert (
        count(alfgraph.plan(graph)) == 2 * ENCODER_PARAMETERS + POLICY_PARAMETERS + VALUE_PARAMETERS
    )


def test_both_losses_reach_a_shared_encoder() -> None:
    """Its gradient is the sum of what policy and value ask for."""
    encoder = MLP(hidden=(5,))
    graph = board(
        ActorCritic, actor=EncodedPolicy(encoder=encoder), critic=EncodedValue(encoder=encoder)
    )
    program = started(graph)
    alone = parameters(program)["algorithm.actor.encoder:0.weight"]
    with torch.no_grad():  # a head of zeros passes no gradient on: only the value's arrives
        for parameter in program.modules["algorithm.actor.head"].parameters():
            parameter.zero_()
    iterate(program)
    assert not torch.equal(alone, parameters(program)["algorithm.actor.encoder:0.weight"])


@pytest.mark.parametrize("kind", [ActorCritic, PPO])
def test_a_network_in_two_phases_is_one_module(kind: type[ActorCritic]) -> None:
    """`unroll`, `update` and `predict` call the same name, which is the same module."""
    program = trained(board(kind), 2)
    code = program.plan.code
    phases = {name: _body(code, name) for name in ("unroll", "update", "predict")}
    assert all("= actor(" in body for body in phases.values())
    assert program.namespace["actor"] is program.modules["algorithm.actor"]
    evaluation = program.namespace_for_evaluation({}, None)
    assert evaluation["actor"] is program.modules["algorithm.actor"]
    assert [p for p in program.modules if "actor" in p] == ["algorithm.actor"]


def _body(code: str, name: str) -> str:
    return code.partition(f"def {name}(")[2].partition("\ndef ")[0]


def test_training_with_a_shared_encoder_repeats() -> None:
    encoder = MLP(hidden=(5,))
    graph = board(PPO, actor=EncodedPolicy(encoder=encoder), critic=EncodedValue(encoder=encoder))
    assert are_equal(parameters(trained(graph, 2)), parameters(trained(graph, 2)))
