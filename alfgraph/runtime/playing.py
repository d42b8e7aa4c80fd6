"""Play: greedy episodes of a run's policy, with the networks of one of its checkpoints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict, Unpack

import torch

from alfgraph.boards.rebuilding import rebuild
from alfgraph.compiler.pipeline import compile_graph
from alfgraph.diagnostics.errors import CheckpointError, SettingError, UsageError
from alfgraph.families.environment import Environment
from alfgraph.program.program import Program
from alfgraph.runtime.checkpoints.checkpoint import (
    Checkpoint,
    Found,
    find_best,
    find_last,
    list_checkpoints,
    open_checkpoint,
)
from alfgraph.runtime.evaluation.evaluation import Evaluation, evaluate
from alfgraph.runtime.evaluation.filming import Film, off_screen
from alfgraph.runtime.run import check_device, chosen_threads


class PlayOptions(TypedDict, total=False):
    """How a run is shown; see `play`."""

    render: bool
    quiet: bool
    device: str


def play(
    run_dir: str | Path,
    episodes: int = 20,
    checkpoint: str | int = "last",
    seed: int | None = None,
    video: str | Path | None = None,
    **options: Unpack[PlayOptions],
) -> Evaluation:
    """Evaluate a run.

    Args:
        run_dir: the run's directory.
        episodes: how many; the greedy policy, statistics frozen.
        checkpoint: `last`, `best` or an iteration.
        seed: of the environments (13579 is added, as in training); None: the run's own.
        video: film the first episode into this file, `.mp4` or `.gif`.
        **options: `render=True` shows the environment in a window; `quiet=False` prints a row for
            each episode, then mean and deviation; `device` is where the networks run.

    Raises:
        UsageError: there is no run, or no such checkpoint, or it cannot be filmed.
        CheckpointError: the checkpoint is damaged, or its board cannot be made again.
    """
    run = Path(run_dir)
    film = Film(Path(video)) if video is not None else None
    saved = find_checkpoint(run, checkpoint)
    state = saved.state()
    plan = compile_graph(rebuild(saved.board, state["provenance"]))
    trainer = plan.trainer
    seed = trainer.random_seed if seed is None else seed
    mode = "human" if options.get("render") else "rgb_array" if film else None
    shown = _shown(plan.eval_environment, mode)
    device = check_device(options.get("device", "cpu"))
    program = Program(plan, seed=seed, device=device, training=False)
    program.load_parameters(state["program"]["parameters"])
    count = 1 if shown else min(trainer.num_eval_environments, episodes)
    with _stage(program, film, mode):
        result = evaluate(
            program,
            episodes=episodes,
            num_environments=count,
            seed=seed,
            on_step=film.take if film else None,
            env_options=shown,
        )
    if not options.get("quiet", True):
        print_episodes(result, saved.path, film)
    return result


@contextlib.contextmanager
def _stage(program: Program, film: Film | None, mode: str | None) -> Iterator[None]:
    """Threads and a screen for a program that plays; closes it and its film."""
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(chosen_threads(program.plan))
        with off_screen() if mode != "human" else contextlib.nullcontext():
            yield
    except SettingError as error:
        about = (setting for found in error.diagnostics for setting in found.about)
        if mode is not None and any(name.endswith(".render_mode") for name in about):
            raise UsageError(
                "the environment takes no `render_mode`, so it cannot be shown or filmed",
                help="give its constructor that argument, and hand it to gymnasium.Env",
            ) from error
        raise
    finally:
        torch.set_num_threads(threads)
        program.close()
        if film is not None:
            film.close()


def find_checkpoint(run: Path, which: str | int) -> Checkpoint:
    """A checkpoint, checked byte for byte.

    Args:
        run: the run's directory.
        which: `last`, `best` or an iteration.

    Raises:
        UsageError: there is none.
        CheckpointError: E603, it is damaged, or all are.
    """
    folder = run / "checkpoints"
    present = dict(list_checkpoints(folder))
    if not present and not (which == "best" and list_checkpoints(run / "best")):
        raise UsageError(f"{run} holds no checkpoint: is it the directory of a run?")
    if which in {"last", "best"}:
        found = find_last(folder) if which == "last" else find_best(run / "best", folder)
        if found.checkpoint is not None:
            return found.checkpoint
        raise _none_found(run, str(which), found)
    text = str(which)
    if text.isascii() and text.isdigit() and int(text) in present:
        return open_checkpoint(present[int(text)])
    raise UsageError(
        f"{run} has no checkpoint `{which}`",
        help=f"last, best, or one of {', '.join(map(str, present))}",
    )


def _none_found(run: Path, which: str, found: Found) -> UsageError | CheckpointError:
    if found.damaged:
        return CheckpointError(f"no checkpoint of {run} is whole: {found.damaged[0]}", code="E603")
    return UsageError(
        f"no checkpoint of {run} was evaluated, so none is the {which}",
        help="--checkpoint last; `trainer.eval_interval` evaluates while training",
    )


def _shown(part: Environment | None, mode: str | None) -> dict[str, Any] | None:
    """Settings of the environment that make it render; one environment, in this process."""
    if mode is None or part is None:
        return None
    settings = part.watched(mode)
    if settings is None:
        kind = type(part).__name__
        raise UsageError(
            f"`{kind}` cannot be rendered", help=f"`{kind}.watched` says how, where it can"
        )
    return dict(settings)


def print_episodes(result: Evaluation, path: Path, film: Film | None) -> None:
    """A row for each episode, then mean and deviation, and where the film is."""
    print(f"checkpoint {path}")
    print(f"{'episode':>8}{'return':>12}{'length':>9}")
    rows = zip(result.returns, result.lengths, strict=True)
    for number, (total, length) in enumerate(rows, 1):
        print(f"{number:>8}{total:>12.2f}{length:>9}")
    print(
        f"return {result.return_mean:.2f} ± {result.return_std:.2f}, "
        f"length {result.length_mean:.1f}, {result.episodes} episodes"
    )
    if result.part_means:
        by_dimension = ", ".join(f"{mean:.2f}" for mean in result.part_means)
        print(f"return by reward dimension {by_dimension}")
    if film is not None:
        print(f"video {film.path}, {film.frames} frames")
