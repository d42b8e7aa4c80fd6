"""RecurrentActor and RecurrentValueNetwork: encoder, memory and head; networks of networks."""

from __future__ import annotations

from typing import ClassVar

from alfgraph.components.networks.actor_network import ActorDistributionNetwork
from alfgraph.components.networks.mlp_network import MLP
from alfgraph.components.networks.recurrent_memory import LSTM, Memory
from alfgraph.components.networks.value_network import ValueNetwork
from alfgraph.families.graph import Graph
from alfgraph.families.network import Network, PolicyNetwork, ValueFunction
from alfgraph.wiring.ports import In
from alfgraph.wiring.wires import Wire


class RecurrentActor(Graph, PolicyNetwork):
    """A policy that remembers: encoder, memory, head.

    Only the memory runs step by step; encoder and head take a whole [T, B] at once.

    Attributes:
        encoder: features of the observation.
        memory: LSTM or GRU.
        head: a policy on the memory's output; its `hidden` layers come behind the memory.
    """

    family: ClassVar[str] = "network"
    heat: ClassVar[int] = 4

    encoder: Network = MLP(hidden=(64,))
    memory: Memory = LSTM(size=64)
    head: PolicyNetwork = ActorDistributionNetwork(hidden=())

    step_type = In("int32[*batch]", role="step_type")

    def forward(self, observation: Wire, step_type: Wire) -> Wire:
        """[*batch, ...] observation -> a distribution over the action."""
        features = self.encoder(observation)
        return self.head(self.memory(features, step_type).remembered).policy


class RecurrentValueNetwork(Graph, ValueFunction):
    """A value that remembers: encoder, memory, head.

    Attributes:
        encoder: features of the observation.
        memory: LSTM or GRU.
        head: a value of the memory's output; its `hidden` layers come behind the memory.
    """

    family: ClassVar[str] = "network"
    heat: ClassVar[int] = 4

    encoder: Network = MLP(hidden=(64,))
    memory: Memory = LSTM(size=64)
    head: ValueFunction = ValueNetwork(hidden=())

    step_type = In("int32[*batch]", role="step_type")

    def forward(self, observation: Wire, step_type: Wire) -> Wire:
        """[*batch, ...] observation -> [*batch, *r] float32 value."""
        features = self.encoder(observation)
        return self.head(self.memory(features, step_type).remembered).value
