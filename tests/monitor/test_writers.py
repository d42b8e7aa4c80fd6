"""Metric files, read back with TensorBoard's own reader; cutting them; hooks."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alfgraph.diagnostics.errors import RunError
from alfgraph.monitor.writers import JsonLinesWriter, Step, TensorBoardWriter, Writers


def step(iteration: int, episodes: int | None = None) -> Step:
    done = iteration // 2 if episodes is None else episodes
    metrics = {"EnvironmentSteps": iteration * 230.0, "NumberOfEpisodes": float(done)}
    return {
        "iteration": iteration,
        "env_steps": iteration * 240,
        "episodes": done,
        "metrics": metrics | ({"AverageReturn": 10.0 + done} if done else {}),
        "values": {"loss": 1.0 / iteration, "loss/actor": -0.5},
        "wall": {"time/unroll": 0.25},
    }


Series = dict[str, list[tuple[int, float]]]


def read(directory: Path) -> Series:
    accumulator = EventAccumulator(str(directory), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return {
        tag: [(event.step, event.value) for event in accumulator.Scalars(tag)]
        for tag in accumulator.Tags()["scalars"]
    }


def write(directory: Path, iterations: range, cut: int | None = None) -> None:
    writer = TensorBoardWriter(directory)
    if cut is not None:
        writer.cut_after(cut)
    for iteration in iterations:
        writer.write(step(iteration))
    writer.close()


def test_tensorboard_finds_every_tag_at_every_step(tmp_path: Path) -> None:
    write(tmp_path / "tensorboard", range(1, 7))
    assert read(tmp_path / "tensorboard") == {
        "Metrics/EnvironmentSteps": [(i, i * 230.0) for i in range(1, 7)],
        "Metrics/NumberOfEpisodes": [(i, i // 2) for i in range(1, 7)],
        "Metrics/AverageReturn": [(i, 10.0 + i // 2) for i in range(2, 7)],
        "loss": [(i, pytest.approx(1 / i)) for i in range(1, 7)],
        "loss/actor": [(i, -0.5) for i in range(1, 7)],
        "time/unroll": [(i, 0.25) for i in range(1, 7)],
        "Metrics_vs_EnvironmentSteps/AverageReturn": [
            (i * 240, 10.0 + i // 2) for i in range(2, 7)
        ],
        "Metrics_vs_EnvironmentSteps/NumberOfEpisodes": [(i * 240, i // 2) for i in range(1, 7)],
        # Once per number of episodes.
        "Metrics_vs_NumberOfEpisodes/AverageReturn": [(1, 11.0), (2, 12.0), (3, 13.0)],
        "Metrics_vs_NumberOfEpisodes/EnvironmentSteps": [
            (0, 230.0),
            (1, 460.0),
            (2, 920.0),
            (3, 1380.0),
        ],
    }


def test_texts(tmp_path: Path) -> None:
    writer = TensorBoardWriter(tmp_path)
    writer.text("config/settings", "| path | value |\n|---|---|\n| lr | ü |", 0)
    writer.text("config/settings", "again", 0)
    writer.close()
    accumulator = EventAccumulator(str(tmp_path))
    accumulator.Reload()
    (event,) = accumulator.Tensors("config/settings")
    assert event.tensor_proto.string_val[0].decode().endswith("| lr | ü |")
    metadata = accumulator.SummaryMetadata("config/settings")
    assert metadata.plugin_data.plugin_name == "text"


def test_nothing_is_made_before_the_first_summary(tmp_path: Path) -> None:
    writers = Writers(
        [TensorBoardWriter(tmp_path / "tb"), JsonLinesWriter(tmp_path / "metrics.jsonl")]
    )
    writers.cut_after(10)
    writers.flush()
    writers.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("killed", [0, 1, 7, 60, 500])
@pytest.mark.parametrize("cut", [0, 3, 4, 6, 9])
def test_a_resumed_run_has_the_files_of_an_uninterrupted_one(
    tmp_path: Path, cut: int, killed: int
) -> None:
    """Write to 6, lose the last bytes as a kill would, resume from `cut`, twice."""
    write(tmp_path / "whole", range(1, 10))
    write(tmp_path / "cut", range(1, 7))
    (file,) = (tmp_path / "cut").iterdir()
    if killed and cut < 5:
        os.truncate(file, file.stat().st_size - killed)
    resumed = range(min(cut, 6) + 1, 10)
    write(tmp_path / "cut", resumed[:1], cut=cut)
    write(tmp_path / "cut", resumed, cut=cut)
    assert read(tmp_path / "cut") == read(tmp_path / "whole")


def test_cutting_without_resuming_leaves_what_was_before(tmp_path: Path) -> None:
    write(tmp_path, range(1, 7))
    TensorBoardWriter(tmp_path).cut_after(3)
    assert read(tmp_path)["loss/actor"] == [(i, -0.5) for i in range(1, 4)]
    assert read(tmp_path)["Metrics_vs_EnvironmentSteps/AverageReturn"] == [(480, 11.0), (720, 11.0)]
    TensorBoardWriter(tmp_path).cut_after(0)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_event_file_is_cut_where_it_breaks(tmp_path: Path) -> None:
    write(tmp_path, range(1, 7))
    (file,) = tmp_path.iterdir()
    content = bytearray(file.read_bytes())
    at = content.index(b"loss/actor", len(content) // 2)
    content[at - 1] = 0xFF
    file.write_bytes(content)
    TensorBoardWriter(tmp_path).cut_after(6)
    assert 2 <= len(read(tmp_path)["loss/actor"]) < 6


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    writer = JsonLinesWriter(path)
    writer.write(step(1))
    assert jsonl(path) == [
        {
            "iteration": 1,
            "env_steps": 240,
            "episodes": 0,
            "metrics": {"EnvironmentSteps": 230.0, "NumberOfEpisodes": 0.0},
            "values": {"loss": 1.0, "loss/actor": -0.5},
            "wall": {"time/unroll": 0.25},
        }
    ]
    writer.write({**step(2), "values": {"loss": math.nan, "norm": math.inf, "x": 0.1}})
    writer.text("config", "…", 2)
    writer.close()
    assert jsonl(path)[1]["values"] == {"loss": None, "norm": None, "x": 0.1}


@pytest.mark.parametrize("tail", ["", '{"iteration": 3, "env', "garbage\n", "[]\n"])
def test_json_lines_are_cut(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "metrics.jsonl"
    writer = JsonLinesWriter(path)
    for iteration in range(1, 5):
        writer.write(step(iteration))
    writer.close()
    whole = path.read_text()
    with path.open("a") as file:
        file.write(tail)
    writer.cut_after(9)
    assert path.read_text() == whole
    writer.cut_after(2)
    for iteration in (3, 4):
        writer.write(step(iteration))
    writer.close()
    assert path.read_text() == whole


def test_hooks_get_every_summary(tmp_path: Path) -> None:
    got: list[dict[str, Any]] = []
    hook: Callable[[dict[str, Any]], None] = got.append
    writers = Writers([JsonLinesWriter(tmp_path / "m.jsonl")], hooks=[hook])
    writers.write(step(1))
    writers.write(step(2))
    writers.close()
    assert got == jsonl(tmp_path / "m.jsonl")


@pytest.mark.parametrize("kind", [TensorBoardWriter, JsonLinesWriter])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, kind: type[Any]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        RunError, match=r"(?s)cannot\s+be\s+written\s+to\s+.*file/x.*:\s+Not\s+a\s+directory"
    ):
        kind(tmp_path / "file" / "x").write(step(1))


def test_a_full_disk_is_named() -> None:
    writer = JsonLinesWriter(Path("/dev/full"))
    with pytest.raises(RunError, match="cannot be written to /dev/full: No space left on device"):
        writer.write(step(1))
    with pytest.raises(RunError, match="cannot be written to /dev/full"):
        writer.close()
