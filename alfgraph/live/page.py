"""The live page: the board's HTML as `render` draws it, with a small layer on top."""

from __future__ import annotations

from pathlib import Path

from alfgraph.drawing.page.html import draw_html
from alfgraph.drawing.picture.view import BoardView


def draw_live_html(view: BoardView) -> str:
    """The page of a board while it runs.

    Args:
        view: the board.
    """
    style, script = (
        Path(__file__).with_name(name).read_text(encoding="utf-8")
        for name in ("live.css", "live.js")
    )
    head, end, tail = draw_html(view).rpartition("</body>")
    return f"{head}<style>\n{style}</style>\n<script>\n{script}</script>\n{end}{tail}"
