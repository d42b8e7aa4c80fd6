"""What differs between two runs, all but wall-clock values: the bar exact resume is held to."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from alfgraph.runtime.checkpoints.checkpoint import find_last, load_checkpoint

WALL = frozenset({"seconds", "provenance", "wall"})
"""Keys of a state or a summary that depend on the clock, or on where files lie."""

_WALL_TAGS = ("time/", "memory/")


def run_differences(one: Path | str, other: Path | str) -> list[str]:
    """Compare two run directories: their last checkpoints bit for bit, and what they logged.

    Returns:
        A line for everything that differs; none if the runs are equal.
    """
    first, second = Path(one), Path(other)
    found = [find_last(run / "checkpoints") for run in (first, second)]
    if found[0].iteration != found[1].iteration:
        return [f"last checkpoint: {found[0].iteration} and {found[1].iteration}"]
    states = [load_checkpoint(f.path) if f.path is not None else {} for f in found]
    lines = differences(states[0], states[1], "")
    metrics = [summaries_of(run / "metrics.jsonl") for run in (first, second)]
    lines += differences(metrics[0], metrics[1], "metrics.jsonl")
    scalars = [scalars_of(run / "tensorboard") for run in (first, second)]
    return lines + differences(scalars[0], scalars[1], "tensorboard")


def scalars_of(directory: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run, by tag: (place on the axis, value), oldest first."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(directory), size_guidance={"scalars": 0})  # 0: all of them
    events.Reload()
    tags = [tag for tag in events.Tags()["scalars"] if not tag.startswith(_WALL_TAGS)]
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in tags}


def summaries_of(file: Path) -> list[Any]:
    """The summaries of a run, oldest first."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def differences(one: Any, other: Any, path: str) -> list[str]:
    """What differs between two states; tensors, arrays and numbers are compared bit for bit."""
    if type(one) is not type(other):
        return [f"{path}: {type(one).__name__} and {type(other).__name__}"]
    if isinstance(one, dict):
        keys = [k for k in dict.fromkeys((*one, *other)) if k not in WALL]
        missing = [f"{path}/{k}: only in one" for k in keys if (k in one) != (k in other)]
        both = (k for k in keys if k in one and k in other)
        return missing + [d for k in both for d in differences(one[k], other[k], f"{path}/{k}")]
    if isinstance(one, list | tuple):
        if len(one) != len(other):
            return [f"{path}: {len(one)} and {len(other)} entries"]
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{path}/{i}")]
    return [] if _same(one, other) else [f"{path}: {_short(one)} and {_short(other)}"]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        one, other = one.numpy(), other.numpy()
    if isinstance(one, np.ndarray):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return bool(alike and one.tobytes() == other.tobytes())
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _short(value: Any) -> str:
    return repr(value).replace("\n", " ")[:60]
