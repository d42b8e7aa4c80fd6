"""The board as Graphviz text, and drawn by Graphviz where its program is installed."""

import re
import shutil
from collections.abc import Iterator
from html import escape
from textwrap import wrap

from alfgraph.diagnostics.errors import UsageError
from alfgraph.drawing.picture.complaints import errors
from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.view import BoardView, NodeView, PhaseView, PinView
from alfgraph.drawing.svg.themes import Theme, text_on

LONGEST_LINE = 30
PDF_DATE = re.compile(rb"(?<=/CreationDate \(D:)\d{14}")
"""Replaced by the first of all days: the same board gives the same bytes."""


def draw_dot(view: BoardView, theme: Theme) -> str:
    """Returns a digraph: a cluster per phase, chips as tables whose cells are the pins.

    Edges are splines, because Graphviz's orthogonal edges ignore pins.
    """
    names = _names(view)
    return "\n".join([*_phases(view, names, theme), *_across(view, names, theme), "}"]) + "\n"


def _names(view: BoardView) -> dict[str, str]:
    return {node.id: f"n{number}" for number, node in enumerate(view.nodes)}


def _phases(view: BoardView, names: dict[str, str], theme: Theme) -> Iterator[str]:
    """The board without what goes from phase to phase, and without its last brace.

    The phases come last first: in this direction of ranks `dot` stacks clusters upwards.
    """
    yield f"digraph {_quoted(view.name)} {{"
    yield f'  rankdir=LR; newrank=true; bgcolor="{theme.board}"; fontcolor="{theme.silk}"; pad=0.4;'
    yield f"  label=<{_title(view, theme)}>; labelloc=t; labeljust=l; fontname=monospace;"
    yield "  nodesep=0.3; ranksep=0.8; splines=true;"
    yield "  node [shape=plain, fontname=monospace, fontsize=10];"
    yield "  edge [fontname=monospace, fontsize=8, arrowsize=0.6];"
    for number, phase in reversed(list(enumerate(view.phases))):
        yield from _cluster(view, number, phase, names, theme)
    yield f"  {{ rank=min; {'; '.join(f'p{number}' for number in range(len(view.phases)))} }}"
    yield from _wires(view, names, theme)


def _title(view: BoardView, theme: Theme) -> str:
    name = f'<font point-size="18"><b>{escape(view.name)}</b></font>'
    note = f'<font color="{theme.silk_dim}">{escape(view.title_note)}</font>'
    found = [f"{one.code}  {one.message}" for one in errors(view)]
    wrong = "".join(
        f'<br align="left"/><font color="{theme.failing}">{escape(line)}</font>' for line in found
    )
    return f'{name}   {note}{wrong}<br align="left"/>'


def _cluster(
    view: BoardView, number: int, phase: PhaseView, names: dict[str, str], theme: Theme
) -> Iterator[str]:
    reading = {line.target for line in crossings(view)}
    yield f"  subgraph cluster_{number} {{"
    yield f'    style="rounded,filled"; color="{theme.band_line}"; fillcolor="{theme.band}";'
    yield f'    label=""; margin=14; p{number} [label=<{_heading(phase, theme)}>];'
    for node in view.nodes:
        if node.phase == phase.name:
            yield f"    {names[node.id]} [label=<{_table(view, node, theme)}>];"
            if not node.inputs:  # right of the heading, and what reads a buffer close to it
                weight = 8 if node.id in reading else 0
                yield f"    p{number} -> {names[node.id]} [style=invis, weight={weight}];"
    yield "  }"


def _heading(phase: PhaseView, theme: Theme) -> str:
    name = f'<font color="{theme.silk}" point-size="13"><b>{escape(phase.name.upper())}</b></font>'
    words = [line for t in (phase.rate, phase.axes, phase.gradient) for line in wrap(t, 17)]
    rows = [name, *(f'<font color="{theme.silk_dim}">{escape(line)}</font>' for line in words)]
    cells = "".join(f'<tr><td align="left">{row}</td></tr>' for row in rows)
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(view: BoardView, node: NodeView, theme: Theme) -> str:
    """A chip: its name, its class and settings, then the pins, between coloured pads."""
    part = view.part(node.part)
    color = theme.heat[part.temperature] if part else theme.neutral
    color = getattr(theme, node.change) if node.change else color
    name = f'<font color="{text_on(color)}"><b>{escape(node.label)}</b></font>'
    rows = [f'<tr><td port="head" colspan="4" bgcolor="{color}" cellpadding="4">{name}</td></tr>']
    lines = [part.kind] if part else []
    lines += [f"{n}={s.value}" for n, s in part.settings.items() if not s.default] if part else []
    rows += [
        f'<tr><td></td><td colspan="2" align="left">'
        f'<font color="{theme.chip_dim}">{escape(line[:LONGEST_LINE])}</font></td><td></td></tr>'
        for line in lines
    ]
    for row in range(max(len(node.inputs), len(node.outputs))):
        pad, name = _pin(node.inputs, row, "i", theme)
        end_pad, end_name = _pin(node.outputs, row, "o", theme)
        rows.append(f"<tr>{pad}{name}{end_name}{end_pad}</tr>")
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="2" style="rounded" '
        f'bgcolor="{theme.chip}" color="{theme.chip_line}">{"".join(rows)}</table>'
    )


