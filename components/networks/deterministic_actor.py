"""ActorNetwork: one action for each observation, without a distribution around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.actions.bounds import action_interval, sample_shape
from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    feature_network,
)
from alfgraph.components.networks.modules.initializers import initialized_linear, initializer
from alfgraph.distributions.intervals import Interval
from alfgraph.families.network import Network
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.ports import In, Out

Width = Annotated[int, Field(ge=1)]


class ActorNetwork(Network):
    """A multi-layer perceptron whose output is squashed into the bounds by tanh.

    Attributes:
        hidden: widths of its layers.
        activation: after every hidden layer.
        initializer: how layers begin; the last one as a linear layer.

    Source: Lillicrap et al. 2016, arXiv:1509.02971, section 7.
    """

    hidden: tuple[Width, ...] = (256, 256)
    activation: ActivationName = "relu"
    initializer: InitializerName = "fan_in_uniform"

    observation = In("observation[*batch]", role="observation")
    action = Out("action[*batch]", role="action")

    def derive(self, action: Spec) -> Mapping[str, Any]:
        """Nothing; but an action it cannot give is refused before what would read it."""
        action_interval(action, "ActorNetwork")
        return {}

    def build(self, observation: Spec, action: Spec) -> nn.Module:
        """[*batch, ...] observation -> [*batch, *a] float32 action within its bounds."""
        interval = action_interval(action, "ActorNetwork")
        assert isinstance(action, TensorSpec)
        features, width = feature_network(
            observation, self.hidden, self.activation, self.initializer
        )
        shape = sample_shape(action)
        init = initializer(self.initializer, 1.0, "identity")
        size = math.prod(shape)
        return _Actor(features, initialized_linear(width, size, init), shape, interval)


class _Actor(nn.Module):
    """Features, a linear layer, tanh, and the bounds."""

    def __init__(
        self, features: nn.Module, last: nn.Linear, shape: tuple[int, ...], interval: Interval
    ) -> None:
        super().__init__()
        self.features = features
        self.last = last
        self.shape = shape
        self.interval = interval

    def forward(self, observation: Any) -> Tensor:
        unit: Tensor = self.last(self.features(observation)).tanh()
        if len(self.shape) != 1:
            unit = unit.reshape(*unit.shape[:-1], *self.shape)
        return self.interval.from_unit(unit)
