"""Drawings of a board: SVG, HTML, PNG, PDF, Mermaid, Graphviz, JSON and text.

Every format is made of a `BoardView`, which knows nothing of the compiler; see `view`.
"""

from pathlib import Path
from typing import Unpack, get_args

from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.style import (
    DRAWN_BY_GRAPHVIZ,
    FORMATS,
    Engine,
    Heat,
    Options,
    Style,
    ThemeName,
)

__all__ = ["FORMATS", "BoardView", "Engine", "Heat", "Options", "ThemeName", "render_view"]


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
    style = Style(**options)
    suffix = _format_of(str(path_or_format))
    _check("theme", style.theme, get_args(ThemeName))
    _check("engine", style.engine, get_args(Engine))
    _check("heat", style.heat, get_args(Heat))
    if style.engine == "graphviz" and suffix not in DRAWN_BY_GRAPHVIZ:
        known = listing([f".{name}" for name in DRAWN_BY_GRAPHVIZ])
        raise UsageError(f"Graphviz draws {known}, no `.{suffix}`; leave out `--engine`")
    from alfgraph.drawing.writers import draw  # what only prints a table lays nothing out

    drawn = draw(view, suffix, style)
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
