"""Playing runs: boards made again from their description, checkpoints chosen, episodes filmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imageio_ffmpeg import count_frames_and_secs
from PIL import Image, ImageSequence

import alfgraph
from alfgraph.boards.board_file import describe
from alfgraph.boards.loading import load
from alfgraph.boards.rebuilding import provenance, rebuild
from alfgraph.components import (
    PPO,
    ActorCritic,
    ActorDistributionNetwork,
    Adam,
    Epochs,
    GymEnv,
    LinearAnnealing,
    OnPolicy,
    Pipeline,
    Trainer,
)
from alfgraph.diagnostics.errors import CheckpointError, UsageError
from alfgraph.families.graph import Graph
from alfgraph.runtime.checkpoints.checkpoint import find_last, list_checkpoints, load_checkpoint
from alfgraph.runtime.playing import find_checkpoint, play
from tests.graph_files import GRAPHS, skip_without_packages
from tests.runtime.training import ALL, BOARDS, board, train

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with checkpoints 2, 4 and 6, all evaluated."""
    path = tmp_path_factory.mktemp("run")
    settings = {"num_iterations": 6, "num_checkpoints": 3, "eval_interval": 2}
    train(board("recurrent", **{f"trainer__{k}": v for k, v in settings.items()}), path)
    return path


def test_playing_repeats_the_run_s_own_evaluation(run: Path) -> None:
    """Same networks, same seed, same number of environments: the same episodes."""
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    result = play(run, episodes=2)
    assert result.episodes == 2
    assert result.return_mean == last["metrics"]["eval/AverageReturn"]
    assert result.return_mean == result.length_mean  # CartPole pays 1 a step


def test_another_seed_gives_other_episodes(run: Path) -> None:
    assert play(run, episodes=6).returns != play(run, episodes=6, seed=1).returns


def test_checkpoints_are_found_by_name_and_number(run: Path) -> None:
    scores = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        step = json.loads(line)
        if "eval/AverageReturn" in step["metrics"]:
            scores[step["iteration"]] = step["metrics"]["eval/AverageReturn"]
    best = max(scores, key=lambda iteration: (scores[iteration], iteration))
    assert find_checkpoint(run, "last").path.name == "6"
    assert find_checkpoint(run, "best").path.name == str(best)
    assert find_checkpoint(run, "4") == find_checkpoint(run, 4)
    with pytest.raises(UsageError, match=r"(?s)no checkpoint `5`.*last, best, or one of 2, 4, 6"):
        play(run, checkpoint=5)
    with pytest.raises(UsageError, match=r"(?s)holds\s+no\s+checkpoint"):
        play(run / "checkpoints")


def test_a_row_for_each_episode_is_printed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = play(run, episodes=3, quiet=False)
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == f"checkpoint {run}/checkpoints/6"
    assert [row.split()[0] for row in rows[2:5]] == ["1", "2", "3"]
    assert rows[5].startswith(f"return {result.return_mean:.2f} ± {result.return_std:.2f}")


def test_the_first_episode_is_filmed_as_mp4(run: Path, tmp_path: Path) -> None:
    result = play(run, episodes=2, video=tmp_path / "film.mp4")
    count, seconds = count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert count == result.lengths[0] + 1
    assert seconds == pytest.approx(count / 50, abs=0.02)  # CartPole's own frames per second


def test_the_first_episode_is_filmed_as_gif(run: Path, tmp_path: Path) -> None:
    result = play(run, episodes=2, video=tmp_path / "deep" / "film.gif")
    with Image.open(tmp_path / "deep" / "film.gif") as film:
        shown = [
            (f.info["duration"], np.array(f.convert("L"))) for f in ImageSequence.Iterator(film)
        ]
    # Frames that are equal are one frame that lasts longer.
    assert sum(duration for duration, _ in shown) == 20 * (result.lengths[0] + 1)
    assert shown[0][1].shape == (400, 600)
    assert (shown[0][1] != shown[-1][1]).any()


def test_a_film_of_another_format_is_refused_before_anything_runs(run: Path) -> None:
    with pytest.raises(UsageError, match=r"use one of \.mp4 and \.gif"):
        play(run, video="film.avi")


def test_a_run_is_played_in_a_process_that_never_saw_its_graph_file(tmp_path: Path) -> None:
    """The classes of the graph file are found again; the working directory is another one."""
    graph = board("faulty", trainer__num_iterations=2)
    train(graph, tmp_path / "run")
    code = "from alfgraph.runtime.playing import play; print(play('run', 2).lengths)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout == "(10, 10)\n"


# -------------------------------------------------------------------------------- rebuilding


