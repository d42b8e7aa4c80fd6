"""Networks made of networks: an encoder and a head, so that encoders can be shared."""

from alfgraph.components import MLP, ActorDistributionNetwork, Network, PolicyNetwork, ValueNetwork
from alfgraph.families.graph import Graph
from alfgraph.families.network import ValueFunction
from alfgraph.wiring.ports import In
from alfgraph.wiring.wires import Distribution, Wire


class EncodedPolicy(PolicyNetwork, Graph):
    """A policy on encoded observations."""

    encoder: Network = MLP(hidden=(5,))
    head: PolicyNetwork = ActorDistributionNetwork(hidden=())

    def forward(self, observation: Wire) -> Distribution:
        return self.head(self.encoder(observation)).policy


class EncodedValue(ValueFunction, Graph):
    """A value of encoded observations."""

    encoder: Network = MLP(hidden=(5,))
    head: ValueFunction = ValueNetwork(hidden=())

    def forward(self, observation: Wire) -> Wire:
        return self.head(self.encoder(observation)).value


class RememberingPolicy(PolicyNetwork, Graph):
    """An encoder and a head with registers; it hands them on."""

    encoder: Network = MLP(hidden=(5,))
    head: PolicyNetwork

    step_type = In("int32[*batch]", role="step_type")

    def forward(self, observation: Wire, step_type: Wire) -> Distribution:
        return self.head(self.encoder(observation), step_type=step_type).policy
