"""`alfgraph diff`: graph files, git revisions and run directories, as text and as one board."""

import json
import subprocess
from pathlib import Path

import pytest

from alfgraph.cli import main

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = ROOT / "graphs" / "ac_cart_pole.py"
SMALL = """
from alfgraph.components import ActorCritic, Adam, GymEnv, OnPolicy, Pipeline, Trainer

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=2),
    algorithm=ActorCritic(optimizer=Adam(lr=1e-3)),
    schedule=OnPolicy(unroll_length=4),
    trainer=Trainer(num_iterations=1, num_eval_episodes=1),
)
"""


def diff(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["diff", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def git(folder: Path, *command: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", "-C", str(folder), *names, *command], check=True, capture_output=True)


def test_another_algorithm_in_words_and_colours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    picture = tmp_path / "both.svg"
    code, out, err = diff(capsys, SMALLEST, ROOT / "graphs/ppo_cart_pole.py", "-o", picture)
    assert (code, err) == (0, "")
    settings, components, wires = out.split("\n\n")
    assert settings.splitlines()[:2] == ["`env.num_envs`: 30 → 8", "`algorithm`: ActorCritic → PPO"]
    assert components.startswith("components:\n")
    assert "  + algorithm.samples: MiniBatches" in components
    assert "  ~ algorithm.loss: ActorCriticLoss → PPOLoss" in components
    assert "env" not in components, "its one change is told by the settings"
    assert "  + prepare: critic.value → returns.value  float32[T+1, B]" in wires
    assert "  - update: critic.value → returns.value  float32[T+1, B]" in wires
    text = "  ~ update: log_prob.log_prob → loss.log_prob  float32[T, B] → float32[T, M]"
    assert text in wires and "(was)" not in wires
    drawn = picture.read_text(encoding="utf-8")
    assert all(f"copper {change}" in drawn for change in ("added", "removed", "changed"))


def test_a_file_and_its_past(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs" / "size.py").write_text("WIDTH = 16\n")
    text = SMALL.replace("graph =", "import size\n\ngraph =")
    text = text.replace("num_envs=2", "num_envs=size.WIDTH")
    (tmp_path / "graphs" / "small.py").write_text(text)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "as it was")
    (tmp_path / "graphs" / "size.py").write_text("WIDTH = 32\n")
    assert diff(capsys, "graphs/small.py@HEAD", "graphs/small.py") == (
        0,
        "`env.num_envs`: 16 → 32\n",
        "",
    )
    code, _, err = diff(capsys, "graphs/small.py@then", "graphs/small.py")
    assert code == 2 and "the repository has no revision `then`" in err
    code, _, err = diff(capsys, "graphs/large.py@HEAD", "graphs/small.py")
    assert code == 2 and "there is no `graphs/large.py` at the revision `HEAD`" in err
    assert "there were `size.py` and `small.py`" in err


def test_a_run_and_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, run = tmp_path / "small.py", tmp_path / "run"
    file.write_text(SMALL)
    assert main(["run", str(file), "--run-dir", str(run), "--json"]) == 0
    capsys.readouterr()
    assert diff(capsys, run, file) == (0, "the boards are equal\n", "")
    code, out, _ = diff(capsys, run, SMALLEST, "--json")
    assert code == 0
    found = json.loads(out)
    assert "`env.num_envs`: 2 → 30" in found["settings"]
    assert (found["components"], found["wires"]) == ([], [])


def test_a_run_that_cannot_be_made_again_is_compared_by_its_settings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lock = tmp_path / "board.json"
    lock.write_text(json.dumps({"kind": "alfgraph.components:Pipeline", "env": {"kind": "a:B"}}))
    code, out, err = diff(capsys, tmp_path, SMALLEST)
    assert code == 0 and "`env`: B → GymEnv" in out
    assert "only the settings are compared: it has no checkpoint yet" in err
    code, _, err = diff(capsys, tmp_path, SMALLEST, "-o", tmp_path / "both.svg")
    assert code == 2 and "cannot be drawn as one" in err


def test_a_board_that_fails_its_check_is_compared_as_far_as_it_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = ROOT / "tests/diagnostics/broken/no_optimizer.py"
    code, out, err = diff(capsys, broken, SMALLEST)
    assert code == 0 and "does not check" in err
    assert "+ update: loss.loss → optimizer.loss" in out
