"""A run that was killed and resumed equals the one nobody touched, bit for bit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alfgraph.runtime.checkpoints.checkpoint import find_last, list_checkpoints, load_checkpoint
from alfgraph.runtime.playing import find_checkpoint, play
from tests.runtime.comparison import differences, run_differences
from tests.runtime.training import ALL, BOARDS, board, train, train_until

ROOT = Path(__file__).parents[3]
SHORT = {
    "ppo_cart_pole": 9,
    "lunar_lander": 6,
    "bipedal_walker": 6,
    "recurrent": 16,
    "sac_pendulum": 112,
}
CUTS = {
    "ppo_cart_pole": (1, 4, 7),
    "lunar_lander": (3, 5),
    "bipedal_walker": (2, 5),
    "sac_pendulum": (70, 108),
}
LIMITS: dict[str, Any] = {
    "trainer__num_checkpoints": 4,
    "trainer__eval_interval": 4,
    "trainer__summary_interval": 2,
    "trainer__keep_checkpoints": None,
}


@pytest.mark.parametrize("name", ALL)
def test_a_run_cut_anywhere_equals_the_uninterrupted_one(name: str, tmp_path: Path) -> None:
    graph = board(name, trainer__num_iterations=SHORT[name], **LIMITS)
    train(graph, tmp_path / "whole")
    for cut in CUTS.get(name, (3, 9, 14)):
        train_until(graph, tmp_path / "cut", cut)
    train(graph, tmp_path / "cut")
    assert run_differences(tmp_path / "whole", tmp_path / "cut") == []


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_twice_gives_equal_files(name: str, tmp_path: Path) -> None:
    graph = board(name, trainer__num_iterations=4, **LIMITS)
    for run in ("one", "two"):
        train(graph, tmp_path / run)
    assert run_differences(tmp_path / "one", tmp_path / "two") == []
    for file in sorted((tmp_path / "one").rglob("*.safetensors")):
        twin = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == twin.read_bytes(), file


def test_another_seed_gives_other_parameters(tmp_path: Path) -> None:
    """So that the comparison is known to see differences."""
    for seed in (0, 1):
        graph = board("recurrent", trainer__num_iterations=2, trainer__random_seed=seed)
        train(graph, tmp_path / str(seed))
    found = run_differences(tmp_path / "0", tmp_path / "1")
    assert any("/program/parameters/algorithm.actor" in line for line in found)
    assert any("metrics.jsonl" in line for line in found)


@pytest.mark.parametrize("name", ["ppo_cart_pole", "bipedal_walker"])
def test_watching_a_run_does_not_change_it(name: str, tmp_path: Path) -> None:
    """Evaluation, summaries, profiling and progress on or off: equal parameters."""
    plain: dict[str, Any] = {
        "num_eval_episodes": 0,
        "eval_interval": None,
        "summary_interval": 1000,
    }
    watched: dict[str, Any] = {"num_eval_episodes": 2, "eval_interval": 1, "summary_interval": 1}
    states = []
    for number, settings in enumerate((plain, watched)):
        values = {f"trainer__{k}": v for k, v in settings.items()}
        graph = board(name, trainer__num_iterations=4, **(LIMITS | values))
        path = tmp_path / str(number)
        train(graph, path, profile=number == 1, on_summary=lambda step: None)
        found = find_last(path / "checkpoints")
        assert found.path is not None
        states.append(load_checkpoint(found.path)["program"])
    assert differences(states[0], states[1], "program") == []


@pytest.mark.parametrize("name", ["recurrent", "bipedal_walker"])
def test_saving_nothing_gives_the_same_returns(name: str, tmp_path: Path) -> None:
    """Environments that can only be rebuilt are rebuilt at planned checkpoints, saved or not."""
    graph = board(name, trainer__num_iterations=6, **LIMITS)
    seen: list[list[object]] = [[], []]
    for number, save in enumerate((True, False)):
        train(
            graph,
            tmp_path / "saved" if save else None,
            save=save,
            on_summary=lambda step, to=seen[number]: to.append((step["metrics"], step["values"])),
        )
    assert seen[0] == seen[1]


def test_a_hook_that_draws_random_numbers_does_not_change_the_run(tmp_path: Path) -> None:
    import random

    import numpy as np
    import torch

    def hook(step: object) -> None:
        torch.rand(3), np.random.rand(3), random.random()

    graph = board("recurrent", trainer__num_iterations=4)
    train(graph, tmp_path / "one")
    train(graph, tmp_path / "two", on_summary=hook)
    assert run_differences(tmp_path / "one", tmp_path / "two") == []


def test_the_process_keeps_its_own_generators(tmp_path: Path) -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train(board("recurrent", trainer__num_iterations=2), tmp_path)
    assert torch.equal(torch.rand(2), expected)


def torture(kills: int, *names: str) -> None:
    boards = [str(BOARDS / f"{name}.py") for name in names]
    subprocess.run(
        [sys.executable, "tools/torture.py", "--kills", str(kills), *boards],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )


def test_killed_runs_equal_whole_ones() -> None:
    torture(3, "recurrent")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ALL, "prioritized_dqn"])
def test_runs_killed_ten_times_equal_whole_ones(name: str) -> None:
    torture(10, name)


def test_checkpoints_are_spread_and_rotated(tmp_path: Path) -> None:
    def iterations(run: str, **settings: object) -> list[int]:
        graph = board("recurrent", trainer__num_iterations=20, **settings)
        train(graph, tmp_path / run)
        return [iteration for iteration, _ in list_checkpoints(tmp_path / run / "checkpoints")]

    once = {"trainer__eval_interval": None, "trainer__num_checkpoints": 4}
    assert iterations("all", **once) == [5, 10, 15, 20]
    assert iterations("odd", **{**once, "trainer__num_checkpoints": 3}) == [7, 14, 20]
    assert iterations("two", trainer__keep_checkpoints=2, trainer__keep_best=False, **once) == [
        15,
        20,
    ]


@pytest.mark.parametrize("name", ["recurrent", "bipedal_walker"])
def test_the_best_policy_is_kept_wherever_it_was_evaluated(name: str, tmp_path: Path) -> None:
    """Also where environments can only be rebuilt, which saving everything would do."""
    graph = board(
        name,
        trainer__num_iterations=10,
        trainer__num_checkpoints=1,
        trainer__eval_interval=3,
    )
    seen: dict[int, float] = {}

    def note(step: dict[str, object]) -> None:
        metrics = step["metrics"]
        assert isinstance(metrics, dict)
        if "eval/AverageReturn" in metrics:
            seen[int(str(step["iteration"]))] = metrics["eval/AverageReturn"]

    result = train(graph, tmp_path, on_summary=note)
    assert sorted(seen) == [3, 6, 9, 10]
    assert result.best_return == max(seen.values())
    best = next(i for i, value in seen.items() if value == result.best_return)
    assert [i for i, _ in list_checkpoints(tmp_path / "checkpoints")] == [10]
    assert [i for i, _ in list_checkpoints(tmp_path / "best")] == [best]
    if seen[10] < result.best_return:  # the newest of equals is as good
        assert find_checkpoint(tmp_path, "best").path == tmp_path / "best" / str(best)
    shutil.rmtree(tmp_path / "checkpoints")
    assert play(tmp_path, checkpoint="best", episodes=2).episodes == 2
    train(board(name, trainer__num_iterations=1), tmp_path)
    assert [i for i, _ in list_checkpoints(tmp_path / "best")] == [1]  # it began anew
