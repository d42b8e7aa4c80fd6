"""Torture: kill runs at random moments, resume them, and compare with runs nobody killed.

    make torture                 50 kills per board
    PYTHONPATH=. python tools/torture.py --kills 5 tests/runtime/boards/recurrent.py

Every run is a forked child that is killed with SIGKILL, at any moment from its start to its end. A
run is killed and resumed again and again, then left to finish, and must equal the uninterrupted one
bit for bit in parameters, moments, statistics, counters, generators, logged metrics and
TensorBoard's scalars; so must a second run that nobody killed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.runtime.checkpoints.checkpoint import find_last
from alfgraph.runtime.run import run
from tests.runtime.comparison import run_differences

BOARDS = Path(__file__).parents[1] / "tests" / "runtime" / "boards"
KILLS_PER_RUN = 8


def start(board: Path, directory: Path) -> int:
    """Run a board in a child; its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setpgid(0, 0)
            run(load(board), directory, quiet=True)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # whoever comes first
        os.setpgid(child, child)
    return child


def finish(board: Path, directory: Path) -> float:
    """Run a board to its end; the seconds that took."""
    begun = time.monotonic()
    _, status = os.waitpid(start(board, directory), 0)
    if status:
        raise SystemExit(f"{board.stem}: the run in {directory} failed with {status}")
    return time.monotonic() - begun


def kill(board: Path, directory: Path, after: float) -> bool:
    """Run a board and kill it; False if it ended before."""
    child = start(board, directory)
    end = time.monotonic() + after
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            if status:
                raise SystemExit(f"{board.stem}: the run in {directory} failed with {status}")
            return False
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def reached(directory: Path) -> tuple[int, int]:
    """The last iteration a killed run logged, and the one it will be resumed from."""
    file = directory / "metrics.jsonl"
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]  # the last may be cut short
    logged = int(json.loads(whole[-1])["iteration"]) if whole else 0
    return logged, find_last(directory / "checkpoints").iteration


def torture(board: Path, kills: int, moments: random.Random) -> list[str]:
    """Kill runs of a board so often; what differs from an uninterrupted run."""
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    whole = place / "whole"
    alfgraph.plan(
        load(board)
    )  # what compiling imports is imported once, and inherited by the children
    seconds = finish(board, whole)
    seconds = min(seconds, finish(board, place / "again"))
    lines = [f"again: {line}" for line in run_differences(whole, place / "again")]
    rounds, found = 0, list[tuple[int, int]]()
    while len(found) < kills:
        rounds += 1
        directory = place / f"killed-{rounds}"
        for _ in range(min(KILLS_PER_RUN, kills - len(found))):
            if not kill(board, directory, moments.uniform(0.0, seconds)):
                break
            found.append(reached(directory))
        finish(board, directory)
        lines += [f"run {rounds}: {line}" for line in run_differences(whole, directory)]
    print(f"{board.stem}: {told(found, rounds, seconds)}: {'DIFFERENT' if lines else 'equal'}")
    print("\n".join(lines[:20]), end="\n" if lines else "", flush=True)
    shutil.rmtree(place)
    return lines


def told(found: list[tuple[int, int]], rounds: int, seconds: float) -> str:
    """How often and where the runs of a board were killed, in one line."""
    at = sorted({logged for logged, _ in found})
    lost = [logged - resumed for logged, resumed in found if logged > resumed]
    return (
        f"{len(found)} kills in {rounds} runs of {seconds:.1f} s, after {len(at)} different "
        f"summaries from iteration {at[0]} to {at[-1]}, {len(lost)} with iterations to repeat "
        f"(up to {max(lost, default=0)})"
    )


def main() -> int:
    """Torture the boards given, or all of tests/runtime/boards but the one that fails as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    boards = [path for path in sorted(BOARDS.glob("*.py")) if path.stem != "faulty"]
    parser.add_argument("boards", nargs="*", type=Path, default=boards)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines = []
    for board in given.boards:
        lines += torture(board.resolve(), given.kills, random.Random(given.seed))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
