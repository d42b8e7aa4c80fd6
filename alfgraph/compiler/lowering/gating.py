"""Gates: what feeds only effects that run every n-th time runs as seldom as they do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from alfgraph.compiler.draft import Section
from alfgraph.wiring.trace import Node, Value


def gates_of(section: Section, read_by: Callable[[Node], Iterable[Value]]) -> dict[int, int]:
    """How seldom each node of a section runs: once in so many runs of its phase.

    In a rollout every node runs at every step, but effects that say otherwise: what one tick
    computes, the next one reads.

    Args:
        section: a loop of the program.
        read_by: the values a node reads.

    Returns:
        By id of a live node, 1 for always.
    """
    nodes = section.nodes()
    asked: dict[int, list[int]] = {}
    for value, _, _ in section.trace.stops:
        asked.setdefault(value.node.id, []).append(1)
    gates: dict[int, int] = {}
    for node in reversed(nodes):
        readers = asked.get(node.id, [])
        if section.phase in {"unroll", "predict"}:
            gates[node.id] = 1 if readers or not node.is_effect else node.every
        else:
            gates[node.id] = math.gcd(*readers) if readers else node.every
        for value in read_by(node):
            asked.setdefault(value.node.id, []).append(gates[node.id])
    return gates
