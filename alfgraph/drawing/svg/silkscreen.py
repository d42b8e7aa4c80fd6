"""What is printed on the board itself: frame, phases, legend and title block."""

import re
from collections.abc import Iterator

from alfgraph.drawing.layout.bands import HEADING, Band
from alfgraph.drawing.layout.layout import COMPLAINT, EDGE, FOOT, Layout
from alfgraph.drawing.layout.outlines import Outline, outlines
from alfgraph.drawing.layout.shapes import GRID
from alfgraph.drawing.picture.complaints import complaints, errors
from alfgraph.drawing.picture.heat import EXPLAINED
from alfgraph.drawing.picture.view import BoardView, PhaseView
from alfgraph.drawing.svg.element import element, words
from alfgraph.drawing.svg.wire_svg import draw_diode

HEADING_CHARACTERS = 17
NAME_CHARACTERS = 12
COMPLAINT_ADVANCE = 7.3
LEGEND_ROW = 26
SPACE = re.compile(r"\s+(?![^\[]*\])")
"""Where a line may be broken: not within brackets."""
SAMPLES = (
    ("float", "float"),
    ("int", "int"),
    ("bool", "bool"),
    ("distribution", "distribution"),
    ("record", "record"),
)


def draw_board(layout: Layout) -> str:
    """The board: its edge, mounting holes, grid, name and the frames of the phases."""
    width, height, view = layout.width, layout.height, layout.view
    shapes = [
        element("rect", x=0, y=0, width=width, height=height, rx=14, class_="board"),
        element("rect", x=0, y=0, width=width, height=height, rx=14, fill="url(#vias)"),
        element("rect", x=9, y=9, width=width - 18, height=height - 18, rx=9, class_="rim"),
    ]
    for x in (26, width - 26):
        for y in (26, height - 26):
            shapes.append(element("circle", cx=x, cy=y, r=7, class_="hole"))
    shapes.append(words(view.name, EDGE, 42, "name"))
    note = " · ".join(text for text in (view.title_note, _verdict(view)) if text)
    shapes.append(words(note, EDGE + len(view.name) * 12.1 + 20, 42, "note"))
    shapes += _complaints(layout)
    frames = [_frame(first, last) for first, last in layout.frames]
    return "".join([*shapes, *frames, *(_outline(layout, o) for o in outlines(layout))])


def _complaints(layout: Layout) -> Iterator[str]:
    """What is wrong, below the name."""
    longest = int((layout.width - 2 * EDGE) / COMPLAINT_ADVANCE)
    for number, line in enumerate(complaints(layout.view)):
        text = line if len(line) <= longest else line[: longest - 1] + "…"
        yield words(text, EDGE, 64 + number * COMPLAINT, "wrong")


def _outline(layout: Layout, outline: Outline) -> str:
    """The frame of an open nested board, and its name."""
    part = layout.view.part(outline.board)
    text = outline.board + (f" · {part.kind}" if part else "")
    frame = element(
        "rect",
        x=outline.x,
        y=outline.y,
        width=outline.width,
        height=outline.height,
        rx=8,
        class_="outline",
    )
    name = words(text, outline.x + 8, outline.y + outline.height - 6, "ol")
    return element("g", frame + name, data_outline=outline.board)


def _verdict(view: BoardView) -> str:
    wrong = len(errors(view))
    warnings = sum(found.severity == "warning" for found in view.diagnostics)
    if wrong:
        return f"✗ {wrong} error{'s' * (wrong > 1)}"
    return f"{warnings} warning{'s' * (warnings > 1)}" if warnings else "checked ✓"


def _frame(band: Band, last: Band) -> str:
    """The frame around a phase's rows, with its name, rate and axes on the left."""
    x, y = band.x, band.y
    height = last.y + last.height - y
    frame = element("rect", x=x, y=y, width=band.width, height=height, rx=10, class_="band")
    lines, at = [], y + 30
    for line in _broken(band.phase.name.upper().replace("_", " "), NAME_CHARACTERS):
        lines.append(words(line, x + 16, at, "ph", **_squeezed(line)))
        at += 18
    at += 2
    for text, class_ in _heading(band.phase):
        for line in _broken(text, HEADING_CHARACTERS):
            lines.append(words(line, x + 16, at, class_))
            at += 15
        at += 2
    rule = element("path", d=f"M{x + HEADING - 12} {y + 14}V{y + height - 14}", class_="rule")
    return element("g", frame + rule + "".join(lines), data_phase=band.phase.name)


