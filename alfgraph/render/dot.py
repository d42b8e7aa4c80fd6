"""The board as Graphviz text, and drawn by Graphviz where its program is installed."""

import shutil
from collections.abc import Iterator
from html import escape

from alfgraph.errors import UsageError
from alfgraph.render.crossing import crossings
from alfgraph.render.themes import Theme, text_on
from alfgraph.render.view import BoardView, NodeView, PinView


def draw_dot(view: BoardView, theme: Theme) -> str:
    """Returns a digraph: a cluster per phase, chips as tables whose cells are the pins.

    Edges are splines, because Graphviz's orthogonal edges ignore pins.
    """
    names = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = [
        f"digraph {_quoted(view.name)} {{",
        f'  rankdir=LR; bgcolor="{theme.board}"; fontcolor="{theme.silk}"; fontname=monospace;',
        f"  label={_quoted(view.name)}; labelloc=t; nodesep=0.3; ranksep=0.9;",
        "  node [shape=plain, fontname=monospace, fontsize=10];",
        "  edge [fontname=monospace, fontsize=8, arrowsize=0.6];",
    ]
    for number, phase in enumerate(view.phases):
        title = " · ".join(t for t in (phase.name.upper(), phase.rate, phase.axes) if t)
        lines.append(f"  subgraph cluster_{number} {{")
        lines.append(f'    label={_quoted(title)}; color="{theme.band_line}";')
        for node in view.nodes:
            if node.phase == phase.name:
                lines.append(f"    {names[node.id]} [label=<{_table(view, node, theme)}>];")
        lines.append("  }")
    lines += _edges(view, names, theme)
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _table(view: BoardView, node: NodeView, theme: Theme) -> str:
    part = view.part(node.part)
    color = theme.heat[part.temperature] if part else theme.neutral
    rows = [
        f'<tr><td colspan="2" bgcolor="{color}"><font color="{text_on(color)}"><b>'
        f"{escape(node.label)}</b></font></td></tr>"
    ]
    if part:
        kind = f'<font color="{theme.chip_dim}">{escape(part.kind)}</font>'
        rows.append(f'<tr><td colspan="2">{kind}</td></tr>')
    for row in range(max(len(node.inputs), len(node.outputs))):
        left = _cell(node.inputs, row, "i", theme)
        rows.append(f"<tr>{left}{_cell(node.outputs, row, 'o', theme)}</tr>")
    return (
        f'<table border="1" cellborder="0" cellspacing="0" bgcolor="{theme.chip}" '
        f'color="{theme.chip_line}">{"".join(rows)}</table>'
    )


def _cell(pins: tuple[PinView, ...], row: int, side: str, theme: Theme) -> str:
    if row >= len(pins):
        return "<td></td>"
    align = "left" if side == "i" else "right"
    text = f'<font color="{theme.chip_text}">{escape(pins[row].name)}</font>'
    return f'<td port="{side}{row}" align="{align}">{text}</td>'


def _edges(view: BoardView, names: dict[str, str], theme: Theme) -> Iterator[str]:
    nodes = {node.id: node for node in view.nodes}
    for wire in view.wires:
        source, target = nodes[wire.source[0]], nodes[wire.target[0]]
        out = [pin.name for pin in source.outputs].index(wire.source[1])
        into = [pin.name for pin in target.inputs].index(wire.target[1])
        color = theme.failing if wire.failing else theme.families[wire.dtype_family]
        text = wire.failing or ("z⁻¹ " + wire.spec if wire.latched else wire.spec)
        look = f'color="{color}", fontcolor="{color}", label={_quoted(text)}'
        look += ", style=dashed" if wire.latched or wire.failing else ""
        look += ", constraint=false" if wire.latched else ""
        look += ", penwidth=2.5" if wire.dtype_family == "record" else ""
        yield f"  {names[source.id]}:o{out}:e -> {names[target.id]}:i{into}:w [{look}];"
    for bus in crossings(view):
        look = f'color="{theme.families["record"]}", penwidth=3, constraint=false'
        yield f"  {names[bus.source]} -> {names[bus.target]} [{look}];"
    for line in view.parameters:
        ends = [next((n.id for n in view.nodes if n.part == p), None) for p in line.direction]
        color = theme.params if line.relation == "trains" else theme.tracks
        if all(ends):
            look = f'color="{color}", style=dotted, constraint=false, label="{line.relation}"'
            look += f', fontcolor="{color}"'
            yield f"  {' -> '.join(names[end] for end in ends if end)} [{look}];"


def draw_with_graphviz(view: BoardView, theme: Theme, suffix: str) -> bytes:
    """Has Graphviz draw the board.

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

    drawn: bytes = graphviz.Source(draw_dot(view, theme)).pipe(format=suffix)
    return drawn
