"""How a board is drawn: what can be asked for, and what is meant where nothing is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

Engine = Literal["board", "graphviz"]
Heat = Literal["declared", "git", "usage", "none"]
ThemeName = Literal["auto", "board", "light", "print"]
DRAWN_BY_GRAPHVIZ = ("svg", "png", "pdf", "dot")
FORMATS = ("svg", "html", "png", "pdf", "mmd", "dot", "json", "txt")


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
class Style:
    """The options with their defaults."""

    theme: ThemeName = "auto"
    engine: Engine = "board"
    depth: int | None = None
    focus: str | None = None
    hops: int = 1
    heat: Heat = "declared"
    folder: str | Path = "."
    link: str | None = None
