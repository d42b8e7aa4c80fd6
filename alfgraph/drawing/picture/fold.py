"""Nested boards closed: every closed board becomes one chip per phase."""

from collections.abc import Iterable

from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.view import (
    BoardView,
    CrossingView,
    NodeView,
    ParameterView,
    PinRef,
    PinView,
    WireView,
)

MANY_CHIPS = 60
"""A board with more chips than this opens only as deep as it stays below."""


def nested_boards(view: BoardView) -> list[str]:
    """The paths of the boards inside this one that apply something, outer ones first."""
    used = {path for node in view.nodes for path in _and_above(node.board)}
    return [part.path for part in view.parts if part.path in used]


def closed_at(view: BoardView, depth: int | None) -> frozenset[str]:
    """The boards to close so that only `depth` levels below the outermost board are open.

    Args:
        view: the board.
        depth: 0 closes every nested board; None chooses as many levels as stay readable.
    """
    boards = nested_boards(view)
    if depth is None:
        deepest = max((_depth(path) for path in boards), default=0)
        depth = next(
            (
                d
                for d in range(deepest, 1, -1)
                if len(fold(view, _below(boards, d)).nodes) <= MANY_CHIPS
            ),
            1,
        )
    return _below(boards, depth)


def _below(boards: Iterable[str], depth: int) -> frozenset[str]:
    return frozenset(path for path in boards if _depth(path) > depth)


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0


def _and_above(path: str) -> list[str]:
    """A path and those of the boards around it, outermost first."""
    steps = path.split(".") if path else []
    return [".".join(steps[: index + 1]) for index in range(len(steps))]


def fold(view: BoardView, closed: Iterable[str]) -> BoardView:
    """Replaces what closed boards apply by one chip per phase.

    Args:
        view: the board, its pins not bundled yet.
        closed: the paths of the boards to close.

    Returns:
        A board in which the inside of closed boards is not seen; what crosses their edge is a pin.
    """
    shut = set(closed)
    owner = {
        node.id: next((path for path in _and_above(node.board) if path in shut), None)
        for node in view.nodes
    }
    if not any(owner.values()):
        return view
    folding = _Folding(view, owner)
    wires: dict[WireView, None] = {}
    for wire in view.wires:
        moved = folding.move(wire)
        if moved is not None:
            wires[moved] = None
    return view.model_copy(
        update={
            "nodes": tuple(folding.chips.values()),
            "wires": tuple(wires),
            "parameters": _folded_parameters(view, shut),
            "crossings": folding.crossings(),
        }
    )


class _Folding:
    """The chips while wires are moved to them."""

    def __init__(self, view: BoardView, owner: dict[str, str | None]) -> None:
        self.view = view
        self.nodes = {node.id: node for node in view.nodes}
        self.pins: dict[tuple[str, PinRef], PinRef] = {}
        self.place: dict[str, str] = {}
        self.chips: dict[str, NodeView] = {}
        for node in view.nodes:
            path = owner[node.id]
            self.place[node.id] = node.id if path is None else f"{node.phase}/{path}"
            if path is None:
                self.chips[node.id] = node
            elif self.place[node.id] not in self.chips:
                inside = sum(n.phase == node.phase and owner[n.id] == path for n in view.nodes)
                self.chips[self.place[node.id]] = _closed_chip(view, node.phase, path, inside)

    def move(self, wire: WireView) -> WireView | None:
        """The wire between the chips that are left; None if it is inside one of them."""
        source, target = wire.source, wire.target
        chip = self.place[source[0]]
        if chip != source[0] and chip == self.place[target[0]] and not wire.latched:
            return None
        if self.place[target[0]] != target[0]:
            target = self._edge_pin("inputs", target, key=source)
        if chip != source[0]:
            source = self._edge_pin("outputs", source, key=source)
        return wire.model_copy(update={"source": source, "target": target})

    def _edge_pin(self, side: str, pin: PinRef, key: PinRef) -> PinRef:
        """The pin of a closed chip that stands for pins inside, one for each wire outside."""
        identity = self.place[pin[0]]
        known = self.pins.get((side + identity, key))
        if known is not None:
            return known
        node, chip = self.nodes[pin[0]], self.chips[identity]
        found = next(p for p in getattr(node, side) if p.name == pin[1])
        before: tuple[PinView, ...] = getattr(chip, side)
        name = _free_name(pin[1], node.label, {p.name for p in before})
        added = (*before, found.model_copy(update={"name": name, "stands_for": (pin,)}))
        self.chips[identity] = chip.model_copy(update={side: added})
        self.pins[side + identity, key] = identity, name
        return identity, name

    def crossings(self) -> tuple[CrossingView, ...]:
        """The buffers between the chips that are left."""
        moved = [
            line.model_copy(
                update={"source": self.place[line.source], "target": self.place[line.target]}
            )
            for line in crossings(self.view)
        ]
        return tuple(dict.fromkeys(moved))


def _closed_chip(view: BoardView, phase: str, path: str, inside: int) -> NodeView:
    """A closed board; one of several in a tuple is called by its class."""
    board, _, label = path.rpartition(".")
    part = view.part(path)
    label = part.kind if part and label.isdigit() else label
    return NodeView(
        id=f"{phase}/{path}",
        phase=phase,
        part=path,
        label=label,
        board=board,
        note=f"⊞ {inside} inside",
    )


def _free_name(name: str, label: str, taken: set[str]) -> str:
    """A name for a pin of a closed chip, told apart by the chip inside where need be."""
    if name not in taken:
        return name
    name = label.replace(".", ":") + ":" + name.replace(".", ":")
    number, free = 2, name
    while free in taken:
        free, number = f"{name}#{number}", number + 1
    return free


def _folded_parameters(view: BoardView, shut: set[str]) -> tuple[ParameterView, ...]:
    """The parameter lines between what is left; those inside one closed board go."""

    def visible(path: str) -> str:
        return next((above for above in _and_above(path) if above in shut), path)

    lines: dict[tuple[str, str, str], ParameterView] = {}
    for line in view.parameters:
        owner, part = visible(line.owner), visible(line.part)
        if owner == part:
            continue
        before = lines.get((owner, part, line.relation))
        count = line.count + (before.count if before else 0)
        lines[owner, part, line.relation] = ParameterView(
            owner=owner, part=part, relation=line.relation, count=count
        )
    return tuple(lines.values())
