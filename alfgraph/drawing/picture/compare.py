"""Two boards as one: what was added, removed and changed, as a picture and as text."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.text import node_labels
from alfgraph.drawing.picture.view import (
    BoardView,
    Change,
    CrossingView,
    NodeView,
    PartView,
    PinRef,
    PinView,
    WireView,
)

Key = tuple[str, ...]
WAS = " (was)"
"""Marks a pin on which a wire ended that is gone, where another wire ends on the pin now."""
SIGN: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(slots=True)
class Comparison:
    """What differs between two boards.

    Attributes:
        board: both in one, every chip and wire that differs marked with how.
        components: parts that were added, removed, or have another class or other settings.
        wires: wires that were added, removed, or carry another spec.
    """

    board: BoardView
    components: list[str] = field(default_factory=list)
    wires: list[str] = field(default_factory=list)


def compare(before: BoardView, after: BoardView, told: Collection[str] = ()) -> Comparison:
    """Compares two boards: components and settings by path, applications and wires by place.

    Args:
        before: the board as it was.
        after: the board as it is.
        told: paths of settings whose change the reader knows already; lines leave them out.
    """
    changed = _changed_parts(before, after)
    merged = _Merged(before, after, changed)
    phases = {phase.name: phase for phase in reversed((*after.phases, *before.phases))}
    phases = {name: phases[name] for name in _in_order(before, after)}
    parts = [*after.parts, *(p for p in before.parts if changed.get(p.path) == "removed")]
    parameters = dict.fromkeys((*after.parameters, *before.parameters))
    board = BoardView(
        name=after.name if after.name == before.name else f"{before.name} → {after.name}",
        title_note=f"{len(changed)} components and {merged.changes} wires differ",
        version=after.version,
        sizes=after.sizes,
        phases=tuple(phases.values()),
        parts=tuple(_with_both(part, before.part(part.path)) for part in parts),
        nodes=tuple(merged.nodes.values()),
        wires=tuple(merged.wires),
        parameters=tuple(parameters),
        crossings=tuple(merged.crossings),
        diagnostics=after.diagnostics,
        temperature_source=after.temperature_source,
    )
    return Comparison(
        board, list(_part_lines(before, after, changed, told)), list(_wire_lines(board))
    )


def _in_order(before: BoardView, after: BoardView) -> list[str]:
    """The names of all phases, the later board's first."""
    return list(dict.fromkeys(phase.name for phase in (*after.phases, *before.phases)))


def _with_both(part: PartView, old: PartView | None) -> PartView:
    """A component whose changed settings show what they were and what they are."""
    if old is None or (old.kind == part.kind and _values(old) == _values(part)):
        return part
    settings = {
        name: setting
        if name not in old.settings or old.settings[name].value == setting.value
        else setting.model_copy(
            update={"value": f"{old.settings[name].value} → {setting.value}", "default": False}
        )
        for name, setting in part.settings.items()
    }
    kind = part.kind if part.kind == old.kind else f"{old.kind} → {part.kind}"
    return part.model_copy(update={"kind": kind, "settings": settings})


def _values(part: PartView) -> dict[str, str]:
    return {name: setting.value for name, setting in part.settings.items()}


def _changed_parts(before: BoardView, after: BoardView) -> dict[str, Change]:
    """Components that were added, removed or have another class or other settings."""
    old = {part.path: part for part in before.parts}
    new = {part.path: part for part in after.parts}
    changes: dict[str, Change] = {}
    for path in dict.fromkeys((*new, *old)):
        if path not in old:
            changes[path] = "added"
        elif path not in new:
            changes[path] = "removed"
        elif (old[path].kind, _values(old[path])) != (new[path].kind, _values(new[path])):
            changes[path] = "changed"
    return changes


def _keys(view: BoardView) -> dict[str, Key]:
    """Names nodes by where they stand, since ids may count through the whole board."""
    count: dict[Key, int] = {}
    keys: dict[str, Key] = {}
    for node in view.nodes:
        place = (node.phase, node.board, node.part or "", node.label, node.operation)
        count[place] = count.get(place, 0) + 1
        keys[node.id] = (*place, str(count[place]))
    return keys