def _pin(pins: tuple[PinView, ...], row: int, side: str, theme: Theme) -> tuple[str, str]:
    """The pad, where wires end, and the name beside it."""
    if row >= len(pins):
        return "<td></td>", "<td></td>"
    align = "left" if side == "i" else "right"
    text = f'<font color="{theme.chip_text}">{escape(pins[row].name)}</font>'
    pad = f'<font color="{theme.families[pins[row].dtype_family]}">■</font>'
    return f'<td port="{side}{row}">{pad}</td>', f'<td align="{align}">{text}</td>'


def _wires(view: BoardView, names: dict[str, str], theme: Theme) -> Iterator[str]:
    nodes = {node.id: node for node in view.nodes}
    for wire in view.wires:
        source, target = nodes[wire.source[0]], nodes[wire.target[0]]
        out = [pin.name for pin in source.outputs].index(wire.source[1])
        into = [pin.name for pin in target.inputs].index(wire.target[1])
        color = theme.failing if wire.failing else theme.families[wire.dtype_family]
        color = getattr(theme, wire.change) if wire.change else color
        text = wire.failing or ("z⁻¹ " + wire.spec if wire.latched else wire.spec)
        look = f'color="{color}", fontcolor="{color}", label={_quoted(text)}'
        look += ", style=dashed" if wire.latched or wire.failing else ""
        look += ", constraint=false" if wire.latched else ""
        look += ", penwidth=2.5" if wire.dtype_family == "record" else ""
        yield f"  {names[source.id]}:o{out}:e -> {names[target.id]}:i{into}:w [{look}];"


def _across(view: BoardView, names: dict[str, str], theme: Theme) -> Iterator[str]:
    """Buffers between phases, and the parameter lines, from header to header."""
    bus = theme.families["record"]
    for line in crossings(view):
        text = _quoted(" · ".join(t for t in (line.buffer.rpartition(".")[2], line.gradient) if t))
        look = f'color="{bus}", fontcolor="{bus}", penwidth=3, constraint=false, label={text}'
        yield f"  {names[line.source]}:head:e -> {names[line.target]}:head:w [{look}];"
    for changed in view.parameters:
        ends = [next((n.id for n in view.nodes if n.part == p), None) for p in changed.direction]
        color = theme.params if changed.relation == "trains" else theme.tracks
        if all(ends):
            first, last = (names[end] for end in ends if end)
            look = f'color="{color}", style=dotted, constraint=false, label="{changed.relation}"'
            yield f'  {first}:head:e -> {last}:head:w [{look}, fontcolor="{color}"];'


def draw_with_graphviz(view: BoardView, theme: Theme, suffix: str) -> bytes:
    """Has Graphviz draw the board.

    It is asked twice: `dot` places the chips, then `neato` adds, where all chips stay in place, the
    lines between phases, which would bring the phases out of order.

    Args:
        view: the board.
        theme: the colours.
        suffix: what to make: `svg`, `png` or `pdf`.

    Raises:
        UsageError: Graphviz is not installed.
    """
    if shutil.which("dot") is None:
        raise UsageError(
            "drawing with `--engine graphviz` needs the program `dot`, which is not installed; "
            "install it with `apt install graphviz`, `brew install graphviz` or "
            "`winget install graphviz`, or leave out `--engine`: the board's own engine needs none."
        )
    import graphviz

    names = _names(view)
    phases = "\n".join([*_phases(view, names, theme), "}"])
    placed: str = graphviz.Source(phases).pipe(format="dot", encoding="utf-8")
    across = "\n".join(_across(view, names, theme))
    whole = f"{placed.rstrip().removesuffix('}')}{across}\n}}\n"
    drawing = graphviz.Source(whole, engine="neato")
    drawn: bytes = drawing.pipe(format=suffix, neato_no_op=2)
    return PDF_DATE.sub(b"19700101000000", drawn) if suffix == "pdf" else drawn
