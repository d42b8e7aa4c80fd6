"""Run directories: names, exclusive use, and no trace of runs that never began."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from alfgraph.diagnostics.errors import RunError
from alfgraph.runtime.run_directory import RunDirectory, write_atomically

HOLDER = """
import os, sys, time
from alfgraph.runtime.run_directory import RunDirectory
run = RunDirectory(sys.argv[1]).open()
worker = os.fork() if len(sys.argv) > 2 else 1
os.write(1, f"{worker}\\n".encode())  # in one piece: two processes write here
time.sleep(60)
"""


def hold(path: Path, *extra: str) -> tuple[subprocess.Popen[str], int]:
    """Another process that holds the directory; with an extra argument, it has a forked worker."""
    command = [sys.executable, "-c", HOLDER, str(path), *extra]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = {int(process.stdout.readline()) for _ in range(2 if extra else 1)}
    return process, max(said)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_the_layout(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    paths = (run.board, run.program, run.metrics, run.tensorboard, run.checkpoints, run.videos)
    assert [str(p.relative_to(run.path)) for p in paths] == [
        "board.json",
        "program.py",
        "metrics.jsonl",
        "tensorboard",
        "checkpoints",
        "videos",
    ]
    assert not run.path.exists()


def test_new_directories_are_numbered(tmp_path: Path) -> None:
    for n in (1, 2):
        with RunDirectory.new("cart_pole", tmp_path / "runs") as run:
            assert run.path == tmp_path / "runs" / f"cart_pole-{n}"
            run.begin({}, "")
    (tmp_path / "runs" / "cart_pole-10").mkdir()
    (tmp_path / "runs" / "cart_pole-x").mkdir()
    (tmp_path / "runs" / "other-40").mkdir()
    with RunDirectory.new("cart_pole", tmp_path / "runs") as run:
        assert run.path.name == "cart_pole-11"


def test_two_that_start_at_once_get_two_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([1, 1, 2])
    monkeypatch.setattr("alfgraph.runtime.run_directory._next_number", lambda *_: next(numbers))
    with RunDirectory.new("a", tmp_path) as one, RunDirectory.new("a", tmp_path) as two:
        assert (one.path.name, two.path.name) == ("a-1", "a-2")


def test_begin_writes_what_runs(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "r") as run:
        assert sorted(p.name for p in run.path.iterdir()) == [".lock", ".lock-holder"]
        run.begin({"graph": "Pipeline"}, "def unroll(): ...\n")
    assert json.loads(run.board.read_text()) == {"graph": "Pipeline"}
    assert run.program.read_text() == "def unroll(): ...\n"
    assert sorted(p.name for p in run.path.iterdir()) == ["board.json", "program.py"]


def test_a_run_that_never_begins_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunDirectory(tmp_path / "a" / "b" / "r"):
        raise ZeroDivisionError
    with RunDirectory.new("r", tmp_path / "runs"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_directories_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    with RunDirectory(tmp_path / "r"):
        pass
    assert list((tmp_path / "r").iterdir()) == []
    with RunDirectory(tmp_path / "s") as run:
        (run.path / "notes.txt").write_text("the user's")
    assert [p.name for p in run.path.iterdir()] == ["notes.txt"]


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    with RunDirectory(tmp_path / "r") as run:
        run.begin({}, "")
        with pytest.raises(
            RunError, match=rf"(?s)in\s+use\s+by\s+process\s+{os.getpid()}\s+on\s+.*--run-dir"
        ):
            RunDirectory(tmp_path / "r").open()
        run.open()
    with RunDirectory(tmp_path / "r"):
        pass


def test_another_process_is_refused_until_it_dies(tmp_path: Path) -> None:
    process, _ = hold(tmp_path / "r")
    try:
        with pytest.raises(RunError, match=rf"(?s)in\s+use\s+by\s+process\s+{process.pid}\s+"):
            RunDirectory(tmp_path / "r").open()
    finally:
        kill(process)
    assert (tmp_path / "r" / ".lock").exists()
    with RunDirectory(tmp_path / "r"):
        pass


def test_a_worker_that_outlives_its_run_does_not_hold_the_lock(tmp_path: Path) -> None:
    process, worker = hold(tmp_path / "r", "fork")
    kill(process)
    try:
        with RunDirectory(tmp_path / "r"):
            pass
    finally:
        os.kill(worker, signal.SIGKILL)


def test_a_lock_removed_by_its_holder_is_not_mistaken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder closes between our opening its lock file and our locking it."""
    fcntl = pytest.importorskip("fcntl", reason="the system keeps locked files where they are")
    first = RunDirectory(tmp_path).open()
    real = fcntl.flock
    calls: list[int] = []

    def flock(descriptor: int, operation: int) -> None:
        if not calls:
            calls.append(descriptor)
            first.close()
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunDirectory(tmp_path), pytest.raises(RunError, match="in use"):
        RunDirectory(tmp_path).open()


@pytest.mark.parametrize("where", ["file", "file/r", "file/a/b"])
def test_a_place_that_cannot_hold_it(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        RunError,
        match=r"(?s)cannot\s+be\s+used:\s+(Not\s+a\s+directory|it\s+is\s+a\s+file)",
    ) as refused:
        RunDirectory(tmp_path / where).open()
    (fix,) = refused.value.diagnostics[0].help
    assert fix.text.startswith(f"`{tmp_path / 'file'}` is a file; `--run-dir {tmp_path}")
    with pytest.raises(RunError, match=r"(?s)cannot\s+be\s+used:\s+Not\s+a\s+directory"):
        RunDirectory.new("r", tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_directory_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)  # root may write everywhere, so permissions do not do
    with pytest.raises(RunError, match=r"(?s)cannot\s+be\s+used:\s+Permission\s+denied"):
        RunDirectory(tmp_path / "a" / "r").open()
    assert list(tmp_path.iterdir()) == []


def test_clear_removes_what_runs_leave_and_nothing_else(tmp_path: Path) -> None:
    with RunDirectory(tmp_path) as run:
        run.begin({}, "")
        (run.checkpoints / "10").mkdir(parents=True)
        run.tensorboard.mkdir()
        run.metrics.write_text("{}\n")
        (run.path / "notes.txt").write_text("mine")
        run.clear()
        assert sorted(p.name for p in run.path.iterdir()) == [".lock", ".lock-holder", "notes.txt"]
        run.clear()


def test_using_it_closed_is_an_error(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "r")
    run.close()
    for use in (run.clear, lambda: run.begin({}, "")):
        with pytest.raises(RunError, match=r"is not open; call open\(\)"):
            use()


def test_writing_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "board.json"
    write_atomically(file, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, "new")
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["board.json"]
