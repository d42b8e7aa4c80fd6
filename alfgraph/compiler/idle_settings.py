"""Which settings of a board have an effect: a part that nothing on the board calls has none."""

from __future__ import annotations

from collections.abc import Iterable

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.overrides.setting_row import SettingRow
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.tree import parts_below

COLLECTING = "unroll_length"
"""Of a schedule: read only where it is the outermost, which decides how much is collected."""


def without_effect(plan: Plan, rows: Iterable[SettingRow]) -> frozenset[str]:
    """Paths of the settings and sockets that nothing on the board reads.

    Args:
        plan: of the checked board.
        rows: the board's settings.

    Returns:
        Those of parts that no phase calls, of schedules that no board runs under, and of lengths
        that another schedule decides.
    """
    draft = plan.compiled.draft
    live = {node.path for section in draft.sections for node in section.nodes()}
    idle, computing, unread = [], [], set()
    for part in parts_below(draft.root):
        path = part.socket_path
        if isinstance(part, Schedule):
            is_used = any(schedule.socket_path == path for schedule in draft.schedules.values())
            if is_used and not _collects(draft, path):
                unread.add(f"{path}.{COLLECTING}")
        else:
            is_used = isinstance(part, Trainer) or _is_reached(path, live)
        if not is_used:
            idle.append(path)
        elif path in live and not isinstance(part, Graph):
            computing.append(path)
    # What is plugged into a leaf that runs is the leaf's own business.
    idle = [path for path in idle if not any(_is_below(path, leaf) for leaf in computing)]
    return frozenset(
        row.path
        for row in rows
        if row.path in unread or any(row.path == p or _is_below(row.path, p) for p in idle)
    )


def _collects(draft: Draft, path: str) -> bool:
    return draft.collection is not None and draft.collection.socket_path == path


def _is_reached(path: str, live: Iterable[str]) -> bool:
    """Whether a part, or anything plugged into it, is called."""
    return not path or any(node == path or _is_below(node, path) for node in live)


def _is_below(path: str, above: str) -> bool:
    return path.startswith(f"{above}.")


def idle_overrides(plan: Plan, rows: Iterable[SettingRow]) -> list[Diagnostic]:
    """A warning for every `--set` and `--swap` that changes nothing.

    Args:
        plan: of the checked board.
        rows: the board's settings, with their origins.
    """
    listed = list(rows)
    idle = without_effect(plan, listed)
    found = []
    for row in listed:
        if row.path in idle and row.origin.startswith(("--set", "--swap")):
            helps = _where_instead(plan, row)
            message = f"`{row.path}` ({row.origin}) has no effect: nothing on this board reads it"
            found.append(Diagnostic(code="W301", message=message, help=helps, path=row.path))
    return found


def _where_instead(plan: Plan, row: SettingRow) -> tuple[Help, ...]:
    """For a schedule, the one that the board does run under."""
    draft = plan.compiled.draft
    holder, _, name = row.path.rpartition(".")
    owners: list[Component] = [p for p in parts_below(draft.root) if p.socket_path == holder]
    used = draft.collection
    if not (owners and isinstance(owners[0], Schedule)) or used is None or not used.is_bound:
        return ()
    return (Help(text=f"did you mean `{used.socket_path}.{name}`?"),)