def made_again(graph: Graph) -> Graph:
    plan = alfgraph.plan(graph)
    description = json.loads(json.dumps(describe(graph)))
    origin = json.loads(json.dumps(provenance(plan.board)))
    again = rebuild(description, origin)
    code = alfgraph.plan(again).code
    assert code.partition("\n")[2] == plan.code.partition("\n")[2]  # the first names the file
    return again


@pytest.mark.parametrize("name", [*ALL, "faulty"])
def test_a_board_made_again_has_the_same_program(name: str) -> None:
    made_again(board(name))


@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_every_graph_file_is_made_again(path: Path) -> None:
    skip_without_packages(path)
    made_again(load(path))


def test_a_default_stays_a_default() -> None:
    """The mini-batch size of PPO is a default, so it shrinks; a size that is set would not."""
    graph = Pipeline(env=GymEnv(num_envs=1), algorithm=PPO(), schedule=Epochs(unroll_length=16))
    again: Any = made_again(graph)
    assert "mini_batch_size" not in again.schedule.model_fields_set
    assert "schedule" not in again.algorithm.model_fields_set


def test_configured_defaults_shared_parts_and_annealings_are_made_again() -> None:
    critic = PPO().critic
    graph = Pipeline(
        env=GymEnv(num_envs=3),
        algorithm=PPO(critic=critic, target_kl=0.01),
        trainer=Trainer(num_env_steps=1000),
    ).configure(ActorDistributionNetwork, hidden=(24,))
    again: Any = made_again(graph)
    assert again.algorithm.actor.hidden == (24,)
    annealed = LinearAnnealing(start=1e-3, end=0.0, by="iterations", over=(0, 10))
    again = made_again(Pipeline(algorithm=ActorCritic(optimizer=Adam(lr=annealed))))
    assert again.algorithm.optimizer.lr == annealed


def test_functions_in_settings_are_made_again() -> None:
    from tests.whole_boards.worlds import Clock

    again: Any = made_again(Pipeline(env=GymEnv(make=Clock, num_envs=2)))
    assert again.env.make is Clock


def test_a_class_that_is_gone_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text((BOARDS / "faulty.py").read_text())
    graph = load(file)
    description, origin = describe(graph), provenance(graph)
    file.write_text("from alfgraph.components import Pipeline\ngraph = Pipeline()\n")
    with pytest.raises(CheckpointError, match=r"(?s)E601.*`mine.py:Faulty` is not there any more"):
        rebuild(description, origin)


def test_a_state_knows_where_its_graph_file_lies(run: Path) -> None:
    found = find_last(run / "checkpoints")
    assert found.path is not None
    origin = load_checkpoint(found.path)["provenance"]
    assert origin["files"]["recurrent.py"] == str(BOARDS / "recurrent.py")
    assert "num_envs" in origin["given"]["env"]
    assert [iteration for iteration, _ in list_checkpoints(run / "checkpoints")] == [2, 4, 6]


def test_a_vector_reward_is_told_by_dimension(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An episode of `Tug` pays (1, -2) a step for ten steps."""
    from tests.runtime.worlds import Tug

    graph = Pipeline(
        env=GymEnv(make=Tug, num_envs=2),
        schedule=OnPolicy(unroll_length=12),
        trainer=Trainer(num_iterations=2, num_eval_episodes=2),
    )
    alfgraph.run(graph, tmp_path, quiet=False)
    shown = capsys.readouterr().out.splitlines()
    assert " 10.0 -20.0 " in next(line for line in shown if line.split()[:1] == ["2"])
    last = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["metrics"]
    assert (last["AverageReturn/0"], last["AverageReturn/1"]) == (10.0, -20.0)
    assert (last["eval/AverageReturn/0"], last["eval/AverageReturn/1"]) == (10.0, -20.0)
    assert last["eval/AverageReturn"] == -10.0
    result = play(tmp_path, episodes=2, quiet=False)
    assert (result.returns, result.parts) == ((-10.0, -10.0), ((10.0, -20.0), (10.0, -20.0)))
    assert "return by reward dimension 10.00, -20.00" in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"takes\s+no\s+`render_mode`"):
        play(tmp_path, video=tmp_path / "film.gif")


def test_a_film_is_made_without_a_word_from_pygame(run: Path, tmp_path: Path) -> None:
    """Where there is no screen, SDL says so on standard error, unless it is not asked for one."""
    code = f"from alfgraph.runtime.playing import play; play({str(run)!r}, 1, video='film.gif')"
    bare = {k: v for k, v in os.environ.items() if k not in {"XDG_RUNTIME_DIR", "DISPLAY"}}
    bare.pop("SDL_VIDEODRIVER", None)
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**bare, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stderr == ""
    assert (tmp_path / "film.gif").stat().st_size > 0
