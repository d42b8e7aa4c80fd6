"""Statistics that nobody updates: a part is applied, its operation `observe` is never called."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.mismatches import place
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.wiring.component import Operation
from alfgraph.wiring.trace import Node

OBSERVE = "observe"


def warn_of_idle_statistics(draft: Draft) -> None:
    """Warn of parts that normalize by statistics which no phase updates."""
    applied: dict[str, Node] = {}
    observed: set[str] = set()
    for section in draft.sections:
        for node in section.nodes():
            part = node.component
            if node.kind == "function":
                return  # a phase written by hand may update anything of its board
            if part is None or not isinstance(getattr(type(part), OBSERVE, None), Operation):
                continue
            if node.call == OBSERVE:
                observed.add(part.binding.parameters)
            else:
                applied.setdefault(part.binding.parameters, node)
    for path, node in applied.items():
        if path not in observed:
            draft.reporter.report(_diagnostic(path, node))


def _diagnostic(path: str, node: Node) -> Diagnostic:
    source, related = place(node)
    return Diagnostic(
        code="W209",
        severity="warning",
        message=f"the statistics of `{path}` are never updated, so it changes nothing",
        source=node.component.created_at or source,
        related=related,
        path=path,
        help=(Help(text='`update_in="unroll"`; "replay" updates on what a replay buffer samples'),),
    )
