"""Registers that begin anew where a stored sequence does, which may be amid an episode."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.solving.mismatches import place
from alfgraph.compiler.tracing.tracing import EVALUATION
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.wiring.trace import Node

ACTING = {"unroll", EVALUATION}
"""Phases that run step by step: registers there go on from the step before."""


def warn_of_forgotten_registers(draft: Draft) -> None:
    """Warn of parts that remember while acting, and learn from a memory that is empty."""
    acting = {n.path for s in draft.sections if s.phase == "unroll" for n in s.nodes()}
    told: set[str] = set()
    for section in draft.sections:
        for node in section.nodes() if section.phase not in ACTING else ():
            if _forgets(node) and node.path in acting and node.path not in told:
                told.add(node.path)
                draft.reporter.report(_diagnostic(node))


def _forgets(node: Node) -> bool:
    is_part = node.kind == "component" and node.component is not None
    return is_part and bool(node.component.state_ports()) and not node.pinned_state


def _diagnostic(node: Node) -> Diagnostic:
    source, related = place(node)
    return Diagnostic(
        code="W206",
        severity="warning",
        message=f"in `{node.phase}`, `{node.path}` starts from its initial state in sequences that "
        "may begin in the middle of an episode",
        source=node.component.created_at or source,
        related=related,
        path=node.path,
        notes=("while acting it has seen the episode so far",),
        help=(
            Help(text="record its `.state` while acting, and pass `state=batch.state[0]` here"),
            Help(text="or take a network that does not remember"),
        ),
    )
