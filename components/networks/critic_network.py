"""CriticNetwork and Ensemble: the value of an observation and an action, once or several times."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.networks.action_bounds import finite_bounds
from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    layer_initializer,
    observation_leaves,
)
from alfgraph.components.networks.initializers import initializer
from alfgraph.components.networks.modules import FlattenObservation, mlp
from alfgraph.distributions.intervals import Interval
from alfgraph.families import ActionValueFunction
from alfgraph.ports import Out
from alfgraph.specs import Spec, TensorSpec

Width = Annotated[int, Field(ge=1)]


class CriticNetwork(ActionValueFunction):
    """A multi-layer perceptron on observation and action side by side.

    Details:
        - A continuous action with finite bounds enters as a number in [-1, 1], so that learning
          does not depend on the unit of the action; a discrete one enters one-hot.

    Attributes:
        hidden: widths of its layers.
        activation: after every hidden layer.
        initializer: how layers begin; the last one as a linear layer.

    Source: Fujimoto et al. 2018, arXiv:1802.09477, appendix C.
    """

    hidden: tuple[Width, ...] = (256, 256)
    activation: ActivationName = "relu"
    initializer: InitializerName = "fan_in_uniform"

    value = Out("float32[*batch]", role="value")

    def build(self, observation: Spec, action: Spec) -> nn.Module:
        """[*batch, ...] observation and action -> [*batch] float32 value."""
        flat_observation = FlattenObservation(list(observation_leaves(observation)))
        flat_action = FlattenObservation(list(observation_leaves(action)))
        width = flat_observation.out_features + flat_action.out_features
        layers = mlp(
            (width, *self.hidden, 1),
            self.activation,
            "identity",
            layer_initializer(self.initializer, self.activation),
            initializer(self.initializer, 1.0, "identity"),
        )
        return _Critic(flat_observation, flat_action, _to_unit(action), layers)


class Ensemble(ActionValueFunction):
    """Several critics that differ in their initial parameters only.

    The members stand on the last axis, behind the batch: `value.min(axis=-1)` is the pessimistic
    value of clipped double Q-learning.

    Attributes:
        member: one of them.
        size: how many.

    Source: Fujimoto et al. 2018, arXiv:1802.09477, section 4.2.
    """

    member: ActionValueFunction = CriticNetwork()
    size: Annotated[int, Field(ge=1)] = 2

    value = Out("float32[*batch, size]", role="value")

    def build(self, observation: Spec, action: Spec) -> nn.Module:
        """[*batch, ...] observation and action -> [*batch, size] float32 values."""
        return _Ensemble([self.member.build(observation, action) for _ in range(self.size)])


def _to_unit(action: Spec) -> Interval | None:
    if not isinstance(action, TensorSpec) or action.is_discrete:
        return None
    bounds = finite_bounds(action)
    return None if bounds is None else Interval(*bounds, origin=-1.0)


class _Critic(nn.Module):
    """Observation and action made flat, side by side, and the layers."""

    def __init__(
        self, observation: nn.Module, action: nn.Module, unit: Interval | None, layers: nn.Module
    ) -> None:
        super().__init__()
        self.observation = observation
        self.action = action
        self.unit = unit
        self.layers = layers

    def forward(self, observation: Any, action: Any) -> Tensor:
        if self.unit is not None:
            action = self.unit.to_unit(action)
        features = torch.cat([self.observation(observation), self.action(action)], -1)
        value: Tensor = self.layers(features)
        return value.squeeze(-1)


class _Ensemble(nn.Module):
    """Modules side by side, on the same inputs."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, observation: Any, action: Any) -> Tensor:
        return torch.stack([member(observation, action) for member in self.members], -1)
