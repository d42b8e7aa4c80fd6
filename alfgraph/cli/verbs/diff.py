"""`alfgraph diff`: what differs between two boards."""

from __future__ import annotations

import sys

from alfgraph.cli.comparing import differences
from alfgraph.cli.reporting import terminal_width
from alfgraph.cli.requests import DiffRequest
from alfgraph.diagnostics.errors import UsageError
from alfgraph.drawing.rendering import render_view


def verb(request: DiffRequest) -> None:
    """Say what differs between two boards; with -o, draw both as one board in three colours."""
    found = differences(request.a, request.b)
    for doubt in found.doubts:
        print(f"note: {doubt}", file=sys.stderr)
    print(found.as_json() if request.json else found.as_text(terminal_width()))
    if request.output is None:
        return
    if found.board is None:
        raise UsageError("the boards cannot be drawn as one: of one only the settings are known")
    render_view(found.board, request.output, theme=request.theme, heat="none")
