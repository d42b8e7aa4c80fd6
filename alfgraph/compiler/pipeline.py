"""The passes in their order."""

from __future__ import annotations

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.gradients.liveness import mark_live
from alfgraph.compiler.gradients.ownership import decide_ownership
from alfgraph.compiler.gradients.recompute import cross_rollouts
from alfgraph.compiler.gradients.replaced_phases import hand_over
from alfgraph.compiler.lints.never_due import warn_of_what_never_comes
from alfgraph.compiler.lints.registers import warn_of_forgotten_registers
from alfgraph.compiler.lints.statistics import warn_of_idle_statistics
from alfgraph.compiler.lints.stopping import check_stops
from alfgraph.compiler.lowering.program_writer import lower
from alfgraph.compiler.plan import Plan
from alfgraph.compiler.planning import make_plan, schedule_plan
from alfgraph.compiler.schedule.loops import number_board
from alfgraph.compiler.solving.solving import solve_board
from alfgraph.compiler.tracing.tracing import trace_board
from alfgraph.compiler.trial.trial import run_trial, run_trial_with_gradient
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.families.graph import Graph
from alfgraph.overrides.origins import graph_name
from alfgraph.wiring.binding import bind


class _Unheeded(Reporter):
    """Takes errors in, and stops no pass for them."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """None that stops the board."""
        return ()


def check_graph(graph: Graph, *, recompute: bool = True, reporter: Reporter | None = None) -> Draft:
    """Run every pass up to the schedule; diagnostics are in `draft.reporter`.

    Args:
        graph: the user's board; it is not changed.
        recompute: False keeps live graphs across rollouts (the reference form).
        reporter: takes the diagnostics in.
    """
    draft = Draft(root=bind(graph), reporter=reporter or Reporter())
    trace_board(draft)
    solve_board(draft)
    check_stops(draft)
    if draft.reporter.errors:
        return draft
    run_trial(draft)
    if draft.reporter.errors:
        return draft
    mark_live(draft)
    decide_ownership(draft)
    if draft.reporter.errors:
        return draft
    run_trial_with_gradient(draft)
    if draft.reporter.errors:
        return draft
    hand_over(draft)
    cross_rollouts(draft, recompute)
    mark_live(draft)
    warn_of_idle_statistics(draft)
    warn_of_forgotten_registers(draft)
    return draft


def compile_graph(graph: Graph, *, recompute: bool = True, name: str | None = None) -> Plan:
    """Check a board and make its plan.

    Args:
        graph: the user's board; it is not changed.
        recompute: False keeps live graphs across rollouts (the reference form).
        name: what to call it; by default the graph's class.

    Raises:
        WiringError: with every diagnostic of the board, root cause first.
    """
    draft = check_graph(graph, recompute=recompute)
    draft.reporter.raise_if_errors(WiringError)
    return _planned(graph, draft, name)


def plan(board: Graph) -> Plan:
    """Check a board and make its plan: the schedule in numbers, every wire, the program.

    Raises:
        BoardError: with every diagnostic of the board, root cause first.
    """
    return compile_graph(board)


def check(board: Graph) -> Plan:
    """Check a board; the same as `plan`, for those who only want to know.

    Raises:
        BoardError: with every diagnostic of the board, root cause first.
    """
    return compile_graph(board)


def _unchecked(graph: Graph) -> Plan:
    """Lower a board whatever is wrong with it; only tests call this: is a rejection deserved?"""
    return _planned(graph, check_graph(graph, reporter=_Unheeded()), None)


def _planned(graph: Graph, draft: Draft, name: str | None) -> Plan:
    loops = number_board(draft)
    draft.reporter.raise_if_errors(WiringError)
    warn_of_what_never_comes(draft, schedule_plan(draft, loops))
    title = name or graph_name(graph)
    lowered = lower(draft, loops, f"The training loop of {title}.")
    return make_plan(graph, draft, loops, lowered, title)
