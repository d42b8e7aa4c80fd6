"""Run: train a checked board in a run directory, resumable at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Unpack

import torch

from alfgraph.compiler.pipeline import compile_graph
from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.errors import UsageError
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import checked_device
from alfgraph.monitor.progress import Progress
from alfgraph.runtime.opening import RunOptions, Watch, open_session

WIDE = 128
"""Width from which a second thread helps (measured: below it costs)."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        env_steps: environment steps, all sessions together.
        iterations: training iterations, all sessions together.
        steps_per_second: of this session.
        return_mean: mean return of the last evaluation; nan without one.
        best_return: of the best evaluation; nan without one.
        run_dir: where it is; None without a directory.
        interrupted: ended by a signal, after saving.
        already_finished: there was nothing left to do.
    """

    env_steps: int
    iterations: int
    steps_per_second: float
    return_mean: float
    best_return: float
    run_dir: Path | None
    interrupted: bool = False
    already_finished: bool = False


def run(
    graph: Graph,
    run_dir: str | Path | None = None,
    *,
    plan: Plan | None = None,
    **options: Unpack[RunOptions],
) -> RunResult:
    """Train a board.

    Args:
        graph: the board.
        run_dir: its directory; one that holds a checkpoint is resumed. None: a new one below
            `runs/`.
        plan: the board's plan, if it was made already.
        **options: `device` overrides `trainer.device`; `fresh` forgets what the directory holds;
            `quiet` shows no progress; `live_port` serves the live board on that port of the
            loopback interface, 0 on a free one; `on_summary` is called with every summary, which
            is what W&B or MLflow need; `profile` prints where the time went; `save=False` writes
            nothing at all (notebooks, tests).

    Raises:
        BoardError: the board has errors; nothing was created.
        RunError: the run failed; the last checkpoint is whole.
    """
    made = plan if plan is not None else compile_graph(graph)
    check_device(options.get("device") or made.trainer.device)
    opened = open_session(made, run_dir, options, watch_on(options.get("live_port")))
    with threads(made), opened as session, interruptions(session.progress) as asked:
        while not session.is_done and not asked:
            session.iterate()
        interrupted = bool(asked) and not session.is_done
        session.finish(interrupted)
        if session.profile is not None:
            print(session.profile.text(session.seconds_spent()))
    return RunResult(
        env_steps=session.program.counters["env_steps"],
        iterations=session.iteration,
        steps_per_second=session.steps_per_second,
        return_mean=session.scores.last_return,
        best_return=session.scores.best_return,
        run_dir=session.run_dir,
        interrupted=interrupted,
        already_finished=session.was_finished,
    )


def watch_on(port: int | None) -> Watch | None:
    """What shows a run on a page of this port as well; None: nothing does."""
    if port is None:
        return None
    from alfgraph.live.live_page import LivePage  # a server, only where it is asked for

    return partial(LivePage, port)


def check_device(device: str) -> str:
    """The device, if it is there.

    Raises:
        UsageError: it is not.
    """
    try:
        checked_device(device)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(
            f"`{device}` was asked for, but this torch sees no CUDA device",
            help='device="cpu", or install a CUDA build of torch',
        )
    return device


@contextlib.contextmanager
def threads(plan: Plan) -> Iterator[None]:
    """Choose torch's threads for this run; the process's own number comes back afterwards."""
    before = torch.get_num_threads()
    asked = plan.trainer.num_threads
    torch.set_num_threads(asked or chosen_threads(plan))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def chosen_threads(plan: Plan) -> int:
    """One thread below a width of 128, all cores (at most 4) above; small layers lose by more.

    Where OMP_NUM_THREADS says how many, that holds.
    """
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        return int(os.environ["OMP_NUM_THREADS"])
    return 1 if plan.widest_layer < WIDE else min(4, os.cpu_count() or 1)


@contextlib.contextmanager
def interruptions(progress: Progress) -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are noted, to end at an iteration boundary; a second one ends at once.

    Args:
        progress: told of it.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            progress.abandon()
            os._exit(130)  # the last checkpoint is whole: it was published atomically
        asked.append(number)
        with contextlib.suppress(RuntimeError):  # the stream is being written to just now
            progress.message("finishing this iteration and saving; once more leaves at once")

    for number in before:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
