"""`alfgraph render`: a drawing of the board."""

from __future__ import annotations

import json
import sys

from alfgraph.cli.planned import notes_on, open_planned
from alfgraph.cli.reporting import print_notes
from alfgraph.cli.requests import RenderRequest
from alfgraph.drawing.picture.from_plan import board_view, folder_of
from alfgraph.drawing.rendering import FORMATS, render_view


def verb(request: RenderRequest) -> None:
    """Draw the circuit board."""
    graph, made = open_planned(request)
    print_notes(notes_on(graph, made))
    drawn = render_view(
        board_view(made),
        request.output,
        theme=request.theme,
        engine=request.engine,
        depth=request.depth,
        focus=request.focus,
        hops=request.hops,
        heat=request.heat,
        folder=folder_of(graph),
        link=request.link,
    )
    if request.output.lower() not in FORMATS:
        print(json.dumps({"file": request.output}) if request.json else request.output)
    elif isinstance(drawn, bytes):
        sys.stdout.buffer.write(drawn)
    else:
        print(drawn.rstrip())
