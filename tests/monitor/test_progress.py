"""What a person sees while a run goes on: plain lines, the live panel, or nothing."""

from __future__ import annotations

import io
import math
from typing import Any

import pytest
from rich.console import Console, ConsoleOptions, RenderResult

from alfgraph.monitor.display import progress
from alfgraph.monitor.live_panel import LiveProgress
from alfgraph.monitor.progress import (
    Course,
    NoProgress,
    PlainProgress,
    Progress,
    duration,
    number,
    phase_shares,
    sparkline,
)

RECORD: dict[str, float | str] = {
    "iteration": 250,
    "env_steps": 60_000,
    "episodes": 1_234,
    "steps_per_second": 12_345.6,
    "return": 123.45,
    "length": 123.0,
    "loss": 0.0001234,
    "time/unroll": 6.0,
    "time/update": 3.0,
    "time/log": 1.0,
}


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def live(width: int = 100) -> tuple[LiveProgress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    console = Console(file=stream, force_terminal=True, width=width, color_system=None)
    return LiveProgress(stream, clock, console), stream, clock


def shown(panel: LiveProgress, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(panel)
    return captured.get().splitlines()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("n/a", "n/a"),
        (1234567, "1,234,567"),
        (12345.6, "12,346"),
        (1e12, "1.000e+12"),
        (-1e12, "-1.000e+12"),
        (123.45, "123.5"),
        (1.234, "1.23"),
        (0.0, "0"),
        (0.0001234, "0.000123"),
        (-0.5, "-0.5"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value: Any, text: str) -> None:
    assert number(value) == text


def test_durations() -> None:
    spans = (None, 0.4, 59, 60, 3599.4, 3661, 86399, 86400 + 7200)
    texts = ["", "0 s", "59 s", "1:00", "59:59", "1:01:01", "23:59:59", "1 d 02 h"]
    assert [duration(span) for span in spans] == texts


def test_sparkline() -> None:
    assert sparkline([0.0, 3.5, 7.0]) == "▁▅█"
    assert sparkline([2.0, 2.0]) == "▁▁"


def test_phase_shares() -> None:
    assert phase_shares({"loss": 1.0}) == {}
    assert phase_shares(RECORD) == {"unroll": 0.6, "update": 0.3, "log": 0.1}
    assert list(phase_shares({"time/log": 0.1, "time/other": 50.0, "time/unroll": 49.9})) == [
        "unroll",
        "other",
    ]
    many = {f"time/{i}": float(i) for i in range(1, 9)}
    shares = phase_shares(many)
    assert list(shares) == ["8", "7", "6", "5", "4", "other"]
    assert sum(shares.values()) == pytest.approx(1.0)


def test_time_left_counts_from_where_a_run_was_resumed() -> None:
    clock = Clock()
    course = Course(total_iterations=100, clock=clock)
    assert course.seconds_left is None
    course.at(50, 500)
    assert course.seconds_left is None
    clock.now = 10.0
    course.at(60, 600)
    assert course.fraction == 0.6
    assert course.seconds_left == pytest.approx(40.0)


def test_the_estimate_forgets_a_quick_beginning() -> None:
    """Collecting at 100 iterations a second, then learning at one: the rest takes its time."""
    clock = Clock()
    course = Course(total_iterations=10_000, clock=clock)
    course.at(0, 0)
    for _ in range(10):
        clock.now += 1.0
        course.at(course.iteration + 100, 0)
    for _ in range(50):
        clock.now += 1.0
        course.at(course.iteration + 1, 0)
    assert course.seconds_left == pytest.approx(10_000 - 1050)


def test_the_total_reached_first_counts() -> None:
    course = Course(total_iterations=100, total_env_steps=1000)
    course.at(20, 900)
    assert course.fraction == 0.9
    endless = Course()
    endless.at(5, 5)
    assert endless.fraction is None
    assert endless.seconds_left is None


def test_plain_lines() -> None:
    stream, clock = io.StringIO(), Clock()
    plain = PlainProgress(stream, clock)
    plain.start("cart_pole · 1,000 iterations", total_iterations=1000)
    plain.tick(0, 0)
    clock.now = 30.0
    plain.update(RECORD)
    plain.message("checkpoint 250")
    plain.update({"iteration": 500, "env_steps": 120_000, "loss": math.nan})
    plain.stop()
    assert stream.getvalue().splitlines() == [
        "cart_pole · 1,000 iterations",
        " iteration     env steps  steps/s  episodes    return   length       loss      left",
        "       250        60,000   12,346     1,234     123.5    123.0   0.000123      1:30",
        "checkpoint 250",
        "       500       120,000        –         –         –        –        nan      30 s",
    ]


def test_plain_lines_repeat_their_header() -> None:
    stream = io.StringIO()
    plain = PlainProgress(stream)
    for _ in range(81):
        plain.update(RECORD)
    assert stream.getvalue().count("env steps") == 3


def test_the_live_panel() -> None:
    panel, _, clock = live()
    panel.start("cart_pole-1 · PPO on CartPole-v1", total_iterations=1000)
    panel.tick(0, 0)
    clock.now = 30.0
    panel.update({"return": 20.0})
    panel.update(RECORD)
    panel.stop()
    title, bar, first, second, times, _ = (line.strip("│ ") for line in shown(panel, 120))
    assert title.startswith("╭─ cart_pole-1 · PPO on CartPole-v1 ─")
    assert bar.replace("━", "").split() == ["╸", "25", "%", "1:30", "left"]
    assert first.split("  ") == [
        *("iteration 250 / 1,000", "", "", "", "", " env steps 60,000"),
        *("", "", "", "", "", "", "", "steps/s", " 12,346"),
    ]
    assert second.split() == ["return", "123.5", "▁█", "length", "123.0", "loss", "0.000123"]
    assert times.replace("━", "").split("  ")[-3:] == ["unroll 60 %", "update 30 %", "log 10 %"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_the_panel_fits_its_terminal(width: int) -> None:
    panel, _, clock = live(width)
    panel.start("a long title " * 12, total_iterations=10**6, total_env_steps=10**10)
    panel.tick(0, 0)
    clock.now = 1e6
    for i in range(50):
        panel.update(RECORD | {"return": float(i), "env_steps": 10**9 + i, "iteration": 10**5})
    panel.stop()
    lines = shown(panel, width)
    assert len(lines) == 6
    assert {len(line) for line in lines} == {min(100, width)}


def test_a_run_without_end_says_so() -> None:
    panel, _, _ = live()
    panel.start("endless")
    panel.tick(5, 10)
    panel.stop()
    assert "runs until it is stopped" in shown(panel, 100)[1]
    assert len(shown(panel, 100)) == 5


def test_drawing_is_rare() -> None:
    panel, stream, clock = live()
    panel.start("x", total_iterations=100)
    drawn = []
    for i in range(100):
        clock.now += 0.05
        before = stream.tell()
        panel.tick(i, i)
        panel.update(RECORD)
        drawn.append(stream.tell() > before)
    assert 20 <= sum(drawn) <= 26  # five seconds at five a second
    panel.stop()


def test_slow_drawing_is_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, _, clock = live()
    panel.start("x", total_iterations=100)
    real, calls = LiveProgress.__rich_console__, []

    def slow(self: LiveProgress, console: Console, options: ConsoleOptions) -> RenderResult:
        calls.append(clock.now)
        clock.now += 0.05
        return real(self, console, options)

    monkeypatch.setattr(LiveProgress, "__rich_console__", slow)
    for i in range(200):
        clock.now += 0.05
        panel.tick(i, i)
    assert len(calls) <= 3  # ten seconds, a drawing costs 0.05 of them, a hundredth may be used
    panel.stop()


def test_messages_stay_above_the_panel() -> None:
    panel, stream, _ = live()
    panel.start("x", total_iterations=10)
    panel.message("saved [bold]checkpoint[/bold] 5")
    panel.stop()
    panel.stop()
    panel.message("after")
    assert "saved [bold]checkpoint[/bold] 5" in stream.getvalue()
    assert stream.getvalue().endswith("after\n")


def test_the_kind_fits_the_stream() -> None:
    assert isinstance(progress(quiet=True, stream=Terminal()), NoProgress)
    assert isinstance(progress(stream=io.StringIO()), PlainProgress)
    assert isinstance(progress(stream=Terminal()), LiveProgress)


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    quiet: Progress = progress(quiet=True)
    quiet.start("x", 1, 1)
    quiet.tick(1, 1)
    quiet.update(RECORD)
    quiet.message("x")
    quiet.stop()
    assert capsys.readouterr() == ("", "")
