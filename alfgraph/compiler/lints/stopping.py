"""Conditions that end a loop: each is one truth value, and stands in a loop that may end early."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.solving.mismatches import place
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact, Help
from alfgraph.diagnostics.source import Source
from alfgraph.specs.spec import SymbolSpec, TensorSpec
from alfgraph.wiring.trace import Value

_COLLECTING = {"unroll", "predict"}


def check_stops(draft: Draft) -> None:
    """E104 where steps are collected; E101 where a condition has axes, or is no tensor.

    What is undecided is told elsewhere.
    """
    for section in draft.sections:
        for value, _, sources in section.trace.stops:
            if section.phase in _COLLECTING:
                draft.reporter.report(_endless(section, value, sources))
                continue
            spec = draft.spec(value)
            is_one = isinstance(spec, TensorSpec) and not spec.dims
            if not is_one and not isinstance(spec, SymbolSpec):
                draft.reporter.report(_many(draft, value, sources))


def _endless(section: Section, value: Value, sources: tuple[Source, ...]) -> Diagnostic:
    source, related = place(value.node, sources)
    return Diagnostic(
        code="E104",
        message=f"`stop_when` ends a loop of updates, but `{section.phase}` collects steps, and as "
        "many as the schedule says",
        source=source,
        related=related,
        help=(Help(text="move it into `update`; an environment ends its own episodes"),),
        path=value.node.path,
    )


def _many(draft: Draft, value: Value, sources: tuple[Source, ...]) -> Diagnostic:
    source, related = place(value.node, sources)
    return Diagnostic(
        code="E101",
        message=f"`{value.label}` does not fit `stop_when`: a condition is one truth value",
        source=source,
        related=related,
        facts=(
            Fact(subject=value.label, verb="gives", spec=str(draft.spec(value))),
            Fact(subject="stop_when", verb="expects", spec="?[]"),
        ),
        help=(Help(text="make one number of all before comparing: `wire.mean() > 0`"),),
        path=value.node.path,
    )
