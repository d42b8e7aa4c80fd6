"""Tags: under which names the program logs losses, monitored outputs and metrics."""

from __future__ import annotations

from collections.abc import Iterable

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.tracing.tracing import EVALUATION
from alfgraph.families.learning import Optimizer
from alfgraph.wiring.component import pins_of
from alfgraph.wiring.trace import Node

METRICS = "Metrics/"
"""What the tags of metrics begin with: parts whose outputs are all monitored."""


class Tags:
    """A tag for everything a program logs; no two are equal.

    It is the last name on the part's path and the port, `loss/policy_loss`. Parts whose last names
    are equal have their whole path instead, and a part's second call is `loss-2/policy_loss`.
    """

    def __init__(self, draft: Draft) -> None:
        """Name what a board logs.

        Args:
            draft: after liveness.
        """
        trained_first = sorted(draft.sections, key=lambda section: section.phase == EVALUATION)
        nodes = [n for section in trained_first for n in section.nodes() if _logs(n)]
        paths = list(dict.fromkeys(node.path for node in nodes))
        short = {path: path.rpartition(".")[2] for path in paths}
        twice = {name for name in short.values() if list(short.values()).count(name) > 1}
        self._stems: dict[tuple[str, int], str] = {}
        calls: dict[str, int] = {}
        for node in nodes:
            calls[node.path] = nth = calls.get(node.path, 0) + 1
            stem = node.path if short[node.path] in twice else short[node.path]
            self._stems[node.phase, node.id] = stem if nth == 1 else f"{stem}-{nth}"

    def tag(self, node: Node, name: str) -> str:
        """Where a value of a call is logged.

        Args:
            node: the call.
            name: of an output, or `loss` of an optimizer.
        """
        stem = self._stems[node.phase, node.id]
        if not _is_metric(node):
            return f"{stem}/{name}"
        return METRICS + (stem if len(node.outputs) == 1 else f"{stem}/{name}")


def monitors_of(node: Node) -> frozenset[str]:
    """Names of the monitored outputs of a call."""
    if node.kind != "component" or node.component is None:
        return frozenset()
    return frozenset(port.name for port in pins_of(node).output_ports() if port.monitor)


def _is_metric(node: Node) -> bool:
    names: Iterable[str] = node.outputs
    return bool(node.outputs) and monitors_of(node).issuperset(names)


def _logs(node: Node) -> bool:
    return isinstance(node.component, Optimizer) or bool(monitors_of(node))
