"""The board as SVG: one file, no scripts, no fonts, no network, the same bytes every time."""

from collections.abc import Callable, Iterator
from html import escape

from alfgraph.drawing.layout.layout import Layout
from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.picture.view import BoardView
from alfgraph.drawing.svg.chip_svg import draw_chip
from alfgraph.drawing.svg.element import FONT, element
from alfgraph.drawing.svg.links import Link
from alfgraph.drawing.svg.silkscreen import draw_board, draw_legend
from alfgraph.drawing.svg.themes import Theme, text_on
from alfgraph.drawing.svg.wire_svg import draw_notes, draw_wires

Value = Callable[[str, str], str]


def draw_svg(
    layout: Layout,
    theme: Theme,
    heat: str = "declared",
    link: Link | None = None,
    described: BoardView | None = None,
) -> str:
    """Draws a board that was laid out.

    Args:
        layout: where everything is.
        theme: the colours.
        heat: where temperatures come from; `none` leaves headers grey.
        link: where a click on a chip leads.
        described: the board whose wiring table becomes the text alternative.
    """
    title = element("title", escape(f"Circuit board of {layout.view.name}", quote=False))
    table = wiring_table(described or layout.view)
    description = element("desc", escape(table, quote=False))
    style = element("style", "\n".join(style_lines(theme, lambda _, color: color)))
    return _root(layout, title + description + style + draw_content(layout, heat, link), "") + "\n"


def draw_content(layout: Layout, heat: str, link: Link | None) -> str:
    """Everything that is drawn, without the document around it."""
    second, first = draw_wires(layout)
    return (
        VIAS
        + draw_board(layout)
        + element("g", second, class_="layer parameters")
        + element("g", first, class_="layer wires")
        + element("g", "".join(draw_chip(c, heat != "none", link) for c in layout.chips))
        + element("g", draw_notes(layout), class_="notes")
        + draw_legend(layout, heat)
    )


def _root(layout: Layout, content: str, class_: str) -> str:
    return element(
        "svg",
        content,
        xmlns="http://www.w3.org/2000/svg",
        width=layout.width,
        height=layout.height,
        viewBox=f"0 0 {layout.width} {layout.height}",
        role="img",
        class_=class_ or None,
    )


VIAS = (
    '<defs><pattern id="vias" width="24" height="24" patternUnits="userSpaceOnUse">'
    '<circle cx="12" cy="12" r="1" class="via"/></pattern></defs>'
)


def colors(theme: Theme) -> dict[str, str]:
    """Every colour of a theme by name, as used in the style sheet."""
    named = {
        name: getattr(theme, name)
        for name in Theme.__dataclass_fields__
        if name not in ("name", "scheme", "families", "heat")
    }
    named |= {f"f-{family}": color for family, color in theme.families.items()}
    named |= {f"h{step}": color for step, color in enumerate(theme.heat)}
    named |= {f"t{step}": text_on(color) for step, color in enumerate(theme.heat)}
    for key, color in {"n": theme.neutral, **_changes(theme)}.items():
        named |= {f"h{key}": color, f"t{key}": text_on(color)}
    return named


def _changes(theme: Theme) -> dict[str, str]:
    return {"a": theme.added, "r": theme.removed, "c": theme.changed}


def style_lines(theme: Theme, value: Value) -> Iterator[str]:
    """The style sheet; `value(name, color)` writes a colour, as it is or as a variable."""
    named = {name: value(name, color) for name, color in colors(theme).items()}
    yield f"text{{font-family:{FONT};fill:{named['silk']};white-space:pre}}"
    yield from _board_style(named)
    yield from _chip_style(named)
    yield from _wire_style(named, theme)


def _board_style(c: dict[str, str]) -> Iterator[str]:
    yield f".board{{fill:{c['board']}}}.via{{fill:{c['grid']}}}"
    yield f".rim{{fill:none;stroke:{c['copper_ring']};stroke-opacity:.45}}"
    yield f".hole{{fill:{c['board_edge']};stroke:{c['copper_ring']};stroke-width:3.5}}"
    yield f".band{{fill:{c['band']};fill-opacity:.72;stroke:{c['band_line']}}}"
    yield f".rule{{stroke:{c['band_line']};stroke-dasharray:2 4}}"
    yield ".name{font-size:20px;font-weight:700}"
    yield f".note{{font-size:12px;fill:{c['silk_dim']}}}"
    yield ".ph{font-size:14px;font-weight:700;letter-spacing:1.5px}"
    yield f".rate{{font-size:10.5px;fill:{c['silk_dim']}}}.axes{{font-size:10.5px}}"
    yield f".lt{{font-size:10px;fill:{c['silk_dim']}}}.ln{{font-size:9px;text-anchor:middle}}"
    yield f".e{{text-anchor:end}}.step{{stroke:{c['chip_line']};stroke-width:.7}}"


