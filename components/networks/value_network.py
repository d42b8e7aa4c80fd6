"""ValueNetwork: the value of an observation, one per reward dimension."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    feature_network,
)
from alfgraph.components.networks.modules.initializers import (
    Initializer,
    initialized_linear,
    orthogonal,
    uniform,
)
from alfgraph.families.network import ValueFunction
from alfgraph.specs.spec import Spec

Width = Annotated[int, Field(ge=1)]


class ValueNetwork(ValueFunction):
    """A multi-layer perceptron; its width follows from the reward.

    Attributes:
        hidden: widths of its layers.
        activation: after every hidden layer.
        initializer: how hidden layers begin; with "orthogonal" the last layer has gain 1, else it
            is uniform in ±0.03, as in ALF.
    """

    hidden: tuple[Width, ...] = (64, 64)
    activation: ActivationName = "tanh"
    initializer: InitializerName = "orthogonal"

    def build(self, observation: Spec, r: tuple[int, ...]) -> nn.Module:
        """[*batch, ...] observation -> [*batch, *r] float32 value."""
        features, width = feature_network(
            observation, self.hidden, self.activation, self.initializer
        )
        init: Initializer = orthogonal(1.0) if self.initializer == "orthogonal" else uniform(0.03)
        return _Value(features, initialized_linear(width, math.prod(r), init), r)


class _Value(nn.Module):
    """Features, a linear layer, and the reward's shape."""

    def __init__(self, features: nn.Module, last: nn.Linear, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.features = features
        self.last = last
        self.shape = shape

    def forward(self, observation: Any) -> Tensor:
        value: Tensor = self.last(self.features(observation))
        return (
            value.squeeze(-1) if not self.shape else value.reshape(*value.shape[:-1], *self.shape)
        )
