"""Conditions that end a loop: each is one truth value, not one per row."""

from __future__ import annotations

from alfgraph.compiler.board import Board
from alfgraph.compiler.mismatches import place
from alfgraph.diagnostics import Diagnostic, Fact, Help
from alfgraph.source import Source
from alfgraph.specs import SymbolSpec, TensorSpec
from alfgraph.trace import Value


def check_stops(board: Board) -> None:
    """E101 where a condition has axes, or is no tensor; the undecided is told elsewhere."""
    for section in board.sections:
        for value, _, sources in section.trace.stops:
            spec = board.spec(value)
            is_one = isinstance(spec, TensorSpec) and not spec.dims
            if not is_one and not isinstance(spec, SymbolSpec):
                board.reporter.report(_many(board, value, sources))


def _many(board: Board, value: Value, sources: tuple[Source, ...]) -> Diagnostic:
    source, related = place(value.node, sources)
    return Diagnostic(
        code="E101",
        message=f"`{value.label}` does not fit `stop_when`: a condition is one truth value",
        source=source,
        related=related,
        facts=(
            Fact(subject=value.label, verb="gives", spec=str(board.spec(value))),
            Fact(subject="stop_when", verb="expects", spec="?[]"),
        ),
        help=(Help(text="make one number of all before comparing: `wire.mean() > 0`"),),
        path=value.node.path,
    )
