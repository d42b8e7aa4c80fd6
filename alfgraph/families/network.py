"""Networks: what has parameters; policies and values of observations."""

from __future__ import annotations

from typing import ClassVar

from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.wires import Distribution


class Network(Component):
    """Parameters: anything with `build`."""

    family: ClassVar[str] = "network"
    heat: ClassVar[int] = 4

    frozen: bool = False


class PolicyNetwork(Network):
    """Gives a distribution over the environment's action."""

    observation = In("observation[*batch]", role="observation")
    policy = Out(Distribution, "action[*batch]")


class ValueFunction(Network):
    """Gives a value per reward dimension."""

    observation = In("observation[*batch]", role="observation")
    value = Out("float32[*batch, *r]", role="value")


class ActionValueFunction(Network):
    """Gives the value of taking an action: one number, or more, as its `derive` says."""

    observation = In("observation[*batch]", role="observation")
    action = In("action[*batch]", role="action")
    value = Out("float32[*batch, *e]", role="value")
