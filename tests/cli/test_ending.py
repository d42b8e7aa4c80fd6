"""What `alfgraph run` says at the end: how it went, and commands that do what they promise."""

from __future__ import annotations

import math
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from alfgraph.cli import main
from alfgraph.cli.ending import ending, invocation, tool_beside
from alfgraph.cli.requests import RunRequest
from alfgraph.diagnostics.snippets import plain
from alfgraph.families.trainer import Trainer
from alfgraph.runtime.run import RunResult

ROOT = Path(__file__).resolve().parents[2]


def result(**changes: object) -> RunResult:
    given = {
        "env_steps": 240_000,
        "iterations": 1000,
        "steps_per_second": 51_234.5,
        "return_mean": 47.04,
        "best_return": 47.04,
        "run_dir": Path("runs/ac-1"),
    }
    return RunResult(**{**given, **changes})  # type: ignore[arg-type]


def rows(text: str) -> dict[str, str]:
    """The table below the first line."""
    found = re.findall(r"^  (\S[\w ]*?) {2,}(\S.*)$", text, flags=re.M)
    return dict(found)


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["alfgraph"])
    monkeypatch.setattr(shutil, "which", lambda name: None)


def test_a_finished_run_word_for_word() -> None:
    request = RunRequest("graphs/ac.py", set=["env.num_envs=4", "trainer.num_iterations=1000"])
    text = ending(request, result(), Trainer(num_iterations=1000), plain)
    assert text.splitlines() == [
        "trained: 240,000 env steps · return 47.0 · 51,234 steps/s",
        "",
        "  run        runs/ac-1",
        "  program    runs/ac-1/program.py",
        "  board      alfgraph render graphs/ac.py --set env.num_envs=4 -o runs/ac-1/board.svg",
        "  curves     tensorboard --logdir runs/ac-1",
        "  video      alfgraph play runs/ac-1 --video runs/ac-1/videos/play.mp4",
        "  train on   alfgraph run graphs/ac.py --set env.num_envs=4 "
        "--set trainer.num_iterations=2000 --run-dir runs/ac-1",
    ]


def test_a_run_that_env_steps_ended_goes_on_by_env_steps() -> None:
    text = ending(RunRequest("g.py"), result(), Trainer(num_env_steps=240_000), plain)
    assert "--set trainer.num_env_steps=480000 --run-dir" in rows(text)["train on"]


def test_an_interrupted_run_goes_on_as_it_was() -> None:
    ended = result(interrupted=True, return_mean=math.nan, best_return=math.nan)
    text = ending(RunRequest("g.py", swap=["algorithm=PPO"]), ended, Trainer(), plain)
    assert text.startswith("interrupted: 240,000 env steps · 51,234 steps/s\n")
    assert rows(text)["go on"] == "alfgraph run g.py --swap algorithm=PPO --run-dir runs/ac-1"


def test_a_better_policy_is_mentioned_and_a_finished_run_says_so() -> None:
    ended = result(best_return=210.0, steps_per_second=0.0, already_finished=True)
    first = ending(RunRequest("g.py"), ended, Trainer(), plain).splitlines()[0]
    assert first == "trained before: 240,000 env steps · return 47.0 · best 210.0"


def test_commands_are_typed_the_way_alfgraph_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "alfgraph")])
    assert invocation() == ".venv/bin/alfgraph"
    assert tool_beside(invocation(), "tensorboard") == ".venv/bin/tensorboard"
    monkeypatch.setattr(sys, "argv", ["/elsewhere/bin/alfgraph"])
    assert invocation() == "/elsewhere/bin/alfgraph"
    monkeypatch.setattr(sys, "argv", ["/usr/bin/python -m something"])
    assert (invocation(), tool_beside("alfgraph", "tensorboard")) == ("alfgraph", "tensorboard")


def test_every_command_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "graphs" / "ac_cart_pole.py", tmp_path)
    short = ["--set", "trainer.num_iterations=2", "--set", "trainer.num_eval_episodes=2"]
    assert main(["run", "ac_cart_pole.py", "--set", "env.num_envs=4", *short]) == 0
    told = rows(capsys.readouterr().out)
    assert Path(told["run"]).is_dir() and Path(told["program"]).is_file()
    for name in ("board", "video", "train on"):
        program, *words = shlex.split(told[name])
        assert program == "alfgraph"
        assert main(words) == 0, capsys.readouterr().err
    printed = capsys.readouterr()
    assert "trained: 128 env steps" in printed.out  # 4 iterations of 8 x 4
    assert "W301" not in printed.err
    assert (tmp_path / told["run"] / "board.svg").is_file()
    assert (tmp_path / told["run"] / "videos" / "play.mp4").is_file()
