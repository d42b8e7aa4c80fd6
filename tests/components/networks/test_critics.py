"""Critics, ensembles, values of discrete actions, deterministic actors, the temperature."""

import math
from typing import Any

import pytest
import torch

from alfgraph.components import (
    ActorNetwork,
    CriticNetwork,
    Ensemble,
    QNetwork,
    TakenValue,
    Temperature,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import TensorSpec, parse_spec

OBSERVATION = parse_spec("float32[3]")
NUMBER = TensorSpec(dtype="float32")
ACTION = parse_spec("float32[2] in [-2, 2]")


def test_a_critic_sees_the_action_in_the_unit_interval() -> None:
    module = CriticNetwork(hidden=()).build(OBSERVATION, ACTION)
    observation, action = torch.randn(5, 7, 3), torch.rand(5, 7, 2) * 4.0 - 2.0
    (weight, bias) = module.parameters()
    expected = torch.cat([observation, action / 2.0], -1) @ weight[0] + bias
    torch.testing.assert_close(module(observation, action), expected)


def test_a_critic_values_every_choice() -> None:
    observation = parse_spec("{position: float32[2], camera: uint8[1, 2, 2]}")
    module = CriticNetwork().build(observation, parse_spec("int64[] in [0, 3)"))
    batch = {
        "position": torch.randn(4, 2),
        "camera": torch.zeros(4, 1, 2, 2, dtype=torch.uint8),
    }
    values = module(batch, torch.tensor([0, 1, 2, 0]))
    assert values.shape == (4, 3)
    assert torch.equal(values, module(batch, torch.tensor([2, 2, 2, 2])))
    assert next(module.parameters()).shape == (256, 2 + 4)


def test_a_critic_values_every_choice_at_the_other_parts_of_the_action() -> None:
    """The arm's action, within [-2, 2], enters halved; the grip's is a row of outputs."""
    action = parse_spec("{grip: int64[] in [0, 3), arm: float32[2] in [-2, 2]}")
    critic = CriticNetwork(hidden=())
    module = critic.build(OBSERVATION, action)
    observation, arm = torch.randn(5, 3), torch.rand(5, 2)
    (weight, bias) = module.parameters()
    expected = torch.cat([observation, arm / 2.0], -1) @ weight.T + bias
    found = module(observation, {"grip": torch.zeros(5, dtype=torch.int64), "arm": arm})
    torch.testing.assert_close(found, expected)
    assert critic.derive(action) == {"*e": (3,)}
    assert Ensemble(member=critic, size=2).derive(action) == {"*e": (3, 2)}


def test_several_choices_enter_one_hot() -> None:
    action = parse_spec("int64[2] in [0, 3)")
    module = CriticNetwork(hidden=()).build(OBSERVATION, action)
    assert next(module.parameters()).shape == (1, 3 + 6)
    assert module(torch.randn(4, 3), torch.zeros(4, 2, dtype=torch.int64)).shape == (4,)


def test_members_of_an_ensemble_stand_on_the_last_axis_and_differ() -> None:
    module: Any = Ensemble(member=CriticNetwork(hidden=(8,)), size=3).build(OBSERVATION, ACTION)
    observation, action = torch.randn(4, 5, 3), torch.rand(4, 5, 2)
    values = module(observation, action)
    assert values.shape == (4, 5, 3)
    for index, member in enumerate(module.members):
        torch.testing.assert_close(values[..., index], member(observation, action))
    assert not torch.allclose(values[..., 0], values[..., 1])


def test_dueling_values_average_to_the_value_of_the_state() -> None:
    """V + A - mean A, eq. 9 of the paper."""
    module: Any = QNetwork(hidden=(8,), dueling=True).build(OBSERVATION, 4)
    observation = torch.randn(6, 3)
    features = module.features(observation)
    values = module(observation)
    torch.testing.assert_close(values.mean(-1), module.state_value(features)[..., 0])
    advantage = module.actions(features)
    torch.testing.assert_close(
        values - values.mean(-1, keepdim=True), advantage - advantage.mean(-1, keepdim=True)
    )


def test_the_value_of_the_action_taken() -> None:
    values = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]])
    assert TakenValue().forward(values, torch.tensor([[2, 0]])).tolist() == [[3.0, 4.0]]


def test_a_deterministic_actor_reaches_its_bounds_and_no_further() -> None:
    module = ActorNetwork(hidden=()).build(OBSERVATION, parse_spec("float32[2] in [-1, 3]"))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(100.0)
    assert module(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]
    assert module(-2.0 * torch.ones(1, 3)).tolist() == [[-1.0, -1.0]]


@pytest.mark.parametrize("action", ["int64[] in [0, 2)", "float32[2]"])
def test_a_deterministic_actor_needs_bounds(action: str) -> None:
    with pytest.raises(WiringError, match="ActorNetwork needs one continuous action"):
        ActorNetwork().build(OBSERVATION, parse_spec(action))


def test_the_temperature_is_learnt_in_its_logarithm() -> None:
    module = Temperature(initial=0.2).build(NUMBER)
    alpha, log_alpha = module()
    assert alpha.item() == pytest.approx(0.2)
    assert log_alpha.item() == pytest.approx(math.log(0.2))
    assert log_alpha.requires_grad
    assert not Temperature(initial=0.2, frozen=True).build(NUMBER)()[1].requires_grad
    two = Temperature(initial=2.0).build(TensorSpec(dtype="float32", sample=(2,)))
    assert two()[0].tolist() == pytest.approx([2.0, 2.0])
