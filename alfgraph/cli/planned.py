"""A board that was opened and checked, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Callable

from alfgraph.boards.board_file import describe
from alfgraph.boards.settings_table import settings_of
from alfgraph.cli.garbage import collection_paused
from alfgraph.cli.opening import blamed, open_board, prints_to_stderr
from alfgraph.cli.requests import BoardRequest
from alfgraph.compiler.idle_settings import idle_overrides
from alfgraph.compiler.pipeline import compile_graph
from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.families.graph import Graph
from alfgraph.overrides.origins import notes_of


def open_planned(
    request: BoardRequest, failed: Callable[[Graph, AlfgraphError], None] | None = None
) -> tuple[Graph, Plan]:
    """Open a board and check it; errors come with what swaps and overrides decided before.

    Args:
        request: which board.
        failed: told of a board that can be opened but not planned.
    """
    with collection_paused():
        graph = open_board(request)
    try:
        describe(graph)  # a run writes its board down, so what checks can be written
        with prints_to_stderr(request.json), collection_paused():
            return graph, compile_graph(graph)
    except AlfgraphError as error:
        error.diagnostics = (*blamed(request, error.diagnostics), *notes_of(graph))
        if failed is not None:
            failed(graph, error)
        raise


def notes_on(graph: Graph, made: Plan) -> list[Diagnostic]:
    """What swaps and overrides decided, and what the check found besides errors; each once."""
    idle = idle_overrides(made, settings_of(graph))
    return list(dict.fromkeys((*notes_of(graph), *idle, *made.notes)))
