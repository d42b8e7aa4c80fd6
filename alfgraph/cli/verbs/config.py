"""`alfgraph config`: every setting and where it comes from."""

from __future__ import annotations

from alfgraph.boards.settings_table import settings_of
from alfgraph.cli.opening import open_board, prints_to_stderr
from alfgraph.cli.planned import notes_on
from alfgraph.cli.reporting import print_notes
from alfgraph.cli.requests import ConfigRequest
from alfgraph.cli.tables import settings_as_json, settings_text
from alfgraph.compiler.idle_settings import without_effect
from alfgraph.compiler.pipeline import compile_graph
from alfgraph.diagnostics.errors import BoardError
from alfgraph.overrides.origins import notes_of


def verb(request: ConfigRequest) -> None:
    """List every setting: its value, and where that comes from."""
    graph = open_board(request)
    rows, idle, notes = settings_of(graph), None, list(notes_of(graph))
    try:
        with prints_to_stderr(request.json):
            made = compile_graph(graph)
    except BoardError as error:  # the settings can be read all the same
        notes += [d.model_copy(update={"severity": "warning"}) for d in error.diagnostics]
    else:
        idle, notes = without_effect(made, rows), notes_on(graph, made)
    print_notes(notes)
    print(settings_as_json(rows, idle) if request.json else settings_text(rows, idle))