class _Merged:
    """The nodes and wires of both boards, in the order of the later one."""

    def __init__(self, before: BoardView, after: BoardView, changed: dict[str, Change]) -> None:
        self.changes = 0
        self.wires: list[WireView] = []
        old, new = _keys(before), _keys(after)
        known = {key: node for node, key in new.items()}
        self.place = {node: known.get(key, f"was/{node}") for node, key in old.items()}
        present = set(old.values())
        self.nodes: dict[str, NodeView] = {
            node.id: _marked(node, changed, "added" if new[node.id] not in present else None)
            for node in after.nodes
        }
        for node in before.nodes:
            if self.place[node.id] not in self.nodes:
                moved = node.model_copy(update={"id": self.place[node.id]})
                self.nodes[moved.id] = _marked(moved, changed, "removed")
        self._merge_wires(before, after)
        self.crossings = list(self._merged_crossings(before, after))

    def _merge_wires(self, before: BoardView, after: BoardView) -> None:
        old = {(self._moved(w.source), self._moved(w.target)): w for w in before.wires}
        new = {(w.source, w.target): w for w in after.wires}
        for ends, wire in new.items():
            if ends not in old:
                self.changes += 1
                self.wires.append(wire.model_copy(update={"change": "added"}))
            else:
                same = wire.spec == old[ends].spec
                self.changes += not same
                update = {"change": "changed", "spec": f"{old[ends].spec} → {wire.spec}"}
                self.wires.append(wire if same else wire.model_copy(update=update))
        for ends, wire in old.items():
            if ends not in new:
                self.changes += 1
                self._add_removed(*ends, wire, before)

    def _moved(self, pin: PinRef) -> PinRef:
        return self.place[pin[0]], pin[1]

    def _merged_crossings(self, before: BoardView, after: BoardView) -> Iterator[CrossingView]:
        old = {(self.place[c.source], self.place[c.target]): c for c in crossings(before)}
        new = {(c.source, c.target): c for c in crossings(after)}
        for ends, line in new.items():
            was = old.get(ends)
            same = was is not None and was.gradient == line.gradient
            change: Change = "added" if was is None else "changed"
            yield line if same else line.model_copy(update={"change": change})
        for ends, line in old.items():
            if ends not in new:
                update = {"source": ends[0], "target": ends[1], "change": "removed"}
                yield line.model_copy(update=update)

    def _add_removed(
        self, source: PinRef, target: PinRef, wire: WireView, before: BoardView
    ) -> None:
        """Draws a wire that is gone; at a pin that is still there it ends on a pin of its own."""
        first = next(node for node in before.nodes if node.id == wire.source[0])
        last = next(node for node in before.nodes if node.id == wire.target[0])
        source = self._pin("outputs", source, first.outputs, source[1])
        taken = {w.target for w in self.wires}
        name = target[1]
        while (target[0], name) in taken:
            name += WAS
        target = self._pin("inputs", target, last.inputs, name)
        update = {"source": source, "target": target, "change": "removed"}
        self.wires.append(wire.model_copy(update=update))

    def _pin(self, side: str, pin: PinRef, known: tuple[PinView, ...], name: str) -> PinRef:
        """Makes sure the merged node has a pin."""
        node = self.nodes[pin[0]]
        pins: tuple[PinView, ...] = getattr(node, side)
        if all(other.name != name for other in pins):
            found = next(other for other in known if other.name == pin[1])
            added = (*pins, found.model_copy(update={"name": name}))
            self.nodes[pin[0]] = node.model_copy(update={side: added})
        return pin[0], name


def _marked(node: NodeView, changed: dict[str, Change], change: Change | None) -> NodeView:
    change = change or changed.get(node.part or "")
    return node.model_copy(update={"change": change}) if change else node


def _or_none(value: object) -> str:
    return "none" if value is None else str(value)


def _part_lines(
    before: BoardView, after: BoardView, changed: dict[str, Change], told: Collection[str]
) -> Iterator[str]:
    for path, change in changed.items():
        old, new = before.part(path), after.part(path)
        kinds = dict.fromkeys(part.kind for part in (old, new) if part)
        settings = _changed_settings(old, new) if old and new else {}
        news = {n: text for n, text in settings.items() if f"{path}.{n}".lstrip(".") not in told}
        if change == "changed" and len(kinds) == 1 and not news:
            continue
        yield f"{SIGN[change]} {path or 'the board'}: {' → '.join(kinds)}"
        yield from (f"    {name}: {text}" for name, text in news.items())


def _changed_settings(old: PartView, new: PartView) -> dict[str, str]:
    """What settings were and are, by name."""
    first, last = _values(old), _values(new)
    return {
        name: f"{_or_none(first.get(name))} → {_or_none(last.get(name))}"
        for name in dict.fromkeys((*first, *last))
        if first.get(name) != last.get(name)
    }


def _wire_lines(board: BoardView) -> Iterator[str]:
    labels = node_labels(board)
    phases = {node.id: node.phase for node in board.nodes}
    for wire in board.wires:
        if wire.change:
            ends = [f"{labels[node]}.{pin}" for node, pin in (wire.source, wire.target)]
            line = f"{SIGN[wire.change]} {phases[wire.source[0]]}: {' → '.join(ends)}  {wire.spec}"
            yield line.replace(WAS, "")
