"""`alfgraph check`: every wire, and the wiring table."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable

import typer

from alfgraph.cli.fixing import repair
from alfgraph.cli.planned import notes_on, open_planned
from alfgraph.cli.reporting import print_diagnostics_as_json, print_notes, terminal_width
from alfgraph.cli.requests import CheckRequest
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.diagnostics.formats import to_github
from alfgraph.drawing.picture.from_plan import board_view, failed_view
from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.rendering import render_view
from alfgraph.families.graph import Graph


def verb(request: CheckRequest) -> None:
    """Check every wire; print the wiring table when all is well; with --fix, repair what is not."""
    style = "json" if request.json else request.format
    try:
        graph, plan = open_planned(request, _failure_drawer(request))
    except AlfgraphError as error:
        if request.fix and repair(error, request.yes, for_a_tool=style != "text"):
            return verb(dataclasses.replace(request, fix=False))
        if request.fix and style == "text":  # it was said
            raise typer.Exit(1) from None
        if style != "github":
            raise
        print(to_github(error.diagnostics))
        raise typer.Exit(1) from None
    notes = notes_on(graph, plan)
    if request.render:
        render_view(board_view(plan), request.render)
    if style == "json":
        print_diagnostics_as_json(notes)
    elif style == "github":
        print(to_github(notes), end="\n" if notes else "")
    else:
        print(wiring_table(board_view(plan), terminal_width()).rstrip(), flush=True)
        if notes:
            print(file=sys.stderr)
        print_notes(notes)


def _failure_drawer(request: CheckRequest) -> Callable[[Graph, AlfgraphError], None] | None:
    """What draws a board that failed its check, where that is asked for."""
    if request.render is None:
        return None
    path = request.render

    def draw(graph: Graph, error: AlfgraphError) -> None:
        render_view(failed_view(graph, error.diagnostics), path)

    return draw
