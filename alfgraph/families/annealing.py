"""Annealings: settings whose value changes as training progresses.

An annealing is a pure function of :class:`Progress`. It remembers nothing, so the value after a
resume, in a second run of the same process or in a copy is the value of an uninterrupted run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from alfgraph.diagnostics.errors import UsageError
from alfgraph.wiring.setting_group import SettingGroup

Clock = Literal["fraction", "iterations", "env_steps"]
"""What an annealing counts: the fraction of the run done, iterations, or environment steps."""

Point = tuple[float, float]
"""A pair (position on the clock, value)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far training has come.

    Attributes:
        iteration: training iterations finished.
        env_steps: environment steps taken, over all environments.
        fraction: part of the run that is done, from 0 to 1.
    """

    iteration: int = 0
    env_steps: int = 0
    fraction: float = 0.0

    def read(self, clock: Clock) -> float:
        """Return the position on one clock."""
        if clock == "fraction":
            return self.fraction
        return float(self.iteration if clock == "iterations" else self.env_steps)


class Annealing(SettingGroup):
    """A value that changes with progress. Plug it in where a setting is `float | Annealing`."""

    purpose: ClassVar[str] = "a value that changes with progress"
    example: ClassVar[str] = '{"kind": "LinearAnnealing", "start": 1e-3, "end": 0}'

    @model_validator(mode="after")
    def _at_must_be_defined(self) -> Self:
        if type(self).at is Annealing.at:
            raise ValueError("a subclass must define at(progress) -> float")
        return self

    def at(self, progress: Progress) -> float:
        """Return the value at this progress.

        Args:
            progress: how far training has come.

        Returns:
            The value; the same for the same progress, whatever was asked before.
        """
        raise NotImplementedError(f"{type(self).__name__} must define at(progress) -> float")


class ConstantAnnealing(Annealing):
    """The same value for the whole run: a sweep's way to switch an annealing off."""

    value: float

    def at(self, progress: Progress) -> float:
        """Return the constant."""
        return self.value


class LinearAnnealing(Annealing):
    """A straight line from `start` to `end`, held before and after.

    Attributes:
        start: value up to `over[0]`.
        end: value from `over[1]` on.
        over: the positions on the clock between which the value moves.
        by: the clock.
    """

    start: float
    end: float
    over: tuple[float, float] = (0.0, 1.0)
    by: Clock = "fraction"

    @model_validator(mode="after")
    def _over_must_ascend(self) -> Self:
        _check_positions(self.over, self.by, "over")
        return self

    def at(self, progress: Progress) -> float:
        """Return the value on the line."""
        first, last = self.over
        return _interpolate(progress.read(self.by), (first, self.start), (last, self.end))


class PiecewiseAnnealing(Annealing):
    """Straight lines between given points, held before the first and after the last.

    Attributes:
        points: pairs (position, value) with ascending positions, at least one.
        by: the clock.
    """

    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    by: Clock = "fraction"

    @model_validator(mode="after")
    def _points_must_ascend(self) -> Self:
        _check_positions([position for position, _ in self.points], self.by, "points")
        return self

    def at(self, progress: Progress) -> float:
        """Return the value on the line between the two nearest points."""
        position = progress.read(self.by)
        for left, right in pairwise(self.points):
            if position < right[0]:
                return _interpolate(position, left, right)
        return self.points[-1][1]


class StepAnnealing(Annealing):
    """One value for each period of the run.

    Attributes:
        periods: pairs (end of the period, value) with ascending ends, at least one. A value holds
            while the position is below its end; the last value holds for ever.
        by: the clock.
        warm_up: for this long from position 0 the value rises from 0, in a straight line, to what
            it would be without warm-up.
    """

    periods: Annotated[tuple[Point, ...], Field(min_length=1)]
    by: Clock = "fraction"
    warm_up: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _periods_must_ascend(self) -> Self:
        _check_positions([end for end, _ in self.periods], self.by, "periods")
        return self

    def at(self, progress: Progress) -> float:
        """Return the value of the period that the position lies in."""
        position = progress.read(self.by)
        values = (value for end, value in self.periods if position < end)
        value = next(values, self.periods[-1][1])
        return value * position / self.warm_up if position < self.warm_up else value


class ExponentialAnnealing(Annealing):
    """Exponential decay: `start * rate ** (position / time)`.

    Attributes:
        start: value at position 0.
        rate: factor applied once every `time`.
        time: how long one application of `rate` takes, on the clock.
        by: the clock.
    """

    start: float
    rate: Annotated[float, Field(gt=0.0)]
    time: Annotated[float, Field(gt=0.0)]
    by: Clock = "fraction"

    def at(self, progress: Progress) -> float:
        """Return the decayed value."""
        return float(self.start * self.rate ** (progress.read(self.by) / self.time))


class CyclicalAnnealing(Annealing):
    """A value that goes back and forth between two bounds.

    Attributes:
        low: value at the start of a cycle.
        high: value in the middle of a cycle.
        half_cycle: length of half a cycle on the clock.
        shape: "linear" is a triangle wave; "step" holds `low` for half a cycle, then `high`.
        by: the clock.

    Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186),
    section 3.1 (the triangular policy).
    """

    low: float
    high: float
    half_cycle: Annotated[float, Field(gt=0.0)]
    shape: Literal["linear", "step"] = "linear"
    by: Clock = "iterations"

    def at(self, progress: Progress) -> float:
        """Return the value at this point of the cycle."""
        halves = (progress.read(self.by) / self.half_cycle) % 2.0
        height = 1.0 - abs(halves - 1.0) if self.shape == "linear" else float(halves >= 1.0)
        return self.low + (self.high - self.low) * height


def current(value: float | Annealing) -> float:
    """Return a setting's number, for use in `forward` where the runtime has already put one.

    Args:
        value: a setting typed `float | Annealing`.

    Returns:
        The number.

    Raises:
        UsageError: if the setting is still an annealing.
    """
    if isinstance(value, Annealing):
        raise UsageError(
            f"{type(value).__name__} has no value without a progress: a running program sets it "
            "before it calls `forward`; elsewhere ask for `annealing.at(Progress(fraction=0.0))`."
        )
    return value


def _interpolate(position: float, left: Point, right: Point) -> float:
    """Return the value at `position` on the line through two points, held outside of them."""
    (first, start), (last, end) = left, right
    done = min(max((position - first) / (last - first), 0.0), 1.0)
    # Weighting both ends gives exactly `end` at the end, which start + done * (end - start) misses.
    return (1.0 - done) * start + done * end


def _check_positions(positions: Sequence[float], clock: Clock, name: str) -> None:
    """Raise unless positions ascend and, for fractions, lie within [0, 1]."""
    if any(left >= right for left, right in pairwise(positions)):
        raise ValueError(f"{name}: positions must ascend, got {tuple(positions)}")
    if clock == "fraction" and (positions[0] < 0.0 or positions[-1] > 1.0):
        raise ValueError(
            f'{name}: with by="fraction" positions lie in [0, 1], got {tuple(positions)}; '
            'count with by="iterations" or by="env_steps" for larger ones'
        )