def _chip_style(c: dict[str, str]) -> Iterator[str]:
    yield f".shadow{{fill:{c['shadow']}}}.body{{fill:{c['chip']}}}"
    yield f".edge{{fill:none;stroke:{c['chip_line']}}}.pill{{stroke:{c['chip_line']}}}"
    yield f".pill.k-distribution{{stroke:{c['f-distribution']}}}"
    yield f".pill.k-effect{{stroke:{c['failing']};stroke-opacity:.6}}"
    yield f".ti{{font-size:12.5px;font-weight:700}}.su{{font-size:10px;fill:{c['chip_text']}}}"
    yield f".se{{font-size:9.5px;fill:{c['chip_dim']}}}"
    yield f".th{{font-size:9.5px;fill:{c['params']};text-anchor:end}}"
    yield f".pl{{font-size:10.5px;fill:{c['chip_text']};text-anchor:middle}}"
    yield f".pn{{font-size:10.5px;fill:{c['chip_text']}}}.faint{{fill:{c['chip_dim']}}}"
    yield ".off{opacity:.22}"
    for change in ("added", "removed", "changed"):
        yield f".chip.{change} .edge,.chip.{change} .pill{{stroke:{c[change]};stroke-width:2}}"
    yield f".chip.bad .edge{{stroke:{c['failing']};stroke-width:2.6}}"
    yield f".wrong{{font-size:12px;font-weight:700;fill:{c['failing']}}}"
    yield ".same{opacity:.4}"
    yield f".rd{{font-size:8px;fill:{c['silk_dim']};letter-spacing:.5px}}"
    yield f".outline{{fill:none;stroke:{c['silk_dim']};stroke-opacity:.55;stroke-dasharray:5 4}}"
    yield f".ol{{font-size:9.5px;fill:{c['silk_dim']};stroke:{c['band']}}}"
    for step in "01234narc":
        yield f".h{step}{{fill:{c[f'h{step}']}}}.t{step}{{fill:{c[f't{step}']}}}"
    yield f".pad{{stroke:{c['board_edge']};stroke-width:.7}}.open{{fill-opacity:.3}}"


def _wire_style(c: dict[str, str], theme: Theme) -> Iterator[str]:
    ends = "fill:none;stroke-linejoin:round;stroke-linecap:round"
    yield f".copper{{{ends};stroke-width:1.9}}.copper.wide{{stroke-width:3.8}}"
    yield f".shine{{{ends};stroke:#fff;stroke-opacity:.32;stroke-width:1}}"
    yield f".casing{{{ends};stroke:{c['band']};stroke-width:5.5}}.casing.wide{{stroke-width:7.5}}"
    yield f".hit{{{ends};stroke:transparent;stroke-width:12;stroke-opacity:0}}"
    names = [f"f-{family}" for family in theme.families]
    for name in (*names, "added", "removed", "changed"):
        yield f".copper.{name}{{stroke:{c[name]}}}"
        yield f".joint.{name},.tip.{name},.pad.{name}{{fill:{c[name]}}}"
        yield f".diode.{name}{{fill:{c['band']};stroke:{c[name]};stroke-width:1.5}}"
    for name, key, dashes in (("trains", "params", "1.5 5"), ("tracks", "tracks", "7 4 1.5 4")):
        yield f".copper.{name}{{stroke:{c[key]};stroke-dasharray:{dashes}}}"
        yield f".joint.{name},.tip.{name},.pad.{name}{{fill:{c[key]}}}"
    yield f".copper.failing{{stroke:{c['failing']};stroke-width:2.6;stroke-dasharray:7 4}}"
    yield f".tip.failing,.joint.failing{{fill:{c['failing']}}}.late{{stroke-dasharray:6 4}}"
    yield f".register{{fill:{c['chip']};stroke:{c['f-record']};stroke-width:1.4}}"
    yield f".rt{{font-size:12px;font-weight:700;fill:{c['f-record']};text-anchor:middle}}"
    yield f".sp{{font-size:9px;fill:{c['silk_dim']};stroke:{c['band']}}}"
    yield ".sp,.ol{stroke-width:2.5;paint-order:stroke}"
    yield f".plate{{fill:{c['board']}}}.plate.bus{{stroke:{c['f-record']};stroke-opacity:.5}}"
    yield f".plate.bad{{fill:{c['failing']}}}.pt{{font-size:9.5px;text-anchor:middle}}"
    yield ".pt.bad{fill:#fff;font-weight:700}"
