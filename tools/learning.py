"""Learning runs: several seeds of a graph, greedy evaluation at the end; one line per seed.

python tools/learning.py graphs/ppo_cart_pole.py --seeds 0 1 2 3 4 --episodes 20
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

from alfgraph.boards.loading import load
from alfgraph.overrides.swaps import parse_assignment, set_values
from alfgraph.runtime.run import run


def main() -> None:
    """Train every seed; print its final and best return, then mean and median over seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--curve", action="store_true", help="print every evaluation")
    options = parser.parse_args()
    finals: list[float] = []
    for seed in options.seeds:
        graph = load(options.graph.absolute())
        values = dict(parse_assignment(text) for text in options.settings)
        values |= {"trainer.random_seed": str(seed)}
        values |= {"trainer.num_eval_episodes": str(options.episodes)}
        graph = set_values(graph, values)
        curve: list[tuple[int, float]] = []

        def keep(step: dict[str, object], curve: list[tuple[int, float]] = curve) -> None:
            metrics = step["metrics"]
            if isinstance(metrics, dict) and "eval/AverageReturn" in metrics:
                curve.append((int(str(step["env_steps"])), metrics["eval/AverageReturn"]))

        begun = time.perf_counter()
        result = run(graph, save=False, quiet=True, on_summary=keep)
        if result.interrupted:
            raise SystemExit(f"stopped at {result.env_steps:,} env steps of seed {seed}")
        finals.append(result.return_mean)
        line = {
            "seed": seed,
            "return": round(result.return_mean, 1),
            "best": round(result.best_return, 1),
            "env_steps": result.env_steps,
            "steps_per_second": round(result.steps_per_second),
            "seconds": round(time.perf_counter() - begun, 1),
        }
        if options.curve:
            line["curve"] = [(steps, round(value)) for steps, value in curve]  # type: ignore[assignment]
        print(json.dumps(line), flush=True)
    print(f"mean {statistics.mean(finals):.1f}, median {statistics.median(finals):.1f}")


if __name__ == "__main__":
    main()
