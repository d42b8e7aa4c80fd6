"""Ownership: every parameter has one optimizer, or says that it has none."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft, Ownership
from alfgraph.compiler.gradients.reach import Reach, named_by, optimizer_nodes, reach_of
from alfgraph.compiler.gradients.reports import (
    report_conflicts,
    report_idle,
    report_mixed,
    report_orphans,
    report_stale,
    report_unreached,
    warn_losses,
)
from alfgraph.wiring.trace import Node
from alfgraph.wiring.tree import parts_below


def decide_ownership(draft: Draft) -> None:
    """Fill `draft.ownership`; losses that reach nothing, and orphans, become diagnostics."""
    claims = [(n, reach_of(draft, s, n.inputs["loss"])) for s, n in optimizer_nodes(draft)]
    named: dict[str, set[str]] = {}
    for node, reach in claims:
        for path in named_by(draft, node):
            named.setdefault(path, set()).add(node.path)
        if not reach.parameters:
            report_unreached(draft, node, ())
    owners: dict[str, list[Node]] = {}
    for node, reach in claims:
        owned = claimed(draft, node, reach, named)
        for path in owned:
            owners.setdefault(path, []).append(node)
        _record(draft, node, owned, reach)
    report_idle(draft, [node for node, reach in claims if reach.parameters])
    report_conflicts(draft, owners, named)
    for node, reach in claims:
        report_stale(draft, node, reach)
    report_mixed(draft, [node for node, _ in claims if node.parts.get("trains")])
    if not draft.reporter.errors:  # else the parts are orphans because of those
        report_orphans(draft, owners)


def claimed(draft: Draft, node: Node, reach: Reach, named: dict[str, set[str]]) -> list[str]:
    """What one application of an optimizer trains."""
    if not node.parts.get("trains"):
        warn_losses(draft, node, reach, named)
        return [path for path in reach.parameters if path not in named]
    wanted = named_by(draft, node)
    missing = sorted(wanted - set(reach.parameters))
    if missing and reach.parameters:
        report_unreached(draft, node, missing)
    return [path for path in reach.parameters if path in wanted]


def _record(draft: Draft, node: Node, owned: list[str], reach: Reach) -> None:
    before = draft.ownership.get(node.path)
    order = {part.binding.parameters: i for i, part in enumerate(parts_below(draft.root))}
    merged = dict.fromkeys((*(before.owned if before else ()), *owned))
    reached = dict.fromkeys((*(before.reached if before else ()), *reach.parameters))
    draft.ownership[node.path] = Ownership(
        path=node.path,
        owned=tuple(sorted(merged, key=lambda path: order.get(path, 0))),
        reached=tuple(sorted(reached, key=lambda path: order.get(path, 0))),
        crossing=(*(before.crossing if before else ()), *reach.crossing),
    )
