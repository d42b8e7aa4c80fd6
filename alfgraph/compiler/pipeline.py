"""The passes in their order."""

from __future__ import annotations

from alfgraph.binding import bind
from alfgraph.compiler.board import Board
from alfgraph.compiler.by_hand import hand_over
from alfgraph.compiler.liveness import mark_live
from alfgraph.compiler.lowering import lower
from alfgraph.compiler.never_due import warn_of_what_never_comes
from alfgraph.compiler.numbers import number_board
from alfgraph.compiler.planning import make_plan, schedule_plan
from alfgraph.compiler.recompute import cross_rollouts
from alfgraph.compiler.registers import warn_of_forgotten_registers
from alfgraph.compiler.solving import solve_board
from alfgraph.compiler.statistics import warn_of_idle_statistics
from alfgraph.compiler.stopping import check_stops
from alfgraph.compiler.tracing import trace_board
from alfgraph.compiler.training import decide_ownership
from alfgraph.compiler.trial import run_trial, run_trial_with_gradient
from alfgraph.diagnostics import Diagnostic, Reporter
from alfgraph.errors import WiringError
from alfgraph.graph import Graph
from alfgraph.origins import graph_name
from alfgraph.plan import Plan


class _Unheeded(Reporter):
    """Takes errors in, and stops no pass for them."""

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """None that stops the board."""
        return ()


def check_graph(graph: Graph, *, recompute: bool = True, reporter: Reporter | None = None) -> Board:
    """Run every pass up to the schedule; diagnostics are in `board.reporter`.

    Args:
        graph: the user's board; it is not changed.
        recompute: False keeps live graphs across rollouts (the reference form).
        reporter: takes the diagnostics in.
    """
    board = Board(root=bind(graph), reporter=reporter or Reporter())
    trace_board(board)
    solve_board(board)
    check_stops(board)
    if board.reporter.errors:
        return board
    run_trial(board)
    if board.reporter.errors:
        return board
    mark_live(board)
    decide_ownership(board)
    if board.reporter.errors:
        return board
    run_trial_with_gradient(board)
    if board.reporter.errors:
        return board
    hand_over(board)
    cross_rollouts(board, recompute)
    mark_live(board)
    warn_of_idle_statistics(board)
    warn_of_forgotten_registers(board)
    return board


def compile_graph(graph: Graph, *, recompute: bool = True, name: str | None = None) -> Plan:
    """Check a board and make its plan.

    Args:
        graph: the user's board; it is not changed.
        recompute: False keeps live graphs across rollouts (the reference form).
        name: what to call it; by default the graph's class.

    Raises:
        WiringError: with every diagnostic of the board, root cause first.
    """
    board = check_graph(graph, recompute=recompute)
    board.reporter.raise_if_errors(WiringError)
    return _planned(graph, board, name)


def _unchecked(graph: Graph) -> Plan:
    """Lower a board whatever is wrong with it; only tests call this: is a rejection deserved?"""
    return _planned(graph, check_graph(graph, reporter=_Unheeded()), None)


def _planned(graph: Graph, board: Board, name: str | None) -> Plan:
    loops = number_board(board)
    board.reporter.raise_if_errors(WiringError)
    warn_of_what_never_comes(board, schedule_plan(board, loops))
    title = name or graph_name(graph)
    lowered = lower(board, loops, f"The training loop of {title}.")
    return make_plan(graph, board, loops, lowered, title)
