"""LivePage: a run's progress, shown on the board's own page as well.

It stands where a session shows its progress, so a run without it has nothing to ask. Between two
iterations it looks at the clock; twice a second it puts up news, and where a page looks at wires it
lets one iteration run with meters on them.
"""

from __future__ import annotations

import math
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.drawing.picture.from_plan import board_view
from alfgraph.live.bulletin import Bulletin, News
from alfgraph.live.curves import LOSS, Curves
from alfgraph.live.pace import Pace
from alfgraph.live.page import draw_live_html
from alfgraph.live.probing import Probes
from alfgraph.live.server import BoardServer
from alfgraph.monitor.averaging import mean_of
from alfgraph.monitor.progress import Course, NoProgress, Progress, Record

if TYPE_CHECKING:
    from alfgraph.drawing.picture.view import PinRef
    from alfgraph.monitor.episodes import EpisodeMetrics
    from alfgraph.program.program import Program

INTERVAL = 0.5
"""Seconds between two news at least."""

FAREWELL = 5.0
"""Seconds that the end of a run waits for open pages to read of it, at most."""

MOST_MESSAGES = 4


class LivePage:
    """Shows progress where it was shown before, and on a page.

    Attributes:
        address: of the page.
    """

    def __init__(
        self,
        port: int,
        inner: Progress,
        program: Program,
        metrics: EpisodeMetrics,
        history: Path | None,
    ) -> None:
        """Take the port; the page is served from `__enter__` to `__exit__`.

        Args:
            port: on the loopback interface; 0 takes a free one.
            inner: what a person watches besides.
            program: what trains.
            metrics: of its episodes.
            history: the run's `metrics.jsonl`, which may hold what was before.

        Raises:
            UsageError: the port cannot be had.
        """
        self._inner, self._program, self._metrics = inner, program, metrics
        self._history = history
        self._bulletin = Bulletin()
        self._server = BoardServer(port, self._bulletin)
        self.address = self._server.address
        phases = (phase.name for phase in program.plan.phases if phase.phase != "predict")
        self._pace, self._probes = Pace(phases), Probes(program)
        self._clock: Callable[[], float] = time.monotonic
        self._run = uuid.uuid4().hex
        self._next = 0.0
        self._course = Course()
        self._curves = Curves()
        self._messages: list[str] = []
        self._measured: dict[PinRef, Mapping[str, object]] = {}
        self._state, self._note = "training", ""

    # -------------------------------------------------------------- as progress of a session

    def start(
        self,
        plan_line: str,
        total_iterations: int | None = None,
        total_env_steps: int | None = None,
    ) -> None:
        """Begin."""
        self._inner.start(plan_line, total_iterations, total_env_steps)
        address = f"the live board is at {self.address}"
        if isinstance(self._inner, NoProgress):
            print(address, file=sys.stderr, flush=True)  # nobody could find it otherwise
        self._inner.message(address)
        self._course = Course(total_iterations, total_env_steps, self._clock)
        self._post()

    def tick(self, iteration: int, env_steps: int) -> None:
        """Between two iterations: news, if it is time."""
        self._inner.tick(iteration, env_steps)
        self._course.at(iteration, env_steps)
        if self._clock() >= self._next:
            self._look()
            self._next = self._clock() + INTERVAL
        elif self._probes.is_measuring and self._probes.is_complete:
            self._collect()
            self._post()

    def update(self, record: Record) -> None:
        """Show a summary; the page has its own, more often."""
        self._inner.update(record)

    def message(self, text: str) -> None:
        """Say it there and here."""
        self._inner.message(text)
        self._messages = [*self._messages, text][-MOST_MESSAGES:]

    def stop(self) -> None:
        """End; the page stays until the run is closed."""
        self._inner.stop()

    def abandon(self) -> None:
        """Give the terminal back; pages notice that nobody answers."""
        self._inner.abandon()

    # --------------------------------------------------------------------------- news

    def _look(self) -> None:
        """Read the run's numbers, collect what was measured, and measure what is wanted now."""
        program, course = self._program, self._course
        if self._history is not None:
            self._curves.read(self._history)
            self._history = None
        seconds = program.seconds or {}
        self._pace.at(self._clock(), course.iteration, course.env_steps, seconds)
        losses = {name: mean_of(v) for name, v in program.log.items() if name.endswith(LOSS)}
        self._curves.add(course.env_steps, self._metrics.summary(), losses)
        was_measuring = self._probes.is_measuring
        self._collect()
        wanted = self._probes.known(self._bulletin.wanted())
        self._measured = {pin: r for pin, r in self._measured.items() if pin in wanted}
        if wanted:
            self._probes.insert(wanted)
        if was_measuring or not wanted:  # else with what is measured, an iteration later
            self._post()

    def _collect(self) -> None:
        for pin, report in self._probes.remove().items():
            self._measured[pin] = {**report, "iteration": self._course.iteration}

    def _post(self) -> None:
        self._bulletin.post(self._news(), dict(self._measured))

    def _news(self) -> News:
        course = self._course
        news = {
            "run": self._run,
            "state": self._state,
            "note": self._note,
            "iteration": course.iteration,
            "total_iterations": course.total_iterations,
            "env_steps": course.env_steps,
            "total_env_steps": course.total_env_steps,
            "fraction": course.fraction,
            "seconds_left": course.seconds_left,
            "curves": self._curves.as_json(),
            "messages": self._messages,
            **self._pace.as_json(),
        }
        return {k: None if _is_no_number(v) else v for k, v in news.items()}

    # ---------------------------------------------------------------------------- end

    def __enter__(self) -> Self:
        try:
            self._server.start(draw_live_html(board_view(self._program.plan)))
        except BaseException:
            self._server.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Tell open pages how the run ended, then serve no more."""
        counters = self._program.counters
        self._course.at(counters["iteration"], counters["env_steps"])
        self._state, self._note = _ended(error, self._course.fraction)
        self._collect()
        self._probes.close()
        self._bulletin.post_last(self._news(), dict(self._measured), FAREWELL)
        self._server.close()


def _ended(error: BaseException | None, fraction: float | None) -> tuple[str, str]:
    """How, and why."""
    if error is None:
        return ("finished" if fraction == 1.0 else "interrupted"), ""
    if isinstance(error, AlfgraphError):
        return "failed", error.diagnostics[0].message
    return "failed", f"{type(error).__name__}: {error}".partition("\n")[0]


def _is_no_number(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
