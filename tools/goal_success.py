"""How often goals are reached: share of greedy episodes whose last reward is a reached goal's.

python tools/goal_success.py graphs/her_bit_flip.py --without      with hindsight, and without
python tools/goal_success.py runs/her_fetch_reach-1                a run that was trained before
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.boards.rebuilding import rebuild
from alfgraph.compiler.plan import Plan
from alfgraph.components import ReplayBuffer
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from alfgraph.program.program import Program
from alfgraph.runtime.checkpoints.checkpoint import load_checkpoint, read_board
from alfgraph.runtime.evaluation.evaluation import evaluate
from alfgraph.runtime.opening import RunOptions, open_session
from alfgraph.runtime.playing import find_checkpoint
from alfgraph.specs.step_types import LAST

REACHED = 0.0


def success(program: Program, episodes: int) -> tuple[float, float]:
    """Share of episodes that ended at their goal, and the mean return."""
    ends: list[float] = []

    def look(env: Any) -> None:
        ends.extend(env.reward_numpy[env.step_type_numpy == LAST])

    result = evaluate(program, episodes=episodes, num_environments=10, seed=0, on_step=look)
    return float(np.mean(np.array(ends) == REACHED)), result.return_mean


def trained(graph: Graph, episodes: int) -> tuple[float, float]:
    """Train a board to its end and measure it."""
    with open_session(alfgraph.plan(graph), None, RunOptions(quiet=True, save=False)) as session:
        while not session.is_done:
            session.iterate()
        return success(session.program, episodes)


def of_run(directory: Path, episodes: int) -> tuple[float, float]:
    """Measure the last checkpoint of a run."""
    path = find_checkpoint(directory, "last")
    state = load_checkpoint(path)
    plan: Plan = alfgraph.plan(rebuild(read_board(path), state["provenance"]))
    program = Program(plan, seed=0, device="cpu", training=False)
    program.load_parameters(state["program"]["parameters"])
    return success(program, episodes)


def main() -> None:
    """Print one table for all graphs and runs given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("things", type=Path, nargs="+", help="graph files or run directories")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--without", action="store_true", help="also with a plain replay buffer")
    given = parser.parse_args()
    print(f"{'':40s}{'seed':>6}{'success':>9}{'return':>9}")
    for thing in given.things:
        if thing.is_dir():
            reached, mean = of_run(thing, given.episodes)
            print(f"{thing.name:40s}{'':>6}{reached:>9.2f}{mean:>9.2f}", flush=True)
            continue
        for seed in given.seeds:
            graph = set_values(load(thing.absolute()), {"trainer.random_seed": seed})
            boards = {f"{thing.stem}, hindsight": graph}
            if given.without:
                plain = graph.algorithm.model_copy(  # type: ignore[attr-defined]
                    update={"replay": ReplayBuffer(max_length=100_000)}
                )
                boards[f"{thing.stem}, without"] = graph.swap(algorithm=plain)
            for name, board in boards.items():
                reached, mean = trained(board, given.episodes)
                print(f"{name:40s}{seed:>6}{reached:>9.2f}{mean:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
