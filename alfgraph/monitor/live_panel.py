"""The live panel: how far a run is, how fast, how good, and where its time goes.

Nothing is drawn in the background: the run draws between two iterations, seldom enough that it
costs at most a hundredth of its time, whatever the terminal.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from alfgraph.monitor.live_terminal import QuietKeys
from alfgraph.monitor.progress import (
    Course,
    Record,
    duration,
    follow,
    number,
    phase_shares,
    sparkline,
)

if TYPE_CHECKING:
    from rich.live import Live

WIDTH = 100
LEAST_INTERVAL = 0.2
LOAD = 0.01
"""Share of the run's time drawing may take; the interval grows with what the last one cost."""

_COLUMNS = 3
_HISTORY = 40
_GAP = 2
_TIME_BAR = 30
_COLORS = ("cyan", "magenta", "yellow", "green", "blue", "white")


class LiveProgress:
    """A panel on a terminal, redrawn in place."""

    def __init__(
        self,
        stream: TextIO,
        clock: Callable[[], float] = time.monotonic,
        console: Console | None = None,
    ) -> None:
        """Draw nothing yet.

        Args:
            stream: the terminal.
            clock: seconds, for the time left and the rate of drawing.
            console: draw on this console instead of the stream.
        """
        self._console = console or Console(file=stream)
        self._keys = QuietKeys(stream)
        self._clock = clock
        self._course = Course(clock=clock)
        self._live: Live | None = None
        self._next = 0.0
        self._title = ""
        self._record: dict[str, float | str] = {}
        self._returns: deque[float] = deque(maxlen=_HISTORY)

    def start(
        self,
        plan_line: str,
        total_iterations: int | None = None,
        total_env_steps: int | None = None,
    ) -> None:
        """Show the panel."""
        from rich.live import Live

        self.stop()
        self._title = plan_line
        self._record.clear()
        self._returns.clear()
        self._course = Course(total_iterations, total_env_steps, self._clock)
        self._live = Live(self, console=self._console, auto_refresh=False)
        self._keys.hold()
        self._live.start(refresh=True)

    def tick(self, iteration: int, env_steps: int) -> None:
        """Note where the run is; draw if it is time."""
        self._course.at(iteration, env_steps)
        if self._clock() >= self._next:
            self._draw()

    def update(self, record: Record) -> None:
        """Note the newest values; draw if it is time."""
        self._record.update(record)
        follow(self._course, record)
        value = record.get("return")
        if isinstance(value, int | float) and math.isfinite(value):
            self._returns.append(float(value))
        if self._clock() >= self._next:
            self._draw()

    def message(self, text: str) -> None:
        """Print above the panel."""
        self._console.print(text, markup=False, highlight=False)

    def stop(self) -> None:
        """Draw a last time and leave the panel where it is."""
        live, self._live = self._live, None
        if live is not None:
            live.refresh()
            live.stop()
            self._keys.release()

    def abandon(self) -> None:
        """Give the terminal back without drawing: the process ends at once."""
        self._keys.abandon()

    def _draw(self) -> None:
        if self._live is None:
            return
        start = self._clock()
        self._live.refresh()
        end = self._clock()
        self._next = end + max(LEAST_INTERVAL, (end - start) / LOAD)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The panel, at most `WIDTH` columns wide."""
        width = min(WIDTH, options.max_width)
        inner = width - 4  # two borders and two spaces
        body = Table.grid(expand=True)
        body.add_row(self._bar(inner))
        for line in self._numbers(inner):
            body.add_row(line)
        if (times := self._times(inner)) is not None:
            body.add_row(times)
        title = Text(self._title, style="bold")
        title.truncate(inner - 2, overflow="ellipsis")
        yield Panel(body, title=title, title_align="left", border_style="dim", width=width)

    def _bar(self, width: int) -> Table | Text:
        fraction = self._course.fraction
        if fraction is None:
            return Text("runs until it is stopped", style="dim")
        share = f"{100 * fraction:3.0f} %"
        left = duration(self._course.seconds_left)
        rest = f"{left} left" if left and fraction < 1 else ""
        row = Table.grid(padding=(0, _GAP, 0, 0))
        room = width - len(share) - _GAP - (len(rest) + _GAP if rest else 0)
        bar = ProgressBar(
            total=1.0,
            completed=fraction,
            width=max(1, room),
            complete_style="cyan",
            finished_style="green",
        )
        row.add_row(bar, Text(share, style="bold"), Text(rest, style="dim"))
        return row

    def _numbers(self, width: int) -> list[Text]:
        course, record = self._course, self._record
        cells = (
            ("iteration", number(course.iteration) + _of(course.total_iterations)),
            ("env steps", number(course.env_steps) + _of(course.total_env_steps)),
            ("steps/s", number(record.get("steps_per_second"))),
            ("return", number(record.get("return"))),
            ("length", number(record.get("length"))),
            ("loss", number(record.get("loss"))),
        )
        column = width // _COLUMNS
        lines = [Text(no_wrap=True) for _ in range(0, len(cells), _COLUMNS)]
        for index, (name, value) in enumerate(cells):
            cell = Text.assemble((f"{name:<10}", "dim"), (value, "bold"))
            room = column - cell.cell_len - 2 * _GAP
            if name == "return" and room > 1 and len(self._returns) > 1:
                cell.append("  " + sparkline(list(self._returns)[-room:]), style="green")
            cell.truncate(column - 1, overflow="ellipsis")
            cell.pad_right(column - cell.cell_len)
            lines[index // _COLUMNS].append_text(cell)
        return lines

    def _times(self, width: int) -> Text | None:
        shares = phase_shares(self._record)
        if not shares:
            return None
        bar, legend, room = Text(), Text(), min(_TIME_BAR, width // 4)
        for index, (phase, share) in enumerate(shares.items()):
            color = _COLORS[index % len(_COLORS)]
            bar.append("━" * max(1, round(share * room)), style=color)
            legend.append(f"  {phase} ", style=color)
            legend.append(f"{100 * share:.0f} %")
        line = Text.assemble((f"{'time':<10}", "dim"), bar, legend, no_wrap=True)
        line.truncate(width, overflow="ellipsis")
        return line


def _of(total: int | None) -> str:
    return f" / {number(total)}" if total else ""
