"""What writes a board in each format."""

from collections.abc import Callable
from pathlib import Path

from alfgraph.drawing.formats.dot import draw_dot, draw_with_graphviz
from alfgraph.drawing.formats.mermaid import draw_mermaid
from alfgraph.drawing.layout.layout import lay_out
from alfgraph.drawing.page.html import draw_html
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.focus import focus_on
from alfgraph.drawing.picture.fold import closed_at, fold
from alfgraph.drawing.picture.heat import with_heat
from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.style import Style
from alfgraph.drawing.svg.links import link_from
from alfgraph.drawing.svg.raster import to_pdf, to_png
from alfgraph.drawing.svg.svg import draw_svg
from alfgraph.drawing.svg.themes import THEMES


def draw(view: BoardView, suffix: str, style: Style) -> str | bytes:
    """Draw a board in one of the formats.

    Raises:
        UsageError: the focus is unknown, or a library is missing.
    """
    if style.heat in ("git", "usage"):
        view = with_heat(view, style.heat, Path(style.folder))
    if style.focus is not None:
        view = focus_on(view, style.focus, style.hops)
    return _WRITERS[suffix](view, style)


def _opened(view: BoardView, style: Style) -> BoardView:
    return bundle(fold(view, closed_at(view, style.depth)))


def _svg(view: BoardView, style: Style) -> str:
    if style.engine == "graphviz":
        return _graphviz(view, style, "svg").decode()
    layout = lay_out(_opened(view, style))
    return draw_svg(layout, THEMES[style.theme], style.heat, link_from(style.link), view)


def _graphviz(view: BoardView, style: Style, suffix: str) -> bytes:
    return draw_with_graphviz(_opened(view, style), THEMES[style.theme], suffix)


def _png(view: BoardView, style: Style) -> bytes:
    if style.engine == "graphviz":
        return _graphviz(view, style, "png")
    return to_png(_svg(view, style), zoom=2)


def _pdf(view: BoardView, style: Style) -> bytes:
    if style.engine == "graphviz":
        return _graphviz(view, style, "pdf")
    layout = lay_out(_opened(view, style))
    return to_pdf(_svg(view, style), layout.width, layout.height)


def _html(view: BoardView, style: Style) -> str:
    return draw_html(view, theme=style.theme, heat=style.heat, link=style.link, depth=style.depth)


def _mermaid(view: BoardView, style: Style) -> str:
    return draw_mermaid(_opened(view, style))


def _dot(view: BoardView, style: Style) -> str:
    return draw_dot(_opened(view, style), THEMES[style.theme])


def _json(view: BoardView, style: Style) -> str:
    return view.model_dump_json(indent=2) + "\n"


def _text(view: BoardView, style: Style) -> str:
    return wiring_table(view if style.depth is None else fold(view, closed_at(view, style.depth)))


_WRITERS: dict[str, Callable[[BoardView, Style], str | bytes]] = {
    "svg": _svg,
    "html": _html,
    "png": _png,
    "pdf": _pdf,
    "mmd": _mermaid,
    "dot": _dot,
    "json": _json,
    "txt": _text,
}
