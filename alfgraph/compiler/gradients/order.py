"""Several optimizers in one function: which gradients must be taken before which steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.gradients.reach import optimizer_nodes, parameters_used, reach_of
from alfgraph.compiler.gradients.recompute import RANDOM_METHODS
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.wiring.trace import Node


@dataclass(eq=False)
class OptimizerOrder:
    """What is special about the optimizers of one section.

    Attributes:
        retained: another loss goes back through the same graph, so it is kept.
        hoisted: later optimizers that are differentiated before this one's step.
        ahead: what is left to compute of a hoisted loss, in the order of the text.
        deferred: the later optimizer behind which this one's step is taken.
    """

    retained: set[Node] = field(default_factory=set)
    hoisted: dict[Node, list[Node]] = field(default_factory=dict)
    ahead: dict[Node, list[Node]] = field(default_factory=dict)
    deferred: dict[Node, Node] = field(default_factory=dict)

    @property
    def early(self) -> set[Node]:
        """Optimizers whose gradient is taken ahead of their place in the text."""
        return {later for laters in self.hoisted.values() for later in laters}


def order_optimizers(draft: Draft, section: Section, gates: Mapping[int, int]) -> OptimizerOrder:
    """Find losses that flow through parameters an earlier optimizer steps.

    If such a loss was computed before that step, autograd must go back before it, too. Its gradient
    is taken ahead, after the arithmetic that is left of it; where more than that is left, the
    earlier step waits.

    Args:
        draft: with ownership decided.
        section: a loop of the program.
        gates: how seldom each of its nodes runs.
    """
    live = {node.id for node in section.nodes()}
    mine = [n for s, n in optimizer_nodes(draft) if s is section and n.id in live]
    reach = {node: set(reach_of(draft, section, node.inputs["loss"]).nodes) for node in mine}
    at = {node: i for i, node in enumerate(section.trace.nodes)}
    order = OptimizerOrder()
    for i, first in enumerate(mine):
        owned = set(draft.ownership[first.path].owned)
        for later in mine[i + 1 :]:
            if reach[first] & reach[later]:
                order.retained.add(first)
            stale = [n for n in reach[later] if at.get(n, -1) < at[first]]
            if not any(owned & set(parameters_used(n)) for n in stale):
                continue
            left = _left(later.inputs["loss"].node, at, at[first])
            in_time = all(gates[n.id] % gates[first.id] == 0 for n in (later, *left))
            if not in_time or not all(_is_arithmetic(draft, n) for n in left):
                order.deferred[first] = later
            elif later not in order.early:
                order.hoisted.setdefault(first, []).append(later)
                order.ahead[later] = left
    return order


def _left(loss: Node, at: Mapping[Node, int], place: int) -> list[Node]:
    """What of a loss is computed behind a place in the text."""
    found: set[Node] = set()
    pending = [loss]
    while pending:
        node = pending.pop()
        if at.get(node, -1) > place and node not in found:
            found.add(node)
            pending += [value.node for value in node.inputs.values()]
    return sorted(found, key=lambda node: at[node])


def _is_arithmetic(draft: Draft, node: Node) -> bool:
    """Whether it is the same wherever it is computed: no parameters, registers, draws, effects."""
    part = node.component
    if (node.phase, node.id) in draft.random or node.call in RANDOM_METHODS or node.is_effect:
        return False
    if part is None:
        return True
    plain = not part.has_build() and not part.state_ports() and node.call == "forward"
    return plain and not isinstance(part, Buffer | Environment)
