"""What a person reads when a run is over: how it went, where it is, and the commands to see it."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alfgraph.cli.requests import RunRequest
from alfgraph.diagnostics.snippets import Paint
from alfgraph.monitor.progress import number

if TYPE_CHECKING:
    from alfgraph.families.trainer import Trainer
    from alfgraph.runtime.run import RunResult

LONGER = 2
"""How many times as long a finished run is proposed to become."""


def ending(request: RunRequest, result: RunResult, trainer: Trainer, paint: Paint) -> str:
    """The last lines of `alfgraph run`; every command in them can be pasted as it is.

    Args:
        request: what was typed.
        result: how the run ended.
        trainer: whose limits ended it.
        paint: colours a text.
    """
    rows = list(_rows(request, result, trainer)) if result.run_dir is not None else []
    width = max((len(name) for name, _ in rows), default=0)
    lines = [paint(_verdict(result), "bold"), ""]
    lines += [f"  {paint(f'{name:<{width}}', 'dim')}   {text}" for name, text in rows]
    return "\n".join(lines).rstrip()


def _verdict(result: RunResult) -> str:
    """How the run went, in one line."""
    if result.interrupted:
        word = "interrupted"
    else:
        word = "trained before" if result.already_finished else "trained"
    parts = [f"{word}: {result.env_steps:,} env steps"]
    if math.isfinite(result.return_mean):
        parts.append(f"return {number(result.return_mean)}")
    if math.isfinite(result.best_return) and result.best_return > result.return_mean:
        parts.append(f"best {number(result.best_return)}")
    if result.steps_per_second > 0:
        parts.append(f"{number(round(result.steps_per_second))} steps/s")
    return " · ".join(parts)


def _rows(request: RunRequest, result: RunResult, trainer: Trainer) -> Iterator[tuple[str, str]]:
    run = str(result.run_dir)
    alfgraph = invocation()
    swaps = _options("--swap", request.swap)
    drawn = [text for text in request.set if not text.startswith("trainer.")]
    picture, video = os.path.join(run, "board.svg"), os.path.join(run, "videos", "play.mp4")
    yield "run", run
    yield "program", os.path.join(run, "program.py")
    yield (
        "board",
        _typed(alfgraph, "render", request.graph, *swaps, *_options("--set", drawn), "-o", picture),
    )
    yield "curves", _typed(tool_beside(alfgraph, "tensorboard"), "--logdir", run)
    yield "video", _typed(alfgraph, "play", run, "--video", video)
    kept, longer, name = request.set, [], "go on"
    if not result.interrupted:
        name, end = "train on", _later_end(result, trainer)
        path = end.partition("=")[0]
        kept = [text for text in kept if text.partition("=")[0].strip() != path]
        longer = ["--set", end]
    sets = [*_options("--set", kept), *longer]
    yield name, _typed(alfgraph, "run", request.graph, *swaps, *sets, "--run-dir", run)


def _later_end(result: RunResult, trainer: Trainer) -> str:
    """The override that lets a finished run go on."""
    if trainer.iteration_limit is not None and result.iterations >= trainer.iteration_limit:
        return f"trainer.num_iterations={LONGER * trainer.iteration_limit}"
    return f"trainer.num_env_steps={LONGER * (trainer.num_env_steps or result.env_steps)}"


def _options(name: str, values: list[str]) -> list[str]:
    return [word for value in values for word in (name, value)]


def _typed(*words: str) -> str:
    return shlex.join(words)


def invocation() -> str:
    """The word that starts alfgraph in the reader's shell: its name, or where it was started."""
    started = Path(sys.argv[0])
    on_path = shutil.which("alfgraph")
    is_found = on_path is not None and started.exists() and os.path.samefile(on_path, started)
    if started.name != "alfgraph" or os.sep not in sys.argv[0] or is_found:
        return "alfgraph"
    return os.path.relpath(started) if started.is_relative_to(Path.cwd()) else str(started)


def tool_beside(alfgraph: str, name: str) -> str:
    """A program of the same environment, called the way alfgraph is."""
    return name if os.sep not in alfgraph else os.path.join(os.path.dirname(alfgraph), name)
