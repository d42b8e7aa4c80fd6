"""What a program logs has a name of its own, however often a part's name occurs."""

from __future__ import annotations

import re

import alfgraph
from alfgraph import Component, In, Out
from alfgraph.components import Pipeline
from alfgraph.families.graph import Graph
from alfgraph.wiring.wires import Wire


class Size(Component):
    """How large something is."""

    x = In("float32[*batch, n]")
    size = Out("float32[*batch]", monitor=True)

    def forward(self, x: Wire) -> Wire:
        return x.abs().sum(-1)  # type: ignore[attr-defined, no-any-return]


class Inner(Graph):
    """A board with a part that has the name of another one."""

    size: Size = Size()

    def measure(self, x: Wire) -> None:
        self.size(x)


class Outer(Pipeline):
    """Measures here, below, and twice in a row."""

    size: Size = Size()
    inner: Inner = Inner()
    last: Size = Size()

    def unroll(self) -> None:
        step = self.env().step
        self.size(step.observation)
        self.inner.measure(step.observation)
        self.last(step.observation)
        self.last(step.observation)
        self.env.feed(action=self.algorithm.unroll(step))


def test_equal_names_are_told_apart() -> None:
    tags = re.findall(r'log\["(.*?)"\]', alfgraph.plan(Outer()).code)
    assert tags == [
        "Metrics/size",
        "Metrics/inner.size",
        "Metrics/last",
        "Metrics/last-2",
        "loss/policy_loss",
        "loss/value_loss",
        "loss/mean_entropy",
        "optimizer/loss",
    ]
