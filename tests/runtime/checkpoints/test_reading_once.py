"""What coming back costs: a manifest is read once, a tensor file checked once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

import alfgraph
from alfgraph.runtime.checkpoints.checkpoint import find_last
from alfgraph.runtime.checkpoints.manifest import MANIFEST
from tests.runtime.training import board, train

Reads = Counter[str]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """How often each file of a checkpoint is read as a whole, or hashed."""
    found: Reads = Counter()
    read, digest = Path.read_bytes, hashlib.file_digest

    def note(path: Path) -> None:
        if path.parent.parent.name in {"checkpoints", "best"}:
            found[path.name] += 1

    def read_bytes(path: Path) -> bytes:
        note(path)
        return read(path)

    def file_digest(file: BinaryIO, kind: str | Callable[[], object]) -> object:
        note(Path(file.name))
        return digest(file, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    monkeypatch.setattr(hashlib, "file_digest", file_digest)
    return found


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run whose newest checkpoint is evaluated."""
    settings = {"trainer__num_iterations": 4, "trainer__num_checkpoints": 2}
    train(board("recurrent", **settings), tmp_path)
    return tmp_path


def once(run: Path) -> Reads:
    """Every file of the newest checkpoint, one time."""
    path = find_last(run / "checkpoints").path
    assert path is not None
    names = [file.name for file in path.iterdir()]
    assert MANIFEST in names
    assert len(names) > 1
    return Counter(names)


def test_resuming(run: Path, reads: Reads) -> None:
    expected = once(run)
    reads.clear()
    graph = board("recurrent", trainer__num_iterations=4, trainer__num_checkpoints=2)
    assert train(graph, run).already_finished
    assert reads == expected


@pytest.mark.parametrize("which", ["last", "4"])
def test_playing(run: Path, reads: Reads, which: str) -> None:
    expected = once(run)
    reads.clear()
    alfgraph.play(run, episodes=1, checkpoint=which)
    assert reads == expected


def test_playing_the_best(run: Path, reads: Reads) -> None:
    """Scores are in the manifests, so each of those is read; the best one's no second time."""
    folders = [run / "best", run / "checkpoints"]
    manifests = [file for folder in folders for file in folder.glob(f"*/{MANIFEST}")]
    alfgraph.play(run, episodes=1, checkpoint="best")
    assert reads == {MANIFEST: len(manifests), "state.safetensors": 1}
