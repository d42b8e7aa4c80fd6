"""`alfgraph plan`: a run in numbers, or its program."""

from __future__ import annotations

from alfgraph.cli.planned import notes_on, open_planned
from alfgraph.cli.reporting import print_notes, terminal_width
from alfgraph.cli.requests import PlanRequest


def verb(request: PlanRequest) -> None:
    """Say in numbers what a run will do; with --code, show the program."""
    graph, made = open_planned(request)
    print_notes(notes_on(graph, made))
    if request.code:
        print(made.code.rstrip())
    elif request.json:
        print(made.to_json())
    else:
        print(made.text(terminal_width()))
