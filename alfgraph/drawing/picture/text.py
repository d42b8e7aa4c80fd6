"""The wiring table: a board as plain text, for terminals, logs and screen readers."""

import textwrap
from collections.abc import Iterator

from alfgraph.drawing.picture.view import (
    BoardView,
    NodeView,
    ParameterView,
    PhaseView,
    PinView,
    WireView,
)

WIDTH = 100
"""No line is longer, whatever the board."""


def wiring_table(view: BoardView, width: int = WIDTH) -> str:
    """Returns the board as text: phase by phase, every output with where it goes.

    Args:
        view: the board.
        width: the longest line allowed.
    """
    lines = [*_title(view, width)]
    labels = node_labels(view)
    for phase in view.phases:
        lines += ["", _rule(_phase_title(phase), width)]
        for node in view.nodes:
            if node.phase == phase.name:
                lines += _node_lines(view, node, labels, width)
    if view.parameters:
        lines += ["", _rule("PARAMETERS", width), *_parameter_lines(view, width)]
    if view.diagnostics:
        lines += ["", _rule("DIAGNOSTICS", width), *_diagnostic_lines(view, width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def node_labels(view: BoardView) -> dict[str, str]:
    """Names the nodes as the table does: by label, numbered where a phase repeats one."""
    labels: dict[str, str] = {}
    taken: dict[tuple[str, str], int] = {}
    for node in view.nodes:
        number = taken[node.phase, node.label] = taken.get((node.phase, node.label), 0) + 1
        labels[node.id] = node.label if number == 1 else f"{node.label}#{number}"
    return labels


def _title(view: BoardView, width: int) -> list[str]:
    sizes = " ".join(f"{name}={value}" for name, value in view.sizes.items())
    title = " · ".join(part for part in (view.name, view.title_note, sizes) if part)
    return textwrap.wrap(title, width, subsequent_indent="  ")


def _phase_title(phase: PhaseView) -> str:
    parts = (phase.name.upper(), phase.rate, phase.axes, phase.gradient)
    return " · ".join(part for part in parts if part)


def _rule(title: str, width: int) -> str:
    return f"── {title[: width - 6]} ".ljust(width, "─")


def _node_lines(
    view: BoardView, node: NodeView, labels: dict[str, str], width: int
) -> Iterator[str]:
    yield from _wrapped(f"  ■ {labels[node.id]:<14} ", _node_facts(view, node), width, " ")
    names = max((len(pin.name) for pin in node.outputs), default=0)
    specs = min(max((len(pin.spec) for pin in node.outputs), default=0), 40)
    for pin in node.outputs:
        targets = _targets(view, node, pin, labels)
        head = f"    └─ {pin.name:<{names}}  {pin.spec:<{specs}}  → "
        if len(head) > width // 2 + 12:
            yield from _wrapped(f"    └─ {pin.name:<{names}}  ", [pin.spec], width, " ")
            head = " " * 7 + " " * names + "  → "
        yield from _wrapped(head, targets or ["(not read)"], width, ", ")
    for wire in view.wires:
        if wire.target[0] == node.id and wire.failing:
            yield from _wrapped(f"    ✗ {wire.target[1]}: ", wire.failing.split(), width, " ")


def _node_facts(view: BoardView, node: NodeView) -> list[str]:
    """Class, settings, and what else the chip would show."""
    part = view.part(node.part)
    facts = [part.kind] if part else []
    if part and part.num_parameters:
        facts.append(f"θ={part.num_parameters:,}")
    if part:
        changed = {name: s.value for name, s in part.settings.items() if not s.default}
        facts += [f"{name}={value}" for name, value in changed.items()]
        facts += [f"({part.gradient})"] if part.gradient else []
    facts += [f"every {node.every}"] if node.every > 1 else []
    return facts + ([node.note] if node.note else [])


def _targets(view: BoardView, node: NodeView, pin: PinView, labels: dict[str, str]) -> list[str]:
    """Where an output goes, in the order of the wires."""
    return [
        _mark(wire) + f"{labels[wire.target[0]]}.{wire.target[1]}"
        for wire in view.wires
        if wire.source == (node.id, pin.name)
    ]


def _mark(wire: WireView) -> str:
    """The sign before a target: what is particular about the wire to it."""
    if wire.failing:
        return "✗ "
    if wire.latched:
        return "↺ "
    return "⊣ " if wire.detached else ""


def _parameter_lines(view: BoardView, width: int) -> Iterator[str]:
    owners = {(line.owner, line.relation): None for line in view.parameters}
    for owner, relation in owners:
        own = [p for p in view.parameters if (p.owner, p.relation) == (owner, relation)]
        yield from _wrapped(f"  ■ {owner} {relation} ", [_amount(p) for p in own], width, ", ")


def _amount(line: ParameterView) -> str:
    return f"{line.part} ({line.count:,})" if line.count else line.part


def _diagnostic_lines(view: BoardView, width: int) -> Iterator[str]:
    for found in view.diagnostics:
        head = f"  {found.severity}[{found.code}] "
        yield from _wrapped(head, found.message.split(), width, " ")
        if found.help:
            yield from _wrapped("      help: ", found.help.split(), width, " ")


def _wrapped(head: str, items: list[str], width: int, separator: str) -> Iterator[str]:
    """Lays items out after a head, continuing under the first one."""
    indent = " " * min(len(head), width * 2 // 3)
    line, empty = head, True
    for index, item in enumerate(items):
        piece = item + (separator if index < len(items) - 1 else "")
        if not empty and len(line) + len(piece.rstrip()) > width:
            yield line
            line = indent
        while len(line) + len(piece.rstrip()) > width:
            room = width - len(line)
            yield line + piece[:room]
            line, piece = indent, piece[room:]
        line, empty = line + piece, False
    yield line
