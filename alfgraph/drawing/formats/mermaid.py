"""The board as Mermaid text, which GitHub and many editors draw."""

from collections.abc import Iterator

from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.view import BoardView, NodeView, WireView


def draw_mermaid(view: BoardView) -> str:
    """Returns a flowchart: a subgraph per phase, delays dotted through `z⁻¹`, buses thick."""
    names = {node.id: f"n{number}" for number, node in enumerate(view.nodes)}
    lines = ["flowchart LR"]
    for number, phase in enumerate(view.phases):
        title = " · ".join(t for t in (phase.name.upper(), phase.rate, phase.axes) if t)
        lines.append(f'  subgraph p{number}["{_quoted(title)}"]')
        for node in view.nodes:
            if node.phase == phase.name:
                lines.append(f"    {names[node.id]}{_shape(view, node)}")
        lines.append("  end")
    lines += _wire_lines(view, names)
    lines += _crossing_lines(view, names)
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def _shape(view: BoardView, node: NodeView) -> str:
    part = view.part(node.part)
    text = _quoted(node.label) + (f"<br/><small>{_quoted(part.kind)}</small>" if part else "")
    return f'["{text}"]' if part else f'(["{text}"])'


def _wire_lines(view: BoardView, names: dict[str, str]) -> Iterator[str]:
    failing = []
    for number, wire in enumerate(view.wires):
        source, target = names[wire.source[0]], names[wire.target[0]]
        yield f"  {source} {_arrow(wire)} {target}"
        if wire.failing:
            failing.append(str(number))
    if failing:
        yield f"  linkStyle {','.join(failing)} stroke:#d3261b,stroke-width:3px"


def _arrow(wire: WireView) -> str:
    text = _quoted(wire.failing or wire.spec)
    if wire.latched:
        return f'-. "z⁻¹ {text}" .->'.replace(' "z⁻¹ " ', ' "z⁻¹" ')
    start, end = ("==", "==>") if wire.dtype_family == "record" else ("--", "-->")
    return f'{start} "{text}" {end}' if text else end


def _crossing_lines(view: BoardView, names: dict[str, str]) -> Iterator[str]:
    for line in crossings(view):
        note = " · ".join(t for t in (line.buffer.rpartition(".")[2], line.gradient) if t)
        yield f'  {names[line.source]} == "{_quoted(note)}" ==> {names[line.target]}'
