"""Algorithms: boards that learn."""

from __future__ import annotations

from typing import ClassVar

from alfgraph.families.graph import Graph
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.wires import Wire


class Algorithm(Graph):
    """A board that learns: `unroll(step) -> action`, `predict(step) -> action`, `update()`."""

    family: ClassVar[str] = "algorithm"
    heat: ClassVar[int] = 3

    def unroll(self, step: TimeStep) -> Wire:
        """Act, every environment step; [B]."""
        refuse("E505", f"`{type(self).__name__}` defines no unroll")

    def predict(self, step: TimeStep) -> Wire:
        """Act greedily, in evaluation."""
        refuse("E505", f"`{type(self).__name__}` defines no predict")
