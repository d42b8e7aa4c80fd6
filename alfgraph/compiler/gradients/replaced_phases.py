"""Phases written by hand: they may read and train anything of their board."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft, Ownership, Section
from alfgraph.compiler.gradients.reach import reach_of, trains
from alfgraph.families.buffer import Buffer
from alfgraph.families.learning import Optimizer
from alfgraph.wiring.trace import Node
from alfgraph.wiring.tree import parts_below


def hand_over(draft: Draft) -> None:
    """Give every optimizer of a board with a phase by hand all parameters of that board.

    With `replace(..., with_grad=True)` its rollout buffers keep the graph of `unroll`.
    """
    for section in draft.sections:
        for node in section.trace.nodes:
            if node.kind == "function":
                _hand_over(draft, section, node)


def _hand_over(draft: Draft, section: Section, node: Node) -> None:
    parts = parts_below(node.component)
    owned = tuple(dict.fromkeys(p.binding.parameters for p in parts if trains(draft, p)))
    crossing = tuple(_kept_graphs(draft, section, node)) if node.settings["with_grad"] else ()
    for path, _leaf in crossing:
        draft.gradient[path] = "with grad"
    for part in parts:
        if isinstance(part, Optimizer) and owned:
            before = draft.ownership.get(part.socket_path)
            crossed = (*(before.crossing if before else ()), *crossing)
            draft.ownership[part.socket_path] = Ownership(part.socket_path, owned, owned, crossed)


def _kept_graphs(draft: Draft, section: Section, node: Node) -> list[tuple[str, str]]:
    """Recorded leaves behind which something is trained: (buffer, leaf)."""
    return [
        (part.socket_path, leaf)
        for part in parts_below(node.component)
        if isinstance(part, Buffer) and part.keeps_gradient
        if part.socket_path in part.binding.slot.contents
        for leaf, written in part.binding.slot.contents[part.socket_path].node.inputs.items()
        if written.node.phase == "unroll" and reach_of(draft, section, written).parameters
    ]
