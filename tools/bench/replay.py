"""Replay against Stable-Baselines3: seconds to draw a mini-batch, bytes of a transition.

One million transitions of 17 float observations and 6 float actions, batches of 256. Rounds
alternate between the two, and processor time is what counts, so that a busy machine slows both.
Run: python tools/bench/replay.py [ROUNDS]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import torch

from alfgraph.components.buffers.prioritized_replay import PrioritizedRows
from alfgraph.components.buffers.replay_rows import ReplayRows, Ring
from alfgraph.families.storage import LeafLayout
from alfgraph.specs.spec import Spec, parse_spec

TRANSITIONS, FEATURES, ACTIONS, BATCH = 1_000_000, 17, 6, 256
DRAWS = 500
READ = (
    "step.step_type",
    "step.reward",
    "step.discount",
    "step.observation",
    "action",
    "importance_weight",
)
"""What SAC reads."""


def ours(kind: str) -> ReplayRows:
    """A full replay buffer of one environment."""
    specs: dict[str, Spec] = {
        "step.step_type": parse_spec("int32[] in [0, 3)"),
        "step.reward": parse_spec("float32[]"),
        "step.discount": parse_spec("float32[]"),
        "step.observation": parse_spec(f"float32[{FEATURES}]"),
        "action": parse_spec(f"float32[{ACTIONS}]"),
    }
    layout = LeafLayout(
        names=tuple(specs),
        specs=specs,
        examples={},
        batch=1,
        unroll_length=1,
        written=(1,),
        mini_batch_size=BATCH,
        mini_batch_length=1,
        step_fields=("step",),
    )
    rows: ReplayRows
    if kind == "prioritized":
        ring = Ring(TRANSITIONS, watches=True)
        rows = PrioritizedRows(layout, ring, alpha=0.6, beta=0.4, epsilon=1e-6, eta=0.9)
    else:
        rows = ReplayRows(layout, Ring(TRANSITIONS))
    for block in rows.rows.blocks:
        block[:] = 1
    rows.position, rows.closed = TRANSITIONS, True
    return rows


def theirs() -> Any:
    """A full buffer of Stable-Baselines3."""
    from stable_baselines3.common.buffers import ReplayBuffer

    space = gymnasium.spaces.Box(-1.0, 1.0, (FEATURES,), np.float32)
    actions = gymnasium.spaces.Box(-1.0, 1.0, (ACTIONS,), np.float32)
    buffer = ReplayBuffer(TRANSITIONS, space, actions, device="cpu")
    for array in _arrays(buffer):
        array[:] = 1
    buffer.full = True
    return buffer


def _arrays(buffer: Any) -> list[np.ndarray[Any, Any]]:
    return [value for value in vars(buffer).values() if isinstance(value, np.ndarray)]


def seconds(draw: Callable[[], object]) -> float:
    """Processor seconds of one draw."""
    begun = time.process_time()
    for _ in range(DRAWS):
        draw()
    return (time.process_time() - begun) / DRAWS


def main(rounds: int) -> None:
    """Print the median times, their ratios in pairs, and the memory of both."""
    torch.set_num_threads(1)
    uniform, prioritized, other = ours("uniform"), ours("prioritized"), theirs()

    def surprise() -> None:
        *_, index = prioritized.sample(*READ, "index")
        prioritized.update_priorities(index, torch.ones(1, BATCH))  # type: ignore[attr-defined]

    draws = {
        "uniform": lambda: uniform.sample(*READ),
        "prioritized, written back": surprise,
        "Stable-Baselines3": lambda: other.sample(BATCH),
    }
    with torch.no_grad():
        times = {name: [seconds(draw)] for name, draw in draws.items()}
        for _ in range(rounds):
            for name, draw in draws.items():
                times[name].append(seconds(draw))
    reference = times["Stable-Baselines3"][1:]
    for name, found in times.items():
        pairs = [theirs_ / own for own, theirs_ in zip(found[1:], reference, strict=True)]
        print(
            f"{name:26s} {statistics.median(found[1:]) * 1e6:7.1f} µs a batch of {BATCH}, "
            f"{statistics.median(pairs):.2f} x as fast as Stable-Baselines3"
        )
    own = sum(block.nbytes for block in uniform.rows.blocks)
    whole = sum(array.nbytes for array in _arrays(other))
    print(
        f"memory of {TRANSITIONS:,} transitions: {own / 2**20:.1f} MiB, {own / whole:.1%} of ",
        end="",
    )
    print(f"Stable-Baselines3's {whole / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 15)
