"""A board in a notebook: its picture and its text, also where the check has something to say."""

from alfgraph.diagnostics.errors import WiringError
from alfgraph.render.picture.from_plan import board_view, failed_view
from alfgraph.render.rendering import render_view
from alfgraph.wiring.graph import Graph


def mime_bundle(graph: Graph) -> dict[str, str]:
    """What Jupyter shows: `image/svg+xml` and `text/plain`.

    Args:
        graph: the board; one that fails its check is drawn with its mistakes, and the text is the
            check's report.
    """
    try:
        view, report = board_view(graph.plan()), ""
    except WiringError as error:
        view, report = failed_view(graph, error.diagnostics), str(error)
    return {
        "image/svg+xml": str(render_view(view, "svg")),
        "text/plain": report or str(render_view(view, "txt")),
    }
