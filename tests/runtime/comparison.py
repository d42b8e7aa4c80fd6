"""What differs between two runs, all but wall-clock values: the bar exact resume is held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alfgraph.runtime.checkpoints.checkpoint import find_last, load_checkpoint
from alfgraph.testing.comparing import differences as nests

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


def differences(one: object, other: object, path: str) -> list[str]:
    """What differs between two states; tensors, arrays and numbers are compared bit for bit."""
    return nests(one, other, path, WALL)
