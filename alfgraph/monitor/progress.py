"""What a person watching a run sees: a live panel, plain lines, or nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

Record = Mapping[str, float | str]
"""What `update` is told: `iteration`, `env_steps`, `episodes`, `steps_per_second`, `return`,
`length`, `loss`, and `time/<phase>` in any unit of time; what is absent is not shown."""

_TIME = "time/"
_PHASES, _SMALL = 5, 0.02
_BARS = "▁▂▃▄▅▆▇█"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Progress(Protocol):
    """How a run tells of itself."""

    def start(
        self,
        plan_line: str,
        total_iterations: int | None = None,
        total_env_steps: int | None = None,
    ) -> None:
        """Begin; whichever total is reached first ends the run.

        Args:
            plan_line: the run in one line: board, environments, where its directory is.
            total_iterations: None if iterations do not end it.
            total_env_steps: None if env steps do not end it.
        """

    def tick(self, iteration: int, env_steps: int) -> None:
        """Say where the run is; cheap enough for every iteration."""

    def update(self, record: Record) -> None:
        """Show a summary."""

    def message(self, text: str) -> None:
        """Say something that stays on the screen: a note, a warning, a checkpoint."""

    def stop(self) -> None:
        """End; what is on the screen stays. Safe to call twice."""

    def abandon(self) -> None:
        """Give the terminal back at once, in a signal handler: the process ends here."""


class NoProgress:
    """Shows nothing."""

    def start(
        self,
        plan_line: str,
        total_iterations: int | None = None,
        total_env_steps: int | None = None,
    ) -> None:
        """Show nothing."""

    def tick(self, iteration: int, env_steps: int) -> None:
        """Show nothing."""

    def update(self, record: Record) -> None:
        """Show nothing."""

    def message(self, text: str) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Show nothing."""

    def abandon(self) -> None:
        """Nothing was taken."""


Mark = tuple[float, float]
"""A time and the share of the run that was done then."""


@dataclass
class Course:
    """How far a run is, and how long the rest will take at its pace in the later part so far.

    The first steps are often the quick ones, while nothing is trained yet: what counts begins
    between a quarter and half of the time so far.
    """

    total_iterations: int | None = None
    total_env_steps: int | None = None
    clock: Callable[[], float] = time.monotonic
    iteration: int = 0
    env_steps: int = 0
    _start: float | None = field(default=None, repr=False)
    _paced_from: Mark = field(default=(0.0, 0.0), repr=False)
    _last_mark: Mark = field(default=(0.0, 0.0), repr=False)

    def at(self, iteration: int, env_steps: int) -> None:
        """Note where the run is; the first call marks where it started or was resumed."""
        self.iteration, self.env_steps = iteration, env_steps
        here = self.clock(), self.fraction or 0.0
        if self._start is None:
            self._start, self._paced_from, self._last_mark = here[0], here, here
        elif here[0] - self._start >= 2.0 * (self._last_mark[0] - self._start):
            self._paced_from, self._last_mark = self._last_mark, here

    @property
    def fraction(self) -> float | None:
        """Share of the run that is done; None if nothing ends it."""
        done = []
        if self.total_iterations:
            done.append(self.iteration / self.total_iterations)
        if self.total_env_steps:
            done.append(self.env_steps / self.total_env_steps)
        return min(1.0, max(done)) if done else None

    @property
    def seconds_left(self) -> float | None:
        """Estimated time to the end; None while it cannot be told."""
        fraction = self.fraction
        if fraction is None or self._start is None:
            return None
        since, fraction_then = self._paced_from
        gained = fraction - fraction_then
        return (self.clock() - since) * (1.0 - fraction) / gained if gained > 0 else None


class PlainProgress:
    """One aligned line per summary, for logs and pipes."""

    HEADER_EVERY = 40
    COLUMNS = (
        ("iteration", 10),
        ("env_steps", 14),
        ("steps_per_second", 9),
        ("episodes", 10),
        ("return", 10),
        ("length", 9),
        ("loss", 11),
    )
    TITLES: Mapping[str, str] = {"env_steps": "env steps", "steps_per_second": "steps/s"}

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to a stream.

        Args:
            stream: where lines go; flushed after each.
            clock: seconds, for the time left.
        """
        self._stream = stream
        self._clock = clock
        self._course = Course(clock=clock)
        self._lines = 0

    def start(
        self,
        plan_line: str,
        total_iterations: int | None = None,
        total_env_steps: int | None = None,
    ) -> None:
        """Print the plan."""
        self._course = Course(total_iterations, total_env_steps, self._clock)
        self._print(plan_line)

    def tick(self, iteration: int, env_steps: int) -> None:
        """Note where the run is."""
        self._course.at(iteration, env_steps)

    def update(self, record: Record) -> None:
        """Print a line; a header before the first and now and then."""
        follow(self._course, record)
        if self._lines % self.HEADER_EVERY == 0:
            titles = "".join(f"{self.TITLES.get(k, k):>{width}}" for k, width in self.COLUMNS)
            self._print(f"{titles}{'left':>10}")
        self._lines += 1
        cells = (f" {number(record.get(key)):>{width - 1}}" for key, width in self.COLUMNS)
        left = duration(self._course.seconds_left)
        self._print("".join(cells) + f"{left:>10}")

    def message(self, text: str) -> None:
        """Print the text."""
        self._print(text)

    def stop(self) -> None:
        """Nothing is left to print."""

    def abandon(self) -> None:
        """Nothing was taken."""

    def _print(self, line: str) -> None:
        print(line.rstrip(), file=self._stream, flush=True)


def follow(course: Course, record: Record) -> None:
    """Move the course to where a summary says the run is."""
    iteration, env_steps = record.get("iteration"), record.get("env_steps")
    if isinstance(iteration, int) and isinstance(env_steps, int):
        course.at(iteration, env_steps)


def number(value: float | str | None) -> str:
    """A number for people: thousands grouped, about four digits that matter; absent is a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    size = abs(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    for least, form in ((1e10, ".3e"), (1e3, ",.0f"), (10, ".1f"), (1, ".2f")):
        if size >= least:
            return format(value, form)
    return f"{value:.3g}"


def duration(seconds: float | None) -> str:
    """A time span for people: `12 s`, `3:05`, `1:02:03`, `2 d 03 h`; nothing if unknown."""
    if seconds is None:
        return ""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
    if whole < _DAY:
        return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR:02} h"


def phase_shares(record: Record) -> dict[str, float]:
    """What part of the time each phase took, largest first; the small ones are one `other`."""
    times = {
        key.removeprefix(_TIME): float(value)
        for key, value in record.items()
        if key.startswith(_TIME) and isinstance(value, int | float) and value > 0
    }
    whole = sum(times.values())
    ordered = sorted(times.items(), key=lambda item: (item[0] == "other", -item[1]))
    shares: dict[str, float] = {}
    for phase, seconds in ordered:
        small = len(shares) >= _PHASES or seconds < _SMALL * whole
        name = "other" if small else phase
        shares[name] = shares.get(name, 0.0) + seconds / whole
    return shares


def sparkline(values: Sequence[float]) -> str:
    """Values as a row of bars, from the least to the greatest of them."""
    least, greatest = min(values), max(values)
    span = (greatest - least) or 1.0
    top = len(_BARS) - 1
    return "".join(_BARS[round(top * (value - least) / span)] for value in values)
