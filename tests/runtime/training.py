"""Short runs for the tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from alfgraph.runtime.opening import RunOptions, open_session
from alfgraph.runtime.run import RunResult, run

BOARDS = Path(__file__).parent / "boards"
ALL = ("ppo_cart_pole", "lunar_lander", "bipedal_walker", "recurrent", "sac_pendulum")


def board(name: str, **settings: Any) -> Graph:
    """A board of this folder; `trainer__num_iterations=3` sets `trainer.num_iterations`."""
    changes = {path.replace("__", "."): value for path, value in settings.items()}
    graph = load(BOARDS / f"{name}.py")
    return set_values(graph, changes) if changes else graph


def train(graph: Graph, path: Path | None = None, **options: Any) -> RunResult:
    """Run a board quietly."""
    return run(graph, path, **RunOptions(quiet=True, **options))  # type: ignore[typeddict-item]


def train_until(graph: Graph, path: Path, iteration: int) -> None:
    """Run a board and leave it, as a kill would: whatever is not in the directory is lost."""
    with open_session(alfgraph.plan(graph), path, RunOptions(quiet=True)) as session:
        while not session.is_done and session.iteration < iteration:
            session.iterate()
