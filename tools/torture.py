"""Torture: kill runs at random moments, resume them, and compare with runs nobody killed.

    make torture                 50 kills per board
    python tools/torture.py --kills 5 tests/runtime/boards/recurrent.py

Every run is a forked child that is killed with SIGKILL. A run is killed and resumed until its share
of kills is used up, then left to finish, and must equal the uninterrupted one bit for bit in
parameters, moments, statistics, counters, generators and logged metrics.
"""

from __future__ import annotations

import argparse
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

from alfgraph.loading import load
from alfgraph.runtime.checkpoint import find_last
from alfgraph.runtime.comparison import run_differences
from alfgraph.runtime.run import run

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
    return child


def finish(board: Path, directory: Path) -> float:
    """Run a board to its end; the seconds that took."""
    begun = time.monotonic()
    _, status = os.waitpid(start(board, directory), 0)
    if status:
        raise SystemExit(f"{board.stem}: the run in {directory} failed with {status}")
    return time.monotonic() - begun


def kill(board: Path, directory: Path, after: float) -> bool:
    """Run a board and kill it; False if it was finished before."""
    child = start(board, directory)
    end = time.monotonic() + after
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def torture(board: Path, kills: int, moments: random.Random) -> list[str]:
    """Kill runs of a board so often; what differs from an uninterrupted run."""
    place = Path(tempfile.mkdtemp(prefix="torture-"))
    seconds = finish(board, place / "whole")
    done, rounds, lines = 0, 0, []
    at: list[int] = []
    while done < kills:
        rounds += 1
        directory = place / f"killed-{rounds}"
        for _ in range(min(KILLS_PER_RUN, kills - done)):
            if not kill(board, directory, moments.uniform(0.05, 0.8) * seconds):
                break
            done += 1
            at.append(find_last(directory / "checkpoints").iteration)
        finish(board, directory)
        lines += [f"run {rounds}: {line}" for line in run_differences(place / "whole", directory)]
    print(
        f"{board.stem}: {done} kills in {rounds} runs of {seconds:.1f} s, resumed at iterations "
        f"{sorted(set(at))}: {'DIFFERENT' if lines else 'equal'}",
        flush=True,
    )
    shutil.rmtree(place)
    return lines


def main() -> int:
    """Torture the boards given, or all of tests/runtime/boards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("boards", nargs="*", type=Path, default=sorted(BOARDS.glob("*.py")))
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    lines = []
    for board in given.boards:
        lines += torture(board.resolve(), given.kills, random.Random(given.seed))
    print("\n".join(lines[:20]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
