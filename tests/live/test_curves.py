"""Curves and pace, against numbers worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

from alfgraph.live.curves import MOST_POINTS, Curve, Curves
from alfgraph.live.pace import WINDOW, Pace


def test_a_long_curve_keeps_its_shape_in_few_points() -> None:
    curve = Curve()
    for i in range(1000):
        curve.add(i, 2.0 * i)
    points = curve.points()
    assert MOST_POINTS / 2 <= len(points) <= MOST_POINTS + 1
    assert points[0] == (3, 3.0), "the mean of 0, 2, 4 and 6"
    assert points[-1] == (999, 1995.0)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_the_newest_point_is_shown_before_its_neighbours_come() -> None:
    curve = Curve()
    for i in range(MOST_POINTS + 1):
        curve.add(i, 1.0 if i < MOST_POINTS else 5.0)
    assert curve.points()[-1] == (MOST_POINTS, 5.0)
    curve.add(MOST_POINTS + 1, math.nan)
    assert curve.points()[-1] == (MOST_POINTS, 5.0)


def test_the_return_comes_first_and_only_losses_besides() -> None:
    curves = Curves()
    curves.add(10, {}, {"a_optimizer/loss": 1.23456789, "loss/entropy": 3.0})
    curves.add(20, {"AverageReturn": 5.0, "AverageEpisodeLength": 9.0}, {"a_optimizer/loss": 2.0})
    assert curves.as_json() == [
        {"name": "return", "points": [(20, 5.0)]},
        {"name": "a_optimizer/loss", "points": [(10, 1.2346), (20, 2.0)]},
    ]


def test_a_resumed_run_shows_what_was_before(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    step = {"env_steps": 8, "metrics": {"AverageReturn": None}, "values": {"optimizer/loss": 0.5}}
    later = {"env_steps": 16, "metrics": {"AverageReturn": 2.0}, "values": {}}
    file.write_text(f"{json.dumps(step)}\n{json.dumps(later)}\n")
    curves = Curves()
    curves.read(file)
    curves.read(tmp_path / "absent.jsonl")
    found = {entry["name"]: entry["points"] for entry in curves.as_json()}
    assert found == {"return": [(16, 2.0)], "optimizer/loss": [(8, 0.5)]}


def test_pace_is_taken_over_the_last_seconds() -> None:
    pace = Pace(["unroll", "update"])
    assert pace.as_json()["steps_per_second"] is None
    pace.at(0.0, 0, 0, {"unroll": 0.0, "update": 0.0, "evaluate": 0.0})
    pace.at(1.0, 1, 90, {"unroll": 0.9, "update": 0.0, "evaluate": 0.1})
    pace.at(2.0, 11, 1090, {"unroll": 1.4, "update": 0.25, "evaluate": 0.1, "save": 0.25})
    found = pace.as_json()
    assert found["steps_per_second"] == 545.0
    pace.at(2.0 + WINDOW, 21, 2090, {"unroll": 3.9, "update": 0.25, "evaluate": 0.1, "save": 0.25})
    found = pace.as_json()
    assert found["steps_per_second"] == 1000 / WINDOW
    assert found["phases"] == {
        "unroll": {"share": 2.5 / WINDOW, "seconds": 0.25, "steps_per_second": 400.0},
        "update": {"share": 0.0, "seconds": 0.0, "steps_per_second": None},
    }
    assert found["around"] == {"evaluate": 0.0, "save": 0.0, "log": 0.0}
