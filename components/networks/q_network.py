"""QNetwork: the value of every discrete action, of one observation."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    feature_network,
)
from alfgraph.components.networks.modules.initializers import initialized_linear, initializer
from alfgraph.families.network import Network
from alfgraph.specs.spec import Spec
from alfgraph.wiring.ports import In, Out

Width = Annotated[int, Field(ge=1)]


class QNetwork(Network):
    """A multi-layer perceptron with one output for each action.

    Attributes:
        hidden: widths of its layers.
        activation: after every hidden layer.
        initializer: how layers begin; the last one as a linear layer.
        dueling: values are `V + A - mean A`, V and A being linear in the same features.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning"; dueling:
        Wang et al. 2016, arXiv:1511.06581, eq. 9.
    """

    hidden: tuple[Width, ...] = (64, 64)
    activation: ActivationName = "relu"
    initializer: InitializerName = "fan_in_uniform"
    dueling: bool = False

    observation = In("observation[*batch]", role="observation")
    values = Out("float32[*batch, n]")

    def build(self, observation: Spec, n: int) -> nn.Module:
        """[*batch, ...] observation -> [*batch, n] float32 values."""
        features, width = feature_network(
            observation, self.hidden, self.activation, self.initializer
        )
        weight = initializer(self.initializer, 1.0, "identity")
        state_value = initialized_linear(width, 1, weight) if self.dueling else None
        return _ActionValues(features, initialized_linear(width, n, weight), state_value)


class _ActionValues(nn.Module):
    """Features, and a linear layer for all actions; dueling has another one for the state."""

    def __init__(
        self, features: nn.Module, actions: nn.Linear, state_value: nn.Linear | None
    ) -> None:
        super().__init__()
        self.features = features
        self.actions = actions
        self.state_value = state_value

    def forward(self, observation: Any) -> Tensor:
        features = self.features(observation)
        values: Tensor = self.actions(features)
        if self.state_value is None:
            return values
        base: Tensor = self.state_value(features)
        return base + values - values.mean(-1, keepdim=True)
