"""Judge a mutant: what checks clean must run, what is rejected must deserve it."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import alfgraph
from alfgraph.compiler.draft import Draft
from alfgraph.compiler.pipeline import _unchecked
from alfgraph.compiler.plan import Plan
from alfgraph.compiler.solving.mismatches import place
from alfgraph.compiler.tracing.tracing import trace_board
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.diagnostics.formats import to_json
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.diagnostics.source import Source
from alfgraph.drawing.picture.from_plan import board_view
from alfgraph.drawing.rendering import render_view
from alfgraph.runtime.opening import RunOptions, open_session
from alfgraph.wiring.binding import bind
from alfgraph.wiring.trace import Node
from tests.fuzzing.mutants import Mutant
from tests.fuzzing.pins import watch
from tests.fuzzing.policies import DEAD, REFUSED_BY_PART, policy_of

CORE = str(Path(__file__).parents[2] / "alfgraph")
SECONDS = 20
"""After which a mutant counts as hanging."""

UNCHECKED_SECONDS = 3
"""After which a rejected board counts as one that never ends."""

OUTCOMES = {
    "ran": "checked clean; trained two iterations and was evaluated",
    "own code": "checked clean; a function that replaces a phase, which is not tried, raised",
    "own numbers": "checked clean; what was rewired or set made a number infinite; E604 names it",
    "refused": "a setting or a socket refused the change: there is no board",
    "unwired": "a phase method itself raised at the line that is shown: there is nothing to lower",
    "raised": "rejected; lowered all the same it raised, or never ended",
    "other": "rejected; lowered all the same it ran with other shapes or dtypes than declared",
    "policy": "rejected under a policy; lowered all the same it ran, or nothing was to be lowered",
}

ITERATIONS = 8
"""Of a clean board whose number of iterations was changed."""

UNCHECKED_ITERATIONS = 6
"""Of a rejected board: what is wrong may stand where it runs only now and then."""

FINDINGS = ("traceback", "masked traceback", "crashed", "not finite", "runnable", "hanging")
"""Outcomes that are faults of the framework until somebody shows that they are not."""


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        outcome: a key of `OUTCOMES`, or one of `FINDINGS`.
        codes: of the diagnostics that rejected it.
        why: the policy; for findings, what happened.
        where: the innermost line of ours, to tell findings apart.
    """

    outcome: str
    codes: tuple[str, ...] = ()
    why: str = ""
    where: str = ""


class _TooLong(BaseException):
    pass


@contextmanager
def _limit(seconds: int) -> Iterator[None]:
    """Seconds of this process; an inner limit ends an outer one."""

    def stop(*_: Any) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(mutant: Mutant) -> Verdict:
    """Check a mutant; run it if it is clean, lower it anyway if it is not."""
    torch.set_grad_enabled(True)  # a mutant that was stopped may have left it off
    try:
        with _limit(SECONDS):
            return _judged(mutant)
    except _TooLong as error:
        return Verdict("hanging", why=_last_lines(error), where=_place(error))


def _judged(mutant: Mutant) -> Verdict:
    if mutant.refusal is not None:
        if isinstance(mutant.refusal, AlfgraphError):
            return _rejected(mutant.refusal, mutant)
        return _finding("traceback", mutant.refusal)
    with _noted_failures() as masked:
        try:
            plan: Plan = alfgraph.plan(mutant.graph)
        except AlfgraphError as error:
            if masked:
                return _finding("masked traceback", masked[0])
            return _rejected(error, mutant)
        except Exception as error:
            return _finding("traceback", error)
    return _ran(plan, mutant)


def _rejected(error: AlfgraphError, mutant: Mutant) -> Verdict:
    try:
        str(error)
        to_json(error.diagnostics)
    except Exception as raised:
        return _finding("traceback", raised)
    errors = [d for d in error.diagnostics if d.severity == "error"]
    codes = tuple(sorted({d.code for d in errors}))
    unnamed = [d.message for d in errors if not d.code]
    if unnamed:
        return Verdict("traceback", codes, f"no code: {unnamed[0]}")
    if mutant.graph is None:
        return Verdict("refused", codes)
    return _lowered(mutant, errors, codes)


