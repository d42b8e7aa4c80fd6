"""What logging, progress and checkpoints cost: A2C on CartPole at its defaults, with and without.

Runs are paired and take turns in going first, so that a machine that slows down slows both;
evaluation is off in both.
Run: python tools/bench/session_overhead.py [PAIRS]
"""

from __future__ import annotations

import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from alfgraph.runtime.run import run

GRAPH = Path(__file__).parents[2] / "graphs" / "ac_cart_pole.py"
ENV_STEPS = 240_000
BARE = {"trainer.summary_interval": 10**9, "trainer.summarize_first_interval": False}


def seconds(graph: Graph, directory: str | None) -> tuple[float, float]:
    """Wall-clock and processor seconds of a run, from opening it to its last checkpoint."""
    plan = alfgraph.plan(graph)
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):  # plain lines, as in a log file
        run(graph, directory, plan=plan, save=directory is not None, quiet=directory is None)
    return time.perf_counter() - wall, time.process_time() - cpu


def main(pairs: int) -> None:
    """Print the median share of time that everything around training takes."""
    graph = set_values(load(GRAPH), {"trainer.num_eval_episodes": 0})
    bare = set_values(graph, BARE)
    seconds(bare, None)
    shares: list[tuple[float, float]] = []
    rates = []
    for pair in range(pairs):
        with tempfile.TemporaryDirectory() as place:
            first = seconds(bare, None) if pair % 2 else None
            full = seconds(graph, f"{place}/run")
            without = first or seconds(bare, None)
        shares.append((full[0] / without[0] - 1.0, full[1] / without[1] - 1.0))
        rates.append(ENV_STEPS / full[0])
    wall, cpu = (statistics.median(column) for column in zip(*shares, strict=True))
    print(
        f"A2C CartPole, {pairs} pairs: {statistics.median(rates):,.0f} steps/s with everything on; "
        f"overhead {wall:.1%} of the time, {cpu:.1%} of the processor (medians)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
