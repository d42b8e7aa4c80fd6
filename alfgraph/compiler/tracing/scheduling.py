"""Which schedule each board runs under, and the numbers that follow."""

from __future__ import annotations

from typing import Any

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.repairs.calls import without_argument
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.tree import parts_below, sockets_of


def boards_of(root: Graph) -> list[Graph]:
    """Every board of the tree that may have phases, the root first, then in socket order."""
    return [part for part in parts_below(root) if isinstance(part, Graph)]


def own_schedule(board: Component) -> Schedule | None:
    """The schedule plugged into a board, set or default."""
    return next((p for _, p in sockets_of(board) if isinstance(p, Schedule)), None)


def default_schedule(board: Component) -> Schedule | None:
    """The schedule a board's class comes with."""
    for field in type(board).model_fields.values():
        if isinstance(field.default, Schedule):
            return field.default
    return None


def is_schedule_set(board: Component) -> bool:
    """Whether the user plugged a schedule into this board."""
    original = board.binding.original
    return any(isinstance(getattr(original, name), Schedule) for name in original.model_fields_set)


def accepts(board: Component, schedule: Schedule) -> bool:
    """Whether a board's phases can run under this kind of schedule."""
    default = default_schedule(board)
    return default is None or isinstance(schedule, type(default))


def effective_schedules(root: Graph, reporter: Reporter) -> dict[str, Schedule]:
    """The schedule of every board.

    It is the one set on it, else the nearest enclosing one that was set and whose kind it accepts,
    else its own default.
    """
    found: dict[str, Schedule] = {}
    used: set[int] = set()
    for board in boards_of(root):
        own = own_schedule(board)
        if own is not None and is_schedule_set(board):
            if default_schedule(board) is not None and not accepts(board, own):
                _report_kind(reporter, board, board, own)
            found[board.socket_path] = own
            if default_schedule(board) is not None:
                used.add(id(own))
            continue
        chosen = _inherited_schedule(board) or own
        if chosen is not None:
            found[board.socket_path] = chosen
            if _has_loops(board):
                used.add(id(chosen))
    for board in boards_of(root):
        own = own_schedule(board)
        if own is not None and is_schedule_set(board) and id(own) not in used:
            takers = [b for b in boards_of(root) if default_schedule(b) is not None]
            if takers and not any(accepts(taker, own) for taker in takers):
                _report_kind(reporter, takers[0], board, own)
    return found


def _has_loops(board: Component) -> bool:
    """Whether a board has phases that a schedule decides on; most transforms have none."""
    methods = (getattr(type(board), phase, None) for phase in ("prepare", "update"))
    return default_schedule(board) is not None or any(callable(method) for method in methods)


def _inherited_schedule(board: Component) -> Schedule | None:
    for outer in _enclosing(board):
        schedule = own_schedule(outer)
        if is_schedule_set(outer) and schedule is not None and accepts(board, schedule):
            return schedule
    return None


def _enclosing(board: Component) -> list[Component]:
    chain: list[Component] = []
    parent = board.binding.parent
    while parent is not None:
        chain.append(parent)
        parent = parent.binding.parent
    return chain


def _report_kind(reporter: Reporter, board: Component, holder: Component, given: Schedule) -> None:
    default = default_schedule(board)
    wanted = type(default).__name__
    name = next((n for n, p in sockets_of(holder) if isinstance(p, Schedule)), "schedule")
    reporter.report(
        Diagnostic(
            code="E501",
            message=(
                f"`{board.label()}` ({type(board).__name__}) cannot run under "
                f"{type(given).__name__}; it needs {wanted}"
            ),
            source=given.created_at,
            help=(
                Help(
                    text=f"`{name}={wanted}(...)`, or leave `{name}` out",
                    edits=without_argument(holder.created_at, name),
                    retype=Retype(given=name, instead=wanted),
                ),
            ),
            path=given.socket_path,
        )
    )


def collection_schedule(root: Graph, schedules: dict[str, Schedule]) -> Schedule | None:
    """The outermost schedule: it decides how much is collected."""
    return next(
        (schedules[b.socket_path] for b in boards_of(root) if b.socket_path in schedules), None
    )


def find_trainer(root: Graph) -> Trainer:
    """The trainer plugged into the board, found by class; the default one if there is none."""
    parts: list[Any] = [part for part in parts_below(root) if isinstance(part, Trainer)]
    return parts[0] if parts else Trainer()