def _lowered(mutant: Mutant, errors: list[Diagnostic], codes: tuple[str, ...]) -> Verdict:
    """What a rejected board does if it is run all the same."""
    policies = [policy_of(diagnostic, mutant.changes) for diagnostic in errors]
    named = next((policy for policy in policies if policy is not None), None)
    if _is_unwired(mutant.graph):
        on_purpose = named is not None and named != REFUSED_BY_PART
        return Verdict("policy", codes, named or "") if on_purpose else Verdict("unwired", codes)
    seen: list[str] = []
    dead: list[bool] = []
    raised = ""
    try:
        with _limit(UNCHECKED_SECONDS):
            plan = _unchecked(mutant.graph)
            dead = [_is_dead(plan, diagnostic) for diagnostic in errors]
            _run(plan, seen)
    except Exception as error:
        raised = type(error).__name__
    except _TooLong:
        raised = "it never ends"
    if raised or seen:
        return Verdict("raised" if raised else "other", codes, raised or seen[0])
    named = DEAD if named is None and all(dead) else named
    if named is None:
        return Verdict("runnable", codes, str(errors[0]), errors[0].code)
    return Verdict("policy", codes, named)


def _is_unwired(graph: Any) -> bool:
    """Whether a phase method itself raised: there is nothing behind that line to lower."""
    draft = Draft(root=bind(graph), reporter=Reporter())
    trace_board(draft)
    return any(d.code not in _SAID_OF_WHOLE_PHASES for d in draft.reporter.errors)


_SAID_OF_WHOLE_PHASES = {"E202", "E501", "E505"}


def _is_dead(plan: Plan, diagnostic: Diagnostic) -> bool:
    """Whether what is wrong belongs to nodes that never run."""

    def is_there(node: Node) -> bool:
        return diagnostic.source is not None and place(node)[0] == diagnostic.source

    sections = plan.compiled.draft.sections
    named = [
        (node, section)
        for section in sections
        for node in section.trace.nodes
        if (node.path == diagnostic.path if node.kind == "component" else is_there(node))
    ]
    return bool(named) and not any(node.id in section.live for node, section in named)


def _run(plan: Plan, seen: list[str]) -> None:
    options: RunOptions = {"quiet": True, "save": False}
    with open_session(plan, None, options) as session:
        watch(session.program, seen.append)
        for _ in range(UNCHECKED_ITERATIONS):
            if not seen:
                session.iterate()


def _ran(plan: Plan, mutant: Mutant) -> Verdict:
    try:
        if mutant.number % 4 == 0:
            render_view(board_view(plan), "txt")
            str(plan)
        options: RunOptions = {"quiet": True, "save": False}
        with open_session(plan, None, options) as session:
            while not session.is_done and session.iteration < ITERATIONS:
                session.iterate()
            if session.agenda.evaluates and not session.is_done:
                session.evaluate()
    except AlfgraphError as error:
        if error.diagnostics[0].code != "E604":
            return _own_code(plan, error) or _finding("crashed", error)
        if any("rewired" in change or " = " in change for change in mutant.changes):
            return Verdict("own numbers", ("E604",), error.diagnostics[0].message)
        return _finding("not finite", error)
    except Exception as error:
        return _own_code(plan, error) or _finding("crashed", error)
    return Verdict("ran")


def _own_code(plan: Plan, error: Exception) -> Verdict | None:
    """The verdict where a function replaces a phase: what it calls is not tried, and may fail."""
    sections = plan.compiled.draft.sections
    if any(node.kind == "function" for s in sections for node in s.trace.nodes):
        return Verdict("own code", why=type(error).__name__)
    return None


def _finding(outcome: str, error: BaseException) -> Verdict:
    codes = tuple(d.code for d in getattr(error, "diagnostics", ()))
    return Verdict(outcome, codes, _last_lines(error), _place(error))


def _last_lines(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-3000:]


def _place(error: BaseException) -> str:
    """Type of an error and the innermost function of ours it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(CORE)]
    inner = frames[-1] if frames else None
    at = f"{inner.filename.removeprefix(CORE)}:{inner.name}" if inner else "?"
    return f"{type(error).__name__} at {at}"


@contextmanager
def _noted_failures() -> Iterator[list[BaseException]]:
    """Exceptions that became diagnostics although the core, not the user's code, raised them."""
    found: list[BaseException] = []
    original = vars(Source)["of_exception"]

    def noting(cls: type[Source], error: BaseException, skip: Any = None) -> Any:
        frames = traceback.extract_tb(error.__traceback__)
        inner = frames[-1].filename if frames else ""
        is_call = bool(frames) and frames[-1].name in {
            "phase_method",
            "unroll",
        }  # too few arguments
        of_core = inner.startswith(CORE) and "/components/" not in inner and not is_call
        if of_core and not isinstance(error, AlfgraphError):
            found.append(error)
        return original.__func__(cls, error, skip)

    setattr(Source, "of_exception", classmethod(noting))  # noqa: B010  (a method is not assigned)
    try:
        yield found
    finally:
        setattr(Source, "of_exception", original)  # noqa: B010