def _heading(phase: PhaseView) -> list[tuple[str, str]]:
    texts = ((phase.rate, "rate"), (phase.axes, "axes"), (phase.gradient, "rate"))
    return [(text, class_) for text, class_ in texts if text]


def _squeezed(name: str) -> dict[str, object]:
    """A word too long for the heading is drawn narrower."""
    if len(name) <= NAME_CHARACTERS:
        return {}
    return {"textLength": HEADING - 32, "lengthAdjust": "spacingAndGlyphs"}


def _broken(text: str, longest: int) -> list[str]:
    """Breaks text at spaces into lines that fit the heading."""
    lines = [""]
    for word in SPACE.split(text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def draw_legend(layout: Layout, heat: str) -> str:
    """What colours and bars mean on this board, and its title block."""
    top = layout.height - FOOT + 4 * GRID
    x: float = EDGE
    shapes = [_title_block(layout, top + LEGEND_ROW)]
    if heat != "none":
        shapes.append(_heat_scale(x, top + LEGEND_ROW, layout.view.temperature_source))
    families = {net.source.family for net in layout.nets if net.layer == "wire"}
    families |= {sink.family for net in layout.nets for sink in net.sinks if net.layer != "trains"}
    for family, text in SAMPLES:
        if family in families:
            drawn, x = _sample(
                x, top, f"f-{family}" + (" wide" if family == "record" else ""), text
            )
            shapes.append(drawn)
    for layer, text in (("trains", "trains"), ("tracks", "tracks")):
        if any(net.layer == layer for net in layout.nets):
            drawn, x = _sample(x, top, layer, text)
            shapes.append(drawn)
    if any(sink.detached for net in layout.nets for sink in net.sinks):
        line = element("path", d=f"M{x} {top}h26", class_="copper f-float")
        shapes += [
            line,
            draw_diode(x + 18, top, "f-float"),
            words("no gradient", x + 33, top + 4, "lt"),
        ]
        x += 33 + 11 * 6.1 + 20
    if any(sink.failing for net in layout.nets for sink in net.sinks):
        drawn, x = _sample(x, top, "failing", "does not fit")
        shapes.append(drawn)
    changes: set[str | None] = {chip.node.change for chip in layout.chips}
    changes |= {sink.change for net in layout.nets for sink in net.sinks}
    for change in ("added", "removed", "changed"):
        if change in changes:
            drawn, x = _sample(x, top, change + " wide", change)
            shapes.append(drawn)
    return element("g", "".join(shapes), class_="legend")


def _heat_scale(x: float, top: float, source: str) -> str:
    """Five steps from frozen to changed in every project, and where they come from."""
    shapes = [words("how often changed", x, top + 4, "lt")]
    x += 17 * 6.1 + 10
    for step in range(5):
        shapes.append(
            element("rect", x=x, y=top - 7, width=22, height=14, rx=2, class_=f"h{step} step")
        )
        shapes.append(words(str(step), x + 11, top + 4, f"ln t{step}"))
        x += 24
    shapes.append(words(EXPLAINED.get(source, source), x + 6, top + 4, "lt"))
    return "".join(shapes)


def _sample(x: float, y: float, class_: str, text: str) -> tuple[str, float]:
    line = element("path", d=f"M{x} {y}h26", class_=f"copper {class_}")
    return line + words(text, x + 33, y + 4, "lt"), x + 33 + len(text) * 6.1 + 20


def _title_block(layout: Layout, top: float) -> str:
    """At the lower right, as on a drawing."""
    view = layout.view
    sizes = " ".join(f"{name}={value}" for name, value in view.sizes.items())
    chips = f"{len(layout.chips)} chips · {len(layout.nets)} nets"
    made = f"alfgraph {view.version}".strip()
    text = " · ".join(part for part in (chips, sizes, made) if part)
    return words(text, layout.width - EDGE - 4, top + 4, "lt e")
