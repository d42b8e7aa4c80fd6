"""Drawings of a board: SVG, HTML, PNG, PDF, Mermaid, Graphviz, JSON and text.

Every format is made of a `BoardView`, which knows nothing of the compiler; see `view`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, Unpack, get_args

from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.drawing.picture.view import BoardView

Engine = Literal["board", "graphviz"]
Heat = Literal["declared", "git", "usage", "none"]
ThemeName = Literal["auto", "board", "light", "print"]
DRAWN_BY_GRAPHVIZ = ("svg", "png", "pdf", "dot")
FORMATS = ("svg", "html", "png", "pdf", "mmd", "dot", "json", "txt")

__all__ = ["FORMATS", "BoardView", "Engine", "Heat", "Options", "ThemeName", "render_view"]


class Options(TypedDict, total=False):
    """How to draw a board.

    Attributes:
        theme: `board` (solder mask), `light` or `print`; `auto` is `board`, but a page is light
            where the reader's system is.
        engine: `board` for the board's own layout, `graphviz` for Graphviz's.
        depth: how many levels of nested boards to open; None opens as many as stay readable.
        focus: a socket path: draw only that and what is near it.
        hops: how near, counted in wires.
        heat: where the temperatures come from; `none` leaves them out.
        folder: where the graph files are whose changes or settings `git` and `usage` count.
        link: where a chip leads: `vscode`, a repository's address, or a text with `{file}`.
    """

    theme: ThemeName
    engine: Engine
    depth: int | None
    focus: str | None
    hops: int
    heat: Heat
    folder: str | Path
    link: str | None


@dataclass(frozen=True, slots=True)
class _Style:
    """The options with their defaults."""

    theme: ThemeName = "auto"
    engine: Engine = "board"
    depth: int | None = None
    focus: str | None = None
    hops: int = 1
    heat: Heat = "declared"
    folder: str | Path = "."
    link: str | None = None


def render_view(
    view: BoardView, path_or_format: str | Path, **options: Unpack[Options]
) -> str | bytes:
    """Draws a board.

    Args:
        view: the board.
        path_or_format: a file name such as `board.svg`, which is written, or a bare format such as
            `svg`, which is only returned.
        **options: see `Options`.

    Returns:
        The drawing: text, or bytes for PNG and PDF. The same board gives the same bytes.

    Raises:
        UsageError: the format, theme, engine or focus is unknown, a library is missing, or the file
            cannot be written.
    """
    style = _Style(**options)
    suffix = _format_of(str(path_or_format))
    _check("theme", style.theme, get_args(ThemeName))
    _check("engine", style.engine, get_args(Engine))
    _check("heat", style.heat, get_args(Heat))
    if style.engine == "graphviz" and suffix not in DRAWN_BY_GRAPHVIZ:
        known = listing([f".{name}" for name in DRAWN_BY_GRAPHVIZ])
        raise UsageError(f"Graphviz draws {known}, no `.{suffix}`; leave out `--engine`")
    if style.heat in ("git", "usage"):
        from alfgraph.drawing.picture.heat import with_heat

        view = with_heat(view, style.heat, Path(style.folder))
    if style.focus is not None:
        from alfgraph.drawing.picture.focus import focus_on

        view = focus_on(view, style.focus, style.hops)
    drawn = _WRITERS[suffix](view, style)
    if str(path_or_format).lower().lstrip(".") not in FORMATS:
        _write(Path(path_or_format), drawn if isinstance(drawn, bytes) else drawn.encode())
    return drawn


def _write(path: Path, drawn: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn)
    except OSError as error:
        raise UsageError(f"`{path}` cannot be written: {error.strerror or error}") from error


def _format_of(name: str) -> str:
    """The format a file name or a bare format stands for."""
    bare = name.lower().lstrip(".")
    suffix = bare if bare in FORMATS else Path(name).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        near = did_you_mean(suffix or bare, FORMATS)
        advice = f"; did you mean `.{near}`?" if near else f": use {listing(_dotted())}"
        raise UsageError(f"a board cannot be drawn as `{name}`{advice}")
    return suffix


def _dotted() -> list[str]:
    return [f".{name}" for name in FORMATS]


def _check(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        near = did_you_mean(given, known)
        advice = f"did you mean `{near}`?" if near else f"there are {listing(known)}."
        raise UsageError(f"there is no {what} called `{given}`; {advice}")


def _opened(view: BoardView, style: _Style) -> BoardView:
    from alfgraph.drawing.picture.bundle import bundle
    from alfgraph.drawing.picture.fold import closed_at, fold

    return bundle(fold(view, closed_at(view, style.depth)))


def _svg(view: BoardView, style: _Style) -> str:
    from alfgraph.drawing.layout.layout import lay_out
    from alfgraph.drawing.svg.links import link_from
    from alfgraph.drawing.svg.svg import draw_svg
    from alfgraph.drawing.svg.themes import THEMES

    if style.engine == "graphviz":
        return _graphviz(view, style, "svg").decode()
    layout = lay_out(_opened(view, style))
    return draw_svg(layout, THEMES[style.theme], style.heat, link_from(style.link), view)


def _graphviz(view: BoardView, style: _Style, suffix: str) -> bytes:
    from alfgraph.drawing.formats.dot import draw_with_graphviz
    from alfgraph.drawing.svg.themes import THEMES

    return draw_with_graphviz(_opened(view, style), THEMES[style.theme], suffix)


def _png(view: BoardView, style: _Style) -> bytes:
    from alfgraph.drawing.svg.raster import to_png

    if style.engine == "graphviz":
        return _graphviz(view, style, "png")
    return to_png(_svg(view, style), zoom=2)


def _pdf(view: BoardView, style: _Style) -> bytes:
    from alfgraph.drawing.layout.layout import lay_out
    from alfgraph.drawing.svg.raster import to_pdf

    if style.engine == "graphviz":
        return _graphviz(view, style, "pdf")
    layout = lay_out(_opened(view, style))
    return to_pdf(_svg(view, style), layout.width, layout.height)


def _html(view: BoardView, style: _Style) -> str:
    from alfgraph.drawing.page.html import draw_html

    return draw_html(view, theme=style.theme, heat=style.heat, link=style.link, depth=style.depth)


def _mermaid(view: BoardView, style: _Style) -> str:
    from alfgraph.drawing.formats.mermaid import draw_mermaid

    return draw_mermaid(_opened(view, style))


def _dot(view: BoardView, style: _Style) -> str:
    from alfgraph.drawing.formats.dot import draw_dot
    from alfgraph.drawing.svg.themes import THEMES

    return draw_dot(_opened(view, style), THEMES[style.theme])


def _json(view: BoardView, style: _Style) -> str:
    return view.model_dump_json(indent=2) + "\n"


def _text(view: BoardView, style: _Style) -> str:
    from alfgraph.drawing.picture.fold import closed_at, fold
    from alfgraph.drawing.picture.text import wiring_table

    return wiring_table(view if style.depth is None else fold(view, closed_at(view, style.depth)))


_WRITERS: dict[str, Callable[[BoardView, _Style], str | bytes]] = {
    "svg": _svg,
    "html": _html,
    "png": _png,
    "pdf": _pdf,
    "mmd": _mermaid,
    "dot": _dot,
    "json": _json,
    "txt": _text,
}
