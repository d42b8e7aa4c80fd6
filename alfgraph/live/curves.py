"""Curves: a few hundred points of a whole run, however long it is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

MOST_POINTS = 300
RETURN = "return"
LOSS = "/loss"
_RETURN_METRIC = "AverageReturn"


class Curve:
    """Values over env steps; where they get too many, neighbours are averaged."""

    def __init__(self) -> None:
        """Begin without points."""
        self._points: list[tuple[float, float]] = []
        self._together = 1
        self._open: list[tuple[float, float]] = []

    def add(self, x: float, y: float) -> None:
        """Add a point behind the others; what is not finite is left out."""
        if not math.isfinite(y):
            return
        self._open.append((x, y))
        if len(self._open) < self._together:
            return
        self._points.append(_mean(self._open))
        self._open = []
        if len(self._points) >= MOST_POINTS:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [_mean(list(pair)) for pair in pairs]
            self._together *= 2

    def points(self) -> list[tuple[float, float]]:
        """(env steps, value), oldest first; the newest is always among them."""
        return [*self._points, _mean(self._open)] if self._open else list(self._points)


def _short(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """No more digits than can be seen."""
    return [(x, float(f"{y:.5g}")) for x, y in points]


def _mean(points: list[tuple[float, float]]) -> tuple[float, float]:
    """The last place, the mean value."""
    return points[-1][0], sum(y for _, y in points) / len(points)


class Curves:
    """The return and the losses of a run."""

    def __init__(self) -> None:
        """Begin without curves."""
        self._curves: dict[str, Curve] = {}

    def add(
        self, env_steps: int, metrics: Mapping[str, float], values: Mapping[str, float]
    ) -> None:
        """Add what a run says at one moment.

        Args:
            env_steps: how far it is.
            metrics: of its episodes, by name.
            values: what its program logged, by tag; those called `…/loss` are shown.
        """
        for name, value in metrics.items():
            if name.startswith(_RETURN_METRIC):  # one of each dimension, if rewards are vectors
                self._add(RETURN + name.removeprefix(_RETURN_METRIC), env_steps, value)
        for name, value in values.items():
            if name.endswith(LOSS):
                self._add(name, env_steps, value)

    def read(self, file: Path) -> None:
        """Add what a run has written into its `metrics.jsonl` before."""
        if not file.exists():
            return
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                step = json.loads(line)
                metrics, values = (
                    {name: value for name, value in step[kind].items() if value is not None}
                    for kind in ("metrics", "values")
                )
                self.add(step["env_steps"], metrics, values)

    def as_json(self) -> list[dict[str, object]]:
        """The curves as JSON values, the return first."""
        names = sorted(self._curves, key=lambda name: not name.startswith(RETURN))
        return [{"name": name, "points": _short(self._curves[name].points())} for name in names]

    def _add(self, name: str, x: float, y: float) -> None:
        self._curves.setdefault(name, Curve()).add(x, y)
