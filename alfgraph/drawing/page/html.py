"""The board as one HTML file to explore: no network, no library, every fold of it drawn ahead."""

import json
from html import escape
from itertools import islice, product
from pathlib import Path

from alfgraph.drawing.layout.layout import lay_out_for_screen
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.fold import closed_at, fold, nested_boards
from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.svg.element import FONT, element
from alfgraph.drawing.svg.links import link_from
from alfgraph.drawing.svg.svg import colors, draw_content, style_lines
from alfgraph.drawing.svg.themes import BOARD, LIGHT, THEMES

MOST_FOLDS = 24
MOST_CHIPS = 1200
"""All folds together; a file stays below some megabytes."""


def draw_html(
    view: BoardView,
    theme: str = "auto",
    heat: str = "declared",
    link: str | None = None,
    depth: int | None = None,
) -> str:
    """Returns the page.

    Args:
        view: the board.
        theme: the colours it opens with; `auto` follows the reader's system.
        heat: where temperatures come from; `none` leaves them out.
        link: where a chip's source is found.
        depth: how many levels of nested boards are open at first.
    """
    find = link_from(link)
    places = {part.path: find(part) for part in view.parts if part.source_file} if find else {}
    sources = {path: place for path, place in places.items() if place}
    data = {
        "board": view.model_dump(mode="json"),
        "boards": nested_boards(view),
        "sources": sources,
    }
    style = "\n".join(style_lines(BOARD, lambda name, _: f"var(--{name})"))
    themes = "\n".join(_variables(name) for name in THEMES)
    here = Path(__file__)
    page = here.with_name("page.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(view.name),
        "theme": escape(theme),
        "style": f":root{{--font:{FONT}}}\n{themes}\n{style}\n" + _file("page.css"),
        "table": escape(wiring_table(view), quote=False),
        "folds": "".join(_fold(view, closed, heat) for closed in folds(view, depth)),
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        "script": _file("page.js"),
    }
    for name, text in parts.items():
        page = page.replace(f"<!--{name}-->", text, 1)
    return page


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _variables(theme: str) -> str:
    """The colours of a theme as variables; those of `auto` are light or dark as the system is."""
    scheme: str = THEMES[theme].scheme
    values = colors(THEMES[theme])
    if theme == "auto":
        light = colors(LIGHT)
        scheme = "light dark"
        values = {name: f"light-dark({light[name]},{dark})" for name, dark in values.items()}
    rules = "".join(f"--{name}:{color};" for name, color in values.items())
    return f'[data-theme="{theme}"]{{color-scheme:{scheme};{rules}}}'


def _fold(view: BoardView, closed: frozenset[str], heat: str) -> str:
    """One way to open and close the nested boards, waiting in a template.

    `data-wires` says for every net which output pins of the board it starts at.
    """
    layout = lay_out_for_screen(bundle(fold(view, closed)))
    drawing = element(
        "svg",
        draw_content(layout, heat, None),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {layout.width} {layout.height}",
        width=layout.width,
        height=layout.height,
        role="group",
        aria_label=f"Circuit board of {view.name}",
    )
    wires = {net.number: net.source.stands_for for net in layout.nets if net.layer == "wire"}
    return element(
        "template",
        drawing,
        class_="fold",
        data_closed=" ".join(sorted(closed)),
        data_wires=json.dumps(wires, ensure_ascii=False),
    )


def folds(view: BoardView, depth: int | None) -> list[frozenset[str]]:
    """The ways to open and close nested boards that the page holds; the first is shown first.

    All of them where they are few; else one per level, and the first with one more board closed.
    """
    boards = nested_boards(view)
    first = closed_at(view, depth)
    top = [path for path in boards if not _enclosing(path, boards)]
    every = _choices(top, boards, MOST_FOLDS)
    levels = max((path.count(".") + 1 for path in boards), default=0)
    some = [closed_at(view, level) for level in range(levels + 1)]
    some += [_with(first, path, boards) for path in boards]
    wanted = [first, *(every if len(every) < MOST_FOLDS else some)]
    outer = dict.fromkeys(_outermost(closed) for closed in wanted)
    result: list[frozenset[str]] = []
    chips = 0
    for closed in outer:
        chips += len(fold(view, closed).nodes)
        if result and (chips > MOST_CHIPS or len(result) >= MOST_FOLDS):
            break
        result.append(closed)
    return result


def _enclosing(path: str, boards: list[str]) -> list[str]:
    return [other for other in boards if path.startswith(other + ".")]


def _choices(paths: list[str], boards: list[str], limit: int) -> list[frozenset[str]]:
    """Every set of boards that can be closed, of which none contains another."""
    ways = []
    for path in paths:
        inner = [p for p in boards if _enclosing(p, boards)[-1:] == [path]]
        ways.append([*_choices(inner, boards, limit), frozenset({path})])
    return [frozenset[str]().union(*way) for way in islice(product(*ways), limit)]


def _with(closed: frozenset[str], path: str, boards: list[str]) -> frozenset[str]:
    """One board more closed, or, if it was closed, it and those around it opened."""
    if path not in closed:
        return closed | {path}
    return closed - {path, *_enclosing(path, boards)}


def _outermost(closed: frozenset[str]) -> frozenset[str]:
    """Boards inside closed boards need not be named."""
    return frozenset(
        path for path in closed if not any(path.startswith(other + ".") for other in closed)
    )
