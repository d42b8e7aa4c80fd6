"""What a run logs, read back by TensorBoard's own reader and from metrics.jsonl."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.runtime.comparison import summaries_of
from tests.runtime.training import board, train, train_until

ITERATIONS = 12
METRICS = (
    "AverageReturn",
    "AverageEpisodeLength",
    "AverageDiscountedReturn",
    "AverageReward",
    "EpisodicStartAverageDiscountedReturn",
)
VALUES = (
    "optimizer/loss",
    "loss/policy_loss",
    "loss/value_loss",
    "loss/mean_entropy",
    "algorithm.optimizer/grad_norm",
    "algorithm.optimizer/lr",
    "algorithm.critic/parameter_norm",
)
WALL = (
    "time/steps_per_second",
    "time/unroll",
    "time/update",
    "time/iteration",
    "time/evaluate",
    "time/save",
    "time/log",
    "memory/cpu",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve iterations; summaries at 1, 2, 3, 6, 9, 12; evaluations at 5, 10 and 12."""
    path = tmp_path_factory.mktemp("run")
    settings: dict[str, Any] = {
        "trainer__num_iterations": ITERATIONS,
        "trainer__summary_interval": 3,
        "trainer__eval_interval": 5,
        "env__num_envs": 12,
    }
    train_until(board("recurrent", **settings), path, 8)  # and resumed: nothing shows it
    train(board("recurrent", **settings), path)
    return path


@pytest.fixture(scope="module")
def events(run: Path) -> EventAccumulator:
    found = EventAccumulator(str(run / "tensorboard"))
    found.Reload()
    return found


def steps(events: EventAccumulator, tag: str) -> list[int]:
    return [event.step for event in events.Scalars(tag)]


def test_a_summary_is_written_when_it_is_due(run: Path) -> None:
    """The first interval whole, then every third iteration, and with every evaluation."""
    found = [step["iteration"] for step in summaries_of(run / "metrics.jsonl")]
    assert found == [1, 2, 3, 5, 6, 9, 10, 12]


@pytest.mark.parametrize("tag", [*VALUES, *WALL])
def test_values_are_there_at_every_summary(events: EventAccumulator, tag: str) -> None:
    assert steps(events, tag) == [1, 2, 3, 5, 6, 9, 10, 12]


@pytest.mark.parametrize("name", METRICS)
def test_metrics_are_there_against_three_axes(
    run: Path, events: EventAccumulator, name: str
) -> None:
    """From the first finished episode on; never a 0 before it."""
    summaries = [s for s in summaries_of(run / "metrics.jsonl") if name in s["metrics"]]
    assert steps(events, f"Metrics/{name}") == [s["iteration"] for s in summaries]
    by_steps = steps(events, f"Metrics_vs_EnvironmentSteps/{name}")
    assert by_steps == [s["env_steps"] for s in summaries]
    by_episodes = steps(events, f"Metrics_vs_NumberOfEpisodes/{name}")
    assert by_episodes == sorted({s["episodes"] for s in summaries})
    assert summaries[0]["episodes"] > 0


def test_evaluations_are_there_where_they_were_made(events: EventAccumulator) -> None:
    for name in ("AverageReturn", "StdReturn", "AverageEpisodeLength"):
        assert steps(events, f"Metrics/eval/{name}") == [5, 10, 12]


def test_texts_say_what_runs(events: EventAccumulator) -> None:
    texts = {
        tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode()
        for tag in events.Tags()["tensors"]
    }
    assert set(texts) == {"program", "plan", "settings"}
    assert "def unroll():" in texts["program"]
    assert "12 x GymEnv CartPole-v1" in texts["plan"]
    rows = texts["settings"].splitlines()
    assert rows[0] == "| setting | value | origin | operative |"
    size = next(row for row in rows if row.startswith("| algorithm.actor.memory.size |"))
    assert size.split(" | ")[1] == "16"
    assert "recurrent.py" in size
    assert size.endswith("| yes |")


def test_norms_and_losses_are_finite_numbers(run: Path) -> None:
    for summary in summaries_of(run / "metrics.jsonl"):
        assert all(math.isfinite(value) for value in summary["values"].values())
        assert summary["values"]["algorithm.optimizer/lr"] == 1e-3
        assert summary["wall"]["memory/cpu"] > 50


def test_a_hook_gets_what_is_written(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    train(board("recurrent", trainer__num_iterations=3), tmp_path, on_summary=seen.append)
    assert seen == summaries_of(tmp_path / "metrics.jsonl")


def test_profiling_says_where_the_time_went(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(board("recurrent", trainer__num_iterations=3), tmp_path, profile=True)
    title, *rows = capsys.readouterr().out.splitlines()
    assert title.split() == ["calls", "time", "share", "each"]
    assert {row.split()[0] for row in rows} >= {"unroll", "update", "evaluate", "env.step"}


def test_metrics_of_one_s_own_are_against_three_axes(tmp_path: Path) -> None:
    """Parts with nothing but monitored outputs run, and are logged; NaN is nothing to report."""
    train_until(board("measured"), tmp_path, 4)  # and resumed at 4: counting goes on
    train(board("measured"), tmp_path)
    summaries = summaries_of(tmp_path / "metrics.jsonl")
    assert [s["metrics"]["seen/rows"] for s in summaries] == [24.0 * n for n in range(1, 7)]
    assert all(0.0 < s["metrics"]["tilt"] < 0.3 for s in summaries)
    assert not any("seen/never" in s["metrics"] for s in summaries)
    found = EventAccumulator(str(tmp_path / "tensorboard"))
    found.Reload()
    assert steps(found, "Metrics/tilt") == [1, 2, 3, 4, 5, 6]
    assert steps(found, "Metrics_vs_EnvironmentSteps/tilt") == [24 * n for n in range(1, 7)]
    assert "Metrics_vs_NumberOfEpisodes/seen/rows" in found.Tags()["scalars"]


def test_settings_without_effect_are_marked(events: EventAccumulator) -> None:
    """The algorithm's own schedule is not the one the board runs under."""
    table = events.Tensors("settings")[0].tensor_proto.string_val[0].decode().splitlines()
    operative = {row.split(" | ")[0].removeprefix("| "): row.split(" | ")[3] for row in table[2:]}
    assert operative["schedule.unroll_length"] == "yes |"
    assert operative["algorithm.schedule.unroll_length"] == "no |"
