"""`alfgraph run`: training."""

from __future__ import annotations

import sys

import typer

from alfgraph.cli.app import INTERRUPTED
from alfgraph.cli.ending import ending
from alfgraph.cli.json_lines import json_printer
from alfgraph.cli.opening import is_used, prints_to_stderr
from alfgraph.cli.planned import notes_on, open_planned
from alfgraph.cli.reporting import paint_of, print_notes
from alfgraph.cli.requests import RunRequest
from alfgraph.diagnostics.errors import UsageError
from alfgraph.runtime.run import run as train


def verb(request: RunRequest) -> None:
    """Train; the same run directory again goes on where it stopped."""
    graph, made = open_planned(request)
    print_notes(notes_on(graph, made))
    _ask_before_forgetting(request)
    say = json_printer()
    with prints_to_stderr(request.json):
        result = train(
            graph,
            request.run_dir,
            device=request.device,
            fresh=request.fresh,
            quiet=request.json,
            on_summary=say if request.json else None,
            profile=request.profile,
            live_port=_live_port(request),
            plan=made,
        )
    if request.json:
        say(
            {
                "env_steps": result.env_steps,
                "steps_per_second": result.steps_per_second,
                "return_mean": result.return_mean,
                "run_dir": str(result.run_dir),
            }
        )
    else:
        print("\n" + ending(request, result, made.trainer, paint_of(sys.stdout)))
    if result.interrupted:
        raise typer.Exit(INTERRUPTED)


def _live_port(request: RunRequest) -> int | None:
    """The port of the live board, 0 for a free one; `--board-port` alone means `--board` too."""
    if request.board_port is not None:
        return request.board_port
    return 0 if request.board else None


def _ask_before_forgetting(request: RunRequest) -> None:
    """`--fresh` on a directory that holds a run asks, or refuses where nobody can answer."""
    if not request.fresh or request.yes or not is_used(request.run_dir):
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"`--fresh` would forget the run in {request.run_dir}",
            help="add `--yes` to do that, or choose another `--run-dir`",
        )
    if not typer.confirm(f"Forget the run in {request.run_dir}?", err=True):
        raise typer.Exit(1)
