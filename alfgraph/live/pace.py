"""Pace: how fast a run is, and where its time goes, over the last seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

WINDOW = 5.0
"""Seconds to look back at least, where the run is that old."""

ENDS = 2
"""Moments a rate is made of."""

AROUND = ("evaluate", "save", "log")
"""What a session does between iterations."""


class _Moment(NamedTuple):
    time: float
    iteration: int
    env_steps: int
    seconds: dict[str, float]


class Pace:
    """Rates between the newest moment and one some seconds before it."""

    def __init__(self, phases: Iterable[str]) -> None:
        """Begin without moments.

        Args:
            phases: the timed phases, in the order of the board.
        """
        self._phases = tuple(phases)
        self._moments: deque[_Moment] = deque()

    def at(self, time: float, iteration: int, env_steps: int, seconds: Mapping[str, float]) -> None:
        """Note where the run is.

        Args:
            time: in seconds.
            iteration: finished ones.
            env_steps: so far.
            seconds: spent so far by phase, and by `AROUND`.
        """
        self._moments.append(_Moment(time, iteration, env_steps, dict(seconds)))
        while len(self._moments) > ENDS and self._moments[1].time <= time - WINDOW:
            self._moments.popleft()

    def as_json(self) -> dict[str, object]:
        """`steps_per_second` of the whole, and of each phase what it takes.

        `phases` holds, by name: `share` of the time, `seconds` an iteration, and
        `steps_per_second`: env steps for each second spent in that phase. `around` holds the shares
        of evaluating, saving and logging.
        """
        if len(self._moments) < ENDS:
            return {"steps_per_second": None, "phases": {}, "around": {}}
        first, last = self._moments[0], self._moments[-1]
        elapsed = max(last.time - first.time, 1e-9)
        iterations = max(last.iteration - first.iteration, 1)
        steps = last.env_steps - first.env_steps
        spent = {name: last.seconds[name] - first.seconds.get(name, 0.0) for name in last.seconds}
        phases = {
            name: {
                "share": spent[name] / elapsed,
                "seconds": spent[name] / iterations,
                "steps_per_second": steps / spent[name] if spent[name] > 0 else None,
            }
            for name in self._phases
            if name in spent
        }
        around = {name: spent.get(name, 0.0) / elapsed for name in AROUND}
        return {"steps_per_second": steps / elapsed, "phases": phases, "around": around}
