"""Which nodes run: what an effect needs, and nothing else. Ports nobody reads are not computed."""

from __future__ import annotations

from collections.abc import Callable

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.tracing.tracing import EVALUATION
from alfgraph.families.buffer import Buffer
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below

Wake = Callable[[Node], None]


def mark_live(draft: Draft) -> None:
    """Fill `section.live`; unread leaves leave the writes they were in."""
    pending: list[tuple[Section, Node]] = []
    by_phase = {section.trace.phase: section for section in draft.sections}

    def wake(node: Node) -> None:
        section = by_phase[node.phase]
        if not node.is_replaced and node.id not in section.live:
            section.live.add(node.id)
            pending.append((section, node))

    leaves_read: set[tuple[str, str]] = set()
    for section in draft.sections:
        section.live.clear()
    for node in [root for section in draft.sections for root in _roots(section)]:
        wake(node)
    for node in _writes_by_hand(draft):
        wake(node)
        _wake_whole_write(node, wake, leaves_read)
    while pending:
        section, node = pending.pop()
        if isinstance(node.component, Buffer) and node.call == "write":
            continue
        for value in node.inputs.values():
            _wake_value(value, wake, leaves_read)
        if isinstance(node.component, Buffer) and node.outputs:
            _wake_writes(section, node, wake, leaves_read)
    _prune_writes(draft, leaves_read)


def _writes_by_hand(draft: Draft) -> list[Node]:
    """Writes that a phase by hand may read all leaves of."""
    handed = parts_by_hand(draft)
    return [
        node
        for section in draft.sections
        if section.phase != EVALUATION
        for node in section.trace.nodes
        if isinstance(node.component, Buffer) and node.call == "write" and node.path in handed
    ]


def _wake_whole_write(node: Node, wake: Wake, leaves_read: set[tuple[str, str]]) -> None:
    for name, value in node.inputs.items():
        leaves_read.add((node.path, name))
        _wake_value(value, wake, leaves_read)


def parts_by_hand(draft: Draft) -> dict[str, Component]:
    """The parts of boards that have a phase written by hand, by path: it may use any of them."""
    return {
        part.socket_path: part
        for section in draft.sections
        for node in section.trace.nodes
        if node.kind == "function"
        for part in parts_below(node.component)
    }


def _wake_value(value: Value, wake: Wake, leaves_read: set[tuple[str, str]]) -> None:
    node = value.node
    wake(node)
    if isinstance(node.component, Buffer):
        key = (node.path, value.name)
        if key not in leaves_read:
            leaves_read.add(key)
            _wake_leaf(node, value.name, wake, leaves_read)


def _wake_leaf(node: Node, name: str, wake: Wake, leaves_read: set[tuple[str, str]]) -> None:
    contents = node.component.binding.slot.contents[node.path]
    written = contents.node.inputs.get(name)
    wake(contents.node)
    if written is not None:
        _wake_value(written, wake, leaves_read)


def _wake_writes(
    section: Section, node: Node, wake: Wake, leaves_read: set[tuple[str, str]]
) -> None:
    """Whoever reads a buffer needs it written, and what the buffer itself must see."""
    contents = node.component.binding.slot.contents[node.path]
    wake(contents.node)
    for name in node.component.always_stored(tuple(contents.node.inputs)):
        key = (node.path, name)
        if key not in leaves_read:
            leaves_read.add(key)
            _wake_leaf(node, name, wake, leaves_read)


def _roots(section: Section) -> list[Node]:
    """Effects: feeds, optimizers, statistics, functions, conditions to stop."""
    found = [feed.value.node for feed in section.trace.feeds]
    found += [feed.node for feed in section.trace.feeds]
    found += [value.node for value, _, _ in section.trace.stops]
    if section.phase == EVALUATION:
        return found
    for node in section.trace.nodes:
        is_write = isinstance(node.component, Buffer) and node.call == "write"
        runs = node.is_effect or node.kind == "function"
        if runs and not is_write and not node.is_replaced:
            found.append(node)
    return found


def _prune_writes(draft: Draft, leaves_read: set[tuple[str, str]]) -> None:
    for section in draft.sections:
        for node in section.trace.nodes:
            if not isinstance(node.component, Buffer) or node.call != "write":
                continue
            node.settings["leaves"] = tuple(
                name for name in node.inputs if (node.path, name) in leaves_read
            )
