"""Measured temperatures."""

import subprocess
from pathlib import Path

import pytest

from alfgraph.diagnostics.errors import UsageError
from alfgraph.drawing.picture.heat import with_heat
from alfgraph.drawing.rendering import render_view
from tests.drawing.ppo_board import ppo

FIRST = "graph = Pipeline(env=GymEnv(), algorithm=PPO(optimizer=Adam(lr=1e-3)))\n"
SECOND = "graph = Pipeline(env=GymEnv(num_envs=4), algorithm=SAC())\n"


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def levels(source: str, folder: Path) -> dict[str, int]:
    return {part.path: part.temperature for part in with_heat(ppo(), source, folder).parts}


def test_usage_counts_the_files_that_set_a_socket(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FIRST)
    (tmp_path / "b.py").write_text(SECOND)
    found = levels("usage", tmp_path)
    assert found["env"] == found["algorithm"] == 4
    assert found["algorithm.optimizer"] == 2
    assert found["algorithm.critic"] == 0


def test_git_counts_the_changed_lines_that_name_a_socket(tmp_path: Path) -> None:
    git(tmp_path, "init")
    for text in (FIRST, SECOND):
        (tmp_path / "a.py").write_text(text)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-m", "change")
    found = levels("git", tmp_path)
    assert found["env"] == 4, "three lines: added, removed, added again"
    assert found["algorithm.optimizer"] == 3, "4 · log(1 + 2) / log(1 + 3), rounded"
    assert found["algorithm.critic"] == 0


def test_the_legend_names_the_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(FIRST)
    text = str(render_view(ppo(), "svg", heat="usage", folder=tmp_path))
    assert "in no graph file … 4 in every one" in text
    assert "as declared by the classes" in str(render_view(ppo(), "svg"))


def test_what_cannot_be_measured_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no `\.py` file"):
        with_heat(ppo(), "usage", tmp_path)
    with pytest.raises(UsageError, match="is in no git repository with commits"):
        with_heat(ppo(), "git", tmp_path)
