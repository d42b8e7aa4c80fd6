"""MLP: features of anything."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    feature_network,
)
from alfgraph.families.network import Network
from alfgraph.specs.spec import Spec
from alfgraph.wiring.ports import In, Out

Width = Annotated[int, Field(ge=1)]


class MLP(Network):
    """A multi-layer perceptron on a flattened observation.

    Attributes:
        hidden: widths of its layers.
        activation: after every layer.
        initializer: how weights begin; biases begin at 0.
    """

    hidden: Annotated[tuple[Width, ...], Field(min_length=1)] = (64, 64)
    activation: ActivationName = "tanh"
    initializer: InitializerName = "orthogonal"

    observation = In("observation[*batch]")
    out = Out("float32[*batch, hidden[-1]]")

    def build(self, observation: Spec) -> nn.Module:
        """[*batch, ...] observation -> [*batch, hidden[-1]] float32 features."""
        module, _ = feature_network(observation, self.hidden, self.activation, self.initializer)
        return module
