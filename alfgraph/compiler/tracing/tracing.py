"""Trace: run every phase method once, on wires, and keep the nodes it leaves behind."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.solving.mismatches import lines_of_part
from alfgraph.compiler.tracing.feeds import check_feeds
from alfgraph.compiler.tracing.scheduling import (
    boards_of,
    collection_schedule,
    effective_schedules,
    find_trainer,
)
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.repairs.calls import as_help
from alfgraph.diagnostics.repairs.exceptions import advice
from alfgraph.diagnostics.shown_line import shown_line
from alfgraph.diagnostics.source import Source, outermost
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.graph import PHASES, Graph
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.schedule import Rate, Schedule
from alfgraph.wiring.trace import Trace
from alfgraph.wiring.wires import Wire

EVALUATION = "predict"


class _Called:
    """Which phases of which boards somebody called already."""

    def __init__(self) -> None:
        self.phases: set[tuple[str, str]] = set()


def trace_board(draft: Draft) -> None:
    """Fill `draft.sections`: the parent's phases first, then nested ones nobody called."""
    root = draft.root
    draft.schedules = effective_schedules(root, draft.reporter)
    draft.collection = collection_schedule(root, draft.schedules)
    draft.trainer = find_trainer(root)
    called = _Called()
    boards = boards_of(root)
    for part in boards:
        _watch(part, draft, called)
    own = _own_phases(draft)
    _check_rates(draft)
    for phase in (*PHASES, *own, EVALUATION):
        if draft.reporter.errors:
            return
        if phase in {"unroll", EVALUATION}:
            _trace_together(draft, phase, boards, called)
        else:
            for part in boards:
                _trace_alone(draft, phase, part, called)
    for section in () if draft.reporter.errors else draft.sections:
        check_feeds(draft, section)


def _own_phases(draft: Draft) -> list[str]:
    names: dict[str, None] = {}
    for schedule in draft.schedules.values():
        names |= dict.fromkeys(schedule.rates())
    return list(names)


def _rate_of(draft: Draft, part: Graph, phase: str) -> Rate | None:
    schedule = draft.schedules.get(part.socket_path)
    return schedule.rates().get(phase) if schedule else None


def _check_rates(draft: Draft) -> None:
    """A rate that names no method is a misspelling."""
    for part in boards_of(draft.root):
        schedule = draft.schedules.get(part.socket_path)
        if schedule is None or schedule.binding.parent is not part:
            continue
        for name in schedule.rates():
            if not any(callable(getattr(type(b), name, None)) for b in boards_of(draft.root)):
                _report_rate(draft, schedule, name)


def _report_rate(draft: Draft, schedule: Schedule, name: str) -> None:
    methods = {
        method
        for part in boards_of(draft.root)
        for kind in type(part).__mro__
        if kind is not Graph and issubclass(kind, Graph)
        for method, value in vars(kind).items()
        if callable(value) and not method.startswith("_") and method not in vars(Graph)
    }
    near = did_you_mean(name, methods - {*PHASES, EVALUATION})
    meant = [f"did you mean `{near}`?"] if near else []
    fixes = [*meant, f"define `{name}(self)` on the board, or name the rate like the method"]
    draft.reporter.report(
        Diagnostic(
            code="E505",
            message=f"`{type(schedule).__name__}.{name}` is the rate of a phase that no board has",
            source=schedule.created_at,
            help=tuple(Help(text=text) for text in fixes),
            path=schedule.socket_path,
            about=(name,),
        )
    )


def _runs_by_itself(part: Graph, phase: str) -> bool:
    """Whether the class defines this phase as a method without arguments."""
    method = getattr(type(part), phase, None)
    if not callable(method) or (phase != "unroll" and phase in vars(Graph)):
        return False
    try:
        return len(inspect.signature(method).parameters) == 1
    except (TypeError, ValueError):
        return False


def _trace_together(draft: Draft, phase: str, boards: list[Graph], called: _Called) -> None:
    """All boards' share of one phase in one section: they run in the same tick."""
    takers = [part for part in boards if _runs_by_itself(part, phase)]
    if phase == EVALUATION:
        takers = [part for part in takers if part is draft.root]
    if not takers:
        return
    section = Section(phase, phase, takers[0].socket_path, Trace(phase), draft.collection)
    draft.sections.append(section)
    for part in takers:
        if (part.socket_path, phase) not in called.phases:
            _run(draft, section, part, phase)


