"""Opening a session: what a run needs is made, and nothing is written before its program runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict

import torch

from alfgraph.boards.board_file import describe
from alfgraph.boards.rebuilding import provenance
from alfgraph.compiler.plan import Plan
from alfgraph.monitor.display import progress
from alfgraph.monitor.episodes import EpisodeMetrics
from alfgraph.monitor.progress import Progress
from alfgraph.monitor.writers import Hook
from alfgraph.program.program import Program
from alfgraph.runtime.checkpoints.archive import Archive, Origin
from alfgraph.runtime.checkpoints.checkpoint import Found
from alfgraph.runtime.evaluation.observing import EpisodeObserver
from alfgraph.runtime.run_directory import RunDirectory
from alfgraph.runtime.session import Session
from alfgraph.runtime.summaries import Summaries

if TYPE_CHECKING:
    from alfgraph.runtime.profiling import Profile

AROUND = ("iteration", "evaluate", "save", "log")
"""What is timed besides the phases."""

Watch: TypeAlias = Callable[
    [Progress, Program, EpisodeMetrics, Path | None], AbstractContextManager[Progress]
]
"""Takes the progress a run would show, its program, its episodes' metrics and its `metrics.jsonl`;
gives the progress to show instead, which is told of the session's end by being left."""


class RunOptions(TypedDict, total=False):
    """How a board is run; see `run`."""

    device: str | None
    fresh: bool
    quiet: bool
    on_summary: Hook | None
    profile: bool
    save: bool
    live_port: int | None


@contextlib.contextmanager
def open_session(
    plan: Plan, run_dir: str | Path | None, options: RunOptions, watch: Watch | None = None
) -> Iterator[Session]:
    """Make everything a stretch of training needs; leaving the context closes it.

    A run that cannot start leaves no trace.

    Args:
        plan: of the board.
        run_dir: the run's directory; None: a new one below `runs/`.
        options: as for `run`; `live_port` is not looked at, `watch` says what is shown.
        watch: shows the run to somebody besides.
    """
    trainer = plan.trainer
    with ExitStack() as stack:
        archive = _archive(stack, plan, run_dir) if options.get("save", True) else None
        fresh = options.get("fresh", False)
        found = Found(None) if archive is None or fresh else archive.find()
        state = found.checkpoint.state() if found.checkpoint is not None else None
        num_envs = plan.schedule.num_environments or 1
        metrics = EpisodeMetrics(num_envs, plan.reward_shape)
        observer = EpisodeObserver(metrics)
        program = _program(stack, plan, options.get("device") or trainer.device, observer)
        if state is None:
            program.start()
        else:
            program.load_state(state["program"])
        shown = progress(options.get("quiet", False) or trainer.progress == "none")
        if watch is not None:
            history = archive.directory.metrics if archive is not None else None
            shown = stack.enter_context(watch(shown, program, metrics, history))
        if archive is not None:
            archive.begin(fresh=fresh, anew=state is None)
        directory = archive.directory if archive is not None else None
        hook, seconds = options.get("on_summary"), dict[str, float]()
        summaries = Summaries(program, metrics, shown, directory, hook, seconds)
        stack.callback(summaries.writers.close)
        if archive is not None:
            stack.callback(archive.close)
        stack.callback(shown.stop)
        profile = _timed(program, seconds, options.get("profile", False))
        session = Session(program, summaries, archive, profile)
        agenda = session.agenda
        shown.start(_plan_line(plan, session.run_dir), agenda.iterations, agenda.env_steps)
        for damage in found.damaged:
            shown.message(str(damage))
        session.begin(state)
        yield session


def _archive(stack: ExitStack, plan: Plan, run_dir: str | Path | None) -> Archive:
    """The checkpoints of the run's directory, which is held until the stack is left."""
    run = RunDirectory.new(plan.name) if run_dir is None else RunDirectory(run_dir)
    directory = stack.enter_context(run)
    # Only what is saved must be describable; a notebook's lambda need not be.
    origin = Origin(describe(plan.board), provenance(plan.board), plan.code)
    return Archive(directory, origin, plan.trainer.keep_checkpoints)


def _program(stack: ExitStack, plan: Plan, device: str, observer: EpisodeObserver) -> Program:
    """The program with its generators in place until the stack is left."""
    seed = plan.trainer.random_seed
    program = Program(plan, seed=seed, device=device, episodes=observer)
    stack.callback(program.close)
    stack.enter_context(program.generators())
    return program


def _timed(program: Program, seconds: dict[str, float], profiles: bool) -> Profile | None:
    """Have a program's phases timed, and its statements if a profile is asked for."""
    profile, wait = None, None
    if profiles:
        from alfgraph.runtime.profiling import Profile  # only where it is asked for

        wait = torch.cuda.synchronize if program.device.startswith("cuda") else None
        profile = Profile(program, wait)
    program.time_phases(seconds, wait)
    seconds.update(dict.fromkeys(AROUND, 0.0))
    return profile


def _plan_line(plan: Plan, run_dir: Path | None) -> str:
    where = f" · {run_dir}" if run_dir is not None else ""
    seed = plan.trainer.random_seed
    return f"{plan.name} · {plan.environment} · seed {seed}{where}"
