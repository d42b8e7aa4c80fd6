"""SAC on Pendulum, 256-256, batch 256, one update a step: alfgraph against SB3, interleaved.

    python tools/bench/sac_pendulum.py [--rounds 7] [--threads 1] [--clock wall|cpu]

Ratios are medians over rounds; only ratios within one call mean anything. On a machine shared with
others `--clock cpu` counts this process's own time.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.families.annealing import Progress
from alfgraph.overrides.swaps import set_values
from alfgraph.program.program import Program

GRAPH = Path(__file__).parents[2] / "graphs" / "sac_pendulum.py"
STEPS = 250
COLLECTED = 300


def alfgraph_loop() -> Callable[[int], None]:
    """The emitted program, as a run executes it; logging is off in both."""
    plan = alfgraph.plan(
        set_values(load(GRAPH), {"algorithm.schedule.initial_collect_steps": COLLECTED})
    )
    program = Program(plan, seed=0, device="cpu")
    program.start()

    def loop(steps: int) -> None:
        for _ in range(steps):
            program.iterate(Progress())

    return loop


def sb3_loop() -> Callable[[int], None]:
    """Stable-Baselines3's SAC with the same settings, logging off."""
    from stable_baselines3 import SAC

    model = SAC("MlpPolicy", "Pendulum-v1", learning_rate=1e-3, learning_starts=COLLECTED, seed=0)

    def loop(steps: int) -> None:
        model.learn(steps, log_interval=None, reset_num_timesteps=False)

    return loop


def main() -> None:
    """Run both in turn, several rounds; print steps per second and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    peers = {"alfgraph": alfgraph_loop(), "sb3": sb3_loop()}
    for loop in peers.values():
        loop(COLLECTED + 100)  # warm-up
    rates: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(options.rounds):
        for name, loop in peers.items():
            gc.collect()
            begun = clock()
            loop(STEPS)
            rates[name].append(STEPS / (clock() - begun))
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(rates["alfgraph"], found, strict=True)]
        print(
            f"{name:<16} {statistics.median(found):>9,.1f} steps/s   "
            f"alfgraph / it: median {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )


if __name__ == "__main__":
    main()