def _trace_alone(draft: Draft, phase: str, part: Graph, called: _Called) -> None:
    """One section for one board's phase: it runs at that board's rate."""
    rate = _rate_of(draft, part, phase)
    known = phase in PHASES or rate is not None
    if not known or not _runs_by_itself(part, phase) or (part.socket_path, phase) in called.phases:
        return
    taken = any(section.phase == phase for section in draft.sections)
    suffix = part.socket_path.replace(".", "_")
    name = f"{phase}_{suffix}" if taken else phase
    schedule = draft.schedules.get(part.socket_path)
    section = Section(name, phase, part.socket_path, Trace(name), schedule, rate)
    draft.sections.append(section)
    _run(draft, section, part, phase)


@outermost
def _run(draft: Draft, section: Section, part: Graph, phase: str) -> None:
    slot = part.binding.slot
    slot.trace = section.trace
    try:
        section.trace.returned[part.socket_path] = getattr(part, phase)()
    except AlfgraphError as error:
        draft.reporter.extend(_at_users_line(diagnostic, part) for diagnostic in error.diagnostics)
    except Exception as error:  # whatever a user's phase method raises becomes a diagnostic
        source = Source.of_exception(error)
        draft.reporter.report(
            Diagnostic(
                code="E405",
                message=f"`{part.label()}.{phase}` raised {type(error).__name__}: {_said(error)}",
                source=source,
                path=part.socket_path,
                help=tuple(as_help(fix, source) for fix in (*advice(error), _ONCE)),
            )
        )
    finally:
        slot.trace = None


def _at_users_line(diagnostic: Diagnostic, part: Graph) -> Diagnostic:
    """What an inherited phase method gets wrong is shown where the user made the board."""
    where = diagnostic.source
    if where is None or not in_library(where.file):
        return diagnostic
    source, wired = shown_line((where,), lines_of_part(part))
    related = (*wired, *diagnostic.related)
    return diagnostic.model_copy(update={"source": source, "related": related})


_ONCE = "phase methods run once, on wires, when the board is compiled"


def _said(error: Exception) -> str:
    """What an exception says; pydantic's in one line."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors()
    )


def _watch(part: Graph, draft: Draft, called: _Called) -> None:
    """Let the phase methods of one bound board note that they were called, and by name of board."""
    names = {*PHASES, EVALUATION, *_own_phases(draft)}
    for phase in names:
        method = getattr(type(part), phase, None)
        if callable(method):
            part.__dict__[phase] = _watched(method.__get__(part), part, phase, called)


def _note_action(trace: Trace, part: Graph, args: tuple[Any, ...], result: Any) -> None:
    """What an algorithm answers to a step is an action like the one before that step."""
    step = next((argument for argument in args if isinstance(argument, TimeStep)), None)
    if step is not None and isinstance(part, Algorithm) and isinstance(result, Wire):
        trace.likely.append((result.value, step.prev_action.value))


def _trace_replaced(trace: Trace, method: Callable[[], Any]) -> None:
    """Wire a phase that a function replaces, so that its parts learn their specs."""
    first, stops = len(trace.nodes), len(trace.stops)
    with contextlib.suppress(AlfgraphError):  # it never runs, so it need not be right
        method()
    del trace.stops[stops:]
    for node in trace.nodes[first:]:
        node.is_replaced = True


def _watched(method: Callable[..., Any], part: Graph, phase: str, called: _Called) -> Any:
    @functools.wraps(method)
    def phase_method(*args: Any, **named: Any) -> Any:
        called.phases.add((part.socket_path, phase))
        trace = part.binding.slot.trace
        first = len(trace.nodes) if trace else 0
        by = part.replaced_phases.get(phase)
        if by is not None and trace is not None:
            trace.add(
                kind="function",
                board=part.socket_path,
                path=part.socket_path,
                component=part,
                call=phase,
                settings={"by": by, "effect": True, "with_grad": part.keeps_gradient_for(phase)},
                sources=Source.stack_of_caller(),
            )
            _trace_replaced(trace, lambda: method(*args, **named))
            return None
        result = method(*args, **named)
        if trace is not None:
            _note_action(trace, part, args, result)
            for node in trace.nodes[first:]:
                node.board = node.board or part.socket_path
        return result

    return phase_method
