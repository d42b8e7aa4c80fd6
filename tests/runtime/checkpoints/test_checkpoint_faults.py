"""Checkpoints under fire: damage, hostility, full disks and kills; never a wrong load."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints import checkpoint
from alfgraph.runtime.checkpoints.checkpoint import find_last, load_checkpoint, save_checkpoint
from tests.runtime.comparison import differences
from tests.runtime.training import board, train

BOARD: dict[str, Any] = {"env": {"id": "CartPole-v1"}, "lr": 1e-3}


def small_state(seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    return {"actor": {"weight": torch.randn(3, 4, generator=generator)}, "seed": seed}


def assert_equal(actual: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equality of states, tensors and arrays bit for bit, and their keys in the same order."""
    assert list(actual) == list(expected)
    assert differences(actual, expected, "") == []


def reseal(path: Path, change: dict[str, Any]) -> None:
    """Write a manifest that its author vouches for: what an attacker can do."""
    manifest = json.loads((path / "state.json").read_text()) | change
    del manifest["sha256"]
    rest = b'",' + json.dumps(manifest, indent=1).encode()[1:] + b"\n"
    seal = b'{\n "sha256": "' + sha256(rest).hexdigest().encode()
    (path / "state.json").write_bytes(seal + rest)


def test_a_newer_format_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, small_state(), board=BOARD)
    path = save_checkpoint(tmp_path, 2, small_state(), board=BOARD)
    reseal(path, {"format": 2})
    for use in (load_checkpoint, lambda p: find_last(p.parent)):
        with pytest.raises(
            CheckpointError,
            match=r"(?s)format\s+2\s+and\s+this\s+alfgraph\s+reads\s+.*\s+up\s+to\s+1",
        ):
            use(path)


@pytest.mark.parametrize(
    "change",
    [
        {"files": {"../../1/state.safetensors": {"bytes": 1, "sha256": ""}}},
        {"files": {"/etc/passwd": {"bytes": 1, "sha256": ""}}},
        {"files": []},
        {"files": {"state.safetensors": None}},
        {"state": {"x": {"$pickle": "gASVJAAAAAAAAACMBXBvc2l4"}}},
        {"state": {"x": {"$tensor": "no such"}}},
        {"state": {"x": {"$tensor": ["unhashable"]}}},
        {"state": 3},
        {"board": None},
        {"format": "1"},
        {"score": "high"},
    ],
)
def test_a_hostile_manifest_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = save_checkpoint(tmp_path, 1, small_state(), board=BOARD)
    reseal(path, change)
    with pytest.raises(CheckpointError, match=r"is\s+damaged"):
        load_checkpoint(path)
    find_last(tmp_path)


def test_a_file_that_is_not_safetensors_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 1, small_state(), board=BOARD)
    evil = b"\x80\x04cposix\nsystem\n(S'touch hacked'\ntR."
    (path / "state.safetensors").write_bytes(evil)
    facts = {"bytes": len(evil), "sha256": sha256(evil).hexdigest()}
    reseal(path, {"files": {"state.safetensors": facts}})
    with pytest.raises(CheckpointError, match=r"state\.safetensors is not a safetensors file"):
        load_checkpoint(path)


