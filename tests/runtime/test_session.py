"""What a user lives with: finished runs, other boards, signals, faults; nothing is lost."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import alfgraph
from alfgraph.boards.loading import load_module
from alfgraph.components import Pipeline
from alfgraph.diagnostics.errors import BoardError, CheckpointError, RunError, UsageError
from alfgraph.families.graph import Graph
from alfgraph.runtime.checkpoints.checkpoint import find_last, list_checkpoints
from tests.runtime.comparison import run_differences, summaries_of
from tests.runtime.training import BOARDS, board, train, train_until

ROOT = Path(__file__).parents[2]


def faulty(fault: str, **settings: Any) -> Graph:
    return board("faulty", env__kwargs={"fault": fault}, **settings)


# ------------------------------------------------------------------------------- coming back


def test_a_finished_run_says_so_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = board("recurrent", trainer__num_iterations=3)
    first = train(graph, tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text()
    again = train(graph, tmp_path)
    assert (again.already_finished, again.iterations) == (True, 3)
    assert again.return_mean == first.return_mean
    assert (tmp_path / "metrics.jsonl").read_text() == lines
    alfgraph.run(graph, tmp_path)
    assert "this run is finished; --fresh starts it over" in capsys.readouterr().out


def test_a_finished_run_goes_on_with_a_later_end(tmp_path: Path) -> None:
    train(board("recurrent", trainer__num_iterations=3), tmp_path)
    more = train(board("recurrent", trainer__num_iterations=5), tmp_path)
    assert (more.already_finished, more.iterations) == (False, 5)
    iterations = [step["iteration"] for step in summaries_of(tmp_path / "metrics.jsonl")]
    assert iterations == sorted(set(iterations))


def test_another_board_is_refused_with_what_differs(tmp_path: Path) -> None:
    train(board("recurrent", trainer__num_iterations=2), tmp_path)
    other = board("recurrent", trainer__num_iterations=2, env__num_envs=5)
    with pytest.raises(CheckpointError, match=r"(?s)error\[E601\].*`env.num_envs`: 4 → 5.*--fresh"):
        train(other, tmp_path)
    assert train(other, tmp_path, fresh=True).iterations == 2


def test_fresh_forgets_the_run_before(tmp_path: Path) -> None:
    graph = board("recurrent", trainer__num_iterations=3)
    train(graph, tmp_path / "once")
    train(board("recurrent", trainer__num_iterations=5), tmp_path / "twice")
    train(graph, tmp_path / "twice", fresh=True)
    assert run_differences(tmp_path / "once", tmp_path / "twice") == []


def test_a_run_killed_before_its_first_checkpoint_starts_anew(tmp_path: Path) -> None:
    graph = board("recurrent", trainer__num_iterations=4, trainer__num_checkpoints=1)
    train(graph, tmp_path / "whole")
    train_until(graph, tmp_path / "cut", 2)
    assert len(summaries_of(tmp_path / "cut" / "metrics.jsonl")) == 2
    train(graph, tmp_path / "cut")
    assert run_differences(tmp_path / "whole", tmp_path / "cut") == []


def test_a_damaged_checkpoint_is_passed_over_and_several_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = board("recurrent", trainer__num_iterations=4, trainer__num_checkpoints=2)
    train(graph, tmp_path / "whole")
    train(graph, tmp_path / "hurt")
    paths = [path for _, path in list_checkpoints(tmp_path / "hurt" / "checkpoints")]
    (paths[-1] / "state.safetensors").write_bytes(b"x")
    alfgraph.run(graph, tmp_path / "hurt")
    out = capsys.readouterr().out
    assert f"checkpoint {paths[-1]} is damaged: state.safetensors has 1 bytes" in out
    assert "resumed at iteration 2" in out
    assert run_differences(tmp_path / "whole", tmp_path / "hurt") == []
    for path in paths:
        (path / "state.json").write_text("{}")
    with pytest.raises(CheckpointError, match=r"(?s)E603.*no\s+checkpoint\s+of.*--fresh"):
        train(graph, tmp_path / "hurt")


# ---------------------------------------------------------------------------- never starting


def test_a_run_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    def no_world() -> Any:
        raise OSError("no world")

    graph = Pipeline(env=board("recurrent").env.model_copy(update={"make": no_world}))  # type: ignore[attr-defined]
    with pytest.raises(BoardError, match="no world"):
        train(graph, tmp_path / "a" / "b")
    with pytest.raises(UsageError, match="`gpu` is no device"):
        train(board("recurrent"), tmp_path / "a" / "b", device="gpu")
    with pytest.raises(RunError, match=r"E605.*the world is flat"):
        train(faulty_at_reset(), tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def faulty_at_reset() -> Graph:
    module = load_module(BOARDS / "faulty.py")

    class Unwilling(module.Faulty):  # type: ignore[misc,name-defined]
        def reset(self, **options: Any) -> Any:
            raise ZeroDivisionError("the world is flat")

    Unwilling.__qualname__ = "Unwilling"
    graph: Graph = module.graph
    return graph.swap(env=graph.env.model_copy(update={"make": Unwilling}))  # type: ignore[attr-defined]


def test_a_file_in_the_way_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match=r"(?s)E602.*it\s+is\s+a\s+file"):
        train(board("recurrent"), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


# ----------------------------------------------------------------------------------- signals

SCRIPT = """
import sys
from alfgraph.boards.loading import load
from alfgraph.overrides.swaps import set_values
from alfgraph.runtime.run import run
graph = set_values(load(sys.argv[1]), {
    "trainer.num_iterations": 100_000, "trainer.num_eval_episodes": 0,
    "trainer.num_checkpoints": int(sys.argv[3]), "env.vectorization": sys.argv[4],
})
def show(step):
    print(step["iteration"], flush=True)
