"""`alfgraph explain`: a diagnostic's code, in full."""

from __future__ import annotations

from alfgraph.cli.reporting import terminal_width
from alfgraph.cli.requests import ExplainRequest
from alfgraph.diagnostics import codes


def verb(request: ExplainRequest) -> None:
    """Explain a diagnostic's code."""
    text = codes.explain(request.code, terminal_width())
    if request.json:
        entry = codes.CODES[text.partition(":")[0]]
        print(entry.model_dump_json(indent=2))
    else:
        print(text)
