"""Draw a board: check it, make its picture, write that in a format; or show it in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from alfgraph.compiler.pipeline import compile_graph
from alfgraph.diagnostics.errors import WiringError
from alfgraph.drawing.picture.from_plan import board_view, failed_view, folder_of
from alfgraph.drawing.rendering import Options, render_view
from alfgraph.families.graph import Graph


def render(
    board: Graph, path_or_format: str | Path = "txt", **options: Unpack[Options]
) -> str | bytes:
    """Draw a board.

    Args:
        board: the board.
        path_or_format: a file name such as `board.svg`, which is written, or a bare format such as
            `svg`, which is only returned.
        **options: see `Options`.

    Returns:
        The drawing: text, or bytes for PNG and PDF. The same board gives the same bytes.

    Raises:
        BoardError: the board has errors.
        UsageError: the format, theme, engine or focus is unknown, a library is missing, or the file
            cannot be written.
    """
    view = board_view(compile_graph(board))
    chosen: Options = {"folder": folder_of(board), **options}
    return render_view(view, path_or_format, **chosen)


def mime_bundle(board: Graph) -> dict[str, str]:
    """What Jupyter shows: `image/svg+xml` and `text/plain`.

    Args:
        board: the board; one that fails its check is drawn with its mistakes, and the text is the
            check's report.
    """
    try:
        view, report = board_view(compile_graph(board)), ""
    except WiringError as error:
        view, report = failed_view(board, error.diagnostics), str(error)
    return {
        "image/svg+xml": str(render_view(view, "svg")),
        "text/plain": report or str(render_view(view, "txt")),
    }