result = run(graph, sys.argv[2], quiet=True, on_summary=show)
sys.exit(130 if result.interrupted else 0)
"""


def started(name: str, path: Path, checkpoints: int, form: str = "auto") -> subprocess.Popen[str]:
    """A run in a process of its own, at its third iteration."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, BOARDS / f"{name}.py", path, str(checkpoints), form],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "3":
            break
    return process


def ended(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    process.stdout.read()
    process.stdout.close()
    return process.wait(20)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_saves_and_goes_on(number: signal.Signals, tmp_path: Path) -> None:
    process = started("recurrent", tmp_path / "cut", 1, "workers")
    os.killpg(process.pid, number)  # as a terminal does: the workers get it too
    assert ended(process) == 130
    found = find_last(tmp_path / "cut" / "checkpoints")
    assert found.iteration >= 3
    assert nobody_left(process.pid)
    settings: dict[str, Any] = {
        "trainer__num_iterations": found.iteration + 3,
        "trainer__num_checkpoints": 1,
        "trainer__num_eval_episodes": 0,
        "env__vectorization": "workers",
    }
    train(board("recurrent", **settings), tmp_path / "cut")
    train(board("recurrent", **settings), tmp_path / "whole")
    wanted = run_differences(tmp_path / "whole", tmp_path / "cut")
    assert [line for line in wanted if "metrics.jsonl" not in line] == []


def nobody_left(group: int) -> bool:
    """Whether the processes of a group end by themselves within five seconds."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    process = started("recurrent", tmp_path, 50_000)
    os.kill(process.pid, signal.SIGINT)
    os.kill(process.pid, signal.SIGINT)
    assert ended(process) == 130
    assert find_last(tmp_path / "checkpoints").damaged == ()


def test_an_interruption_between_checkpoints_of_rebuilt_environments_saves_nothing(
    tmp_path: Path,
) -> None:
    """Saving would rebuild them, and the run would not be the one it would have been."""
    process = started("bipedal_walker", tmp_path, 50_000)
    os.kill(process.pid, signal.SIGINT)
    assert ended(process) == 130
    assert find_last(tmp_path / "checkpoints").iteration % 2 == 0


# ------------------------------------------------------------------------------------ faults


@pytest.mark.parametrize(
    ("fault", "form", "says"),
    [
        (
            "raise",
            "serial",
            r"environment\s+0 \(`Faulty`\)\s+failed:\s+ZeroDivisionError: the world is flat",
        ),
        (
            "raise",
            "workers",
            r"environment \d.*failed in its worker:\s+ZeroDivisionError.*faulty\.py:45",
        ),
        ("hang", "workers", r"environment 0.*gave no answer for 1.0\s+seconds"),
        ("die", "workers", r"worker of environment \d.*died"),
    ],
)
def test_a_failing_environment_is_named_and_a_checkpoint_stays(
    fault: str, form: str, says: str, tmp_path: Path
) -> None:
    """Step 60 is in the twelfth iteration of five steps; checkpoints are due at 5 and 10."""
    graph = faulty(fault, env__vectorization=form)
    begun = time.monotonic()
    with pytest.raises(RunError, match=rf"(?s)error\[E605\].*{says}.*checkpoint 10 is whole"):
        train(graph, tmp_path)
    assert time.monotonic() - begun < 10.0
    assert find_last(tmp_path / "checkpoints").iteration == 10


def test_a_full_disk_leaves_the_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import safetensors.torch

    graph = board("recurrent", trainer__num_iterations=8, trainer__num_checkpoints=4)
    train_until(graph, tmp_path / "full", 3)
    real = safetensors.torch.save_file

    def full(*args: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    with pytest.raises(CheckpointError, match=r"(?s)E602.*No\s+space\s+left\s+on\s+device"):
        train(graph, tmp_path / "full")
    assert find_last(tmp_path / "full" / "checkpoints").iteration == 2
    monkeypatch.setattr(safetensors.torch, "save_file", real)
    train(graph, tmp_path / "full")
    train(graph, tmp_path / "whole")
    assert run_differences(tmp_path / "whole", tmp_path / "full") == []


def test_a_user_s_exception_keeps_its_type_and_says_where(tmp_path: Path) -> None:
    def hook(step: object) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        train(board("recurrent", trainer__num_iterations=2), tmp_path, on_summary=hook)