def test_deeply_nested_json_is_refused(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, 1, {}, board={})
    deep = b'",\n "format": 1, "state": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    seal = b'{\n "sha256": "' + sha256(deep).hexdigest().encode()
    (path / "state.json").write_bytes(seal + deep)
    with pytest.raises(CheckpointError, match=r"is\s+damaged"):
        load_checkpoint(path)


def fuzz(path: Path, rounds: int) -> None:
    """Truncate and flip at random; loading must fail by name, or be right."""
    original = load_checkpoint(path)
    random_ = random.Random(rounds)
    files = sorted(path.iterdir())
    for _ in range(rounds):
        victim = random_.choice(files)
        content = victim.read_bytes()
        broken = bytearray(content)
        if random_.random() < 0.4:
            del broken[random_.randrange(len(broken)) :]
        else:
            for _ in range(random_.choice((1, 1, 1, 5))):
                broken[random_.randrange(len(broken))] ^= random_.randrange(1, 256)
        victim.write_bytes(broken)
        if bytes(broken) == content:
            assert_equal(load_checkpoint(path), original)
            continue
        with pytest.raises(CheckpointError, match=victim.name.replace(".", r"\.")):
            load_checkpoint(path)
        assert [damage.path for damage in find_last(path.parent).damaged] == [path]
        victim.write_bytes(content)
    assert_equal(load_checkpoint(path), original)


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_damage_is_always_noticed(tmp_path: Path, rounds: int) -> None:
    state = small_state() | {"big": torch.randn(1 << 18)}
    fuzz(save_checkpoint(tmp_path, 1, state, board=BOARD), rounds)


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_damage_to_a_run_s_checkpoint_is_always_noticed(tmp_path: Path, rounds: int) -> None:
    """Replay buffer, three optimizers, target, environments, generators: all of a real state."""
    train(board("sac_pendulum", trainer__num_iterations=20, trainer__num_checkpoints=1), tmp_path)
    found = find_last(tmp_path / "checkpoints")
    assert found.path is not None
    fuzz(found.path, rounds)


def test_a_full_disk_leaves_the_previous_checkpoint_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, 1, small_state(1), board=BOARD)
    state = small_state(2) | {"big": torch.zeros(1 << 19)}
    calls = 0
    real = os.fsync

    def full(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == limit:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    for limit in range(1, 6):  # both tensor files, the manifest, the draft and the folder
        calls = 0
        with pytest.raises(
            CheckpointError,
            match=r"(?s)could\s+not\s+be\s+saved\s+.*No\s+space\s+left\s+on\s+device",
        ):
            save_checkpoint(tmp_path, 2, state, board=BOARD)
        if limit <= 4:
            assert [p.name for p in tmp_path.iterdir()] == ["1"]
    assert_equal(load_checkpoint(tmp_path / "1"), small_state(1))
    assert find_last(tmp_path).damaged == ()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    resource = pytest.importorskip("resource", reason="the system limits no file sizes")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [100, 20_000, 1_000_000])
def test_a_write_the_system_refuses(tmp_path: Path, limit: int) -> None:
    """The real thing: the kernel stops the file in the middle of its tensors or its JSON."""
    state = small_state(2) | {"big": torch.zeros(1 << 19), "text": "x" * 30_000}
    save_checkpoint(tmp_path, 1, small_state(1), board=BOARD)
    with file_size_limit(limit), pytest.raises(CheckpointError, match="could not be saved"):
        save_checkpoint(tmp_path, 2, state, board=BOARD)
    assert [p.name for p in tmp_path.iterdir()] == ["1"]
    assert_equal(load_checkpoint(tmp_path / "1"), small_state(1))


def test_an_interrupt_while_saving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "write_manifest", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, 2, small_state(), board=BOARD)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        CheckpointError, match=r"(?s)could\s+not\s+be\s+saved\s+in\s+.*Not\s+a\s+directory"
    ):
        save_checkpoint(tmp_path / "file" / "checkpoints", 1, {}, board={})


KILLED = """
import sys, torch
from pathlib import Path
from alfgraph.runtime.checkpoints.checkpoint import save_checkpoint, rotate
i = 0
while True:
    i += 1
    state = {"i": i, "x": torch.full((300_000,), float(i))}
    save_checkpoint(Path(sys.argv[1]), i // 2, state, board={})
    rotate(Path(sys.argv[1]), keep=2)
    if i == 4:
        print("ready", flush=True)
"""


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_at_any_moment_leaves_a_whole_checkpoint(tmp_path: Path, rounds: int) -> None:
    random_ = random.Random(0)
    for _ in range(rounds):
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(random_.random() * 0.05)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        found = find_last(tmp_path)
        assert found.path is not None
        assert found.damaged == ()
        loaded = load_checkpoint(found.path)
        assert loaded["i"] // 2 == found.iteration
        assert torch.equal(loaded["x"], torch.full((300_000,), float(loaded["i"])))
        save_checkpoint(tmp_path, 0, {}, board={})
        assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".")]
        shutil.rmtree(tmp_path / "0")


def test_a_replacement_that_was_cut_short_is_found(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 5, small_state(5), board=BOARD)
    (tmp_path / "5").rename(tmp_path / ".replaced-5")
    assert find_last(tmp_path).iteration == 5
    save_checkpoint(tmp_path, 6, small_state(6), board=BOARD)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["5", "6"]
