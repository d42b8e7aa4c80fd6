"""Replay buffers in checkpoints: exact resume, a disk that fills up, and no second copy."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints import checkpoint
from alfgraph.runtime.checkpoints.checkpoint import find_last
from alfgraph.runtime.checkpoints.saving import LARGEST_COPY
from alfgraph.runtime.checkpoints.state_encoding import encode
from tests.runtime.comparison import run_differences
from tests.runtime.training import board, train, train_until
from tests.whole_boards.driving import iterate, started

RUN = {
    "trainer__num_iterations": 40,
    "trainer__num_checkpoints": 4,
    "trainer__eval_interval": None,
    "trainer__summary_interval": 10,
}


@pytest.mark.parametrize("cut", [13, 37])
def test_a_prioritized_run_cut_anywhere_equals_the_uninterrupted_one(
    cut: int, tmp_path: Path
) -> None:
    """Checkpoints at 10, 20, ...: before the ring is full, and after it wrapped around."""
    graph = board("prioritized_dqn", **RUN)
    train(graph, tmp_path / "whole")
    train_until(graph, tmp_path / "cut", cut)
    train(graph, tmp_path / "cut")
    assert run_differences(tmp_path / "whole", tmp_path / "cut") == []


def test_a_disk_that_fills_up_while_the_buffer_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of the file with the buffer finds no room; later there is room again."""
    monkeypatch.setattr(checkpoint, "LARGE_BYTES", 2_000)  # the program has a file of its own
    graph = board("sac_pendulum", **RUN)
    train(graph, tmp_path / "whole")
    assert (tmp_path / "whole" / "checkpoints" / "40" / "program.safetensors").exists()
    train_until(graph, tmp_path / "full", 15)
    save = safetensors.torch.save_file

    def half(tensors: Any, file: Path) -> None:
        save(tensors, file)
        if file.name == "program.safetensors":
            os.truncate(file, file.stat().st_size // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(safetensors.torch, "save_file", half)
        with pytest.raises(CheckpointError, match=r"could not be saved[\s\S]*No\s+space\s+left"):
            train(graph, tmp_path / "full")
    found = find_last(tmp_path / "full" / "checkpoints")
    assert (found.iteration, found.damaged) == (10, ())
    train(graph, tmp_path / "full")
    assert run_differences(tmp_path / "whole", tmp_path / "full") == []


def test_what_is_written_is_the_buffer_itself() -> None:
    """Checkpoints up to 64 MiB are copied so that training goes on; larger ones are not."""
    program = iterate(started(board("prioritized_dqn")), 3)
    _, tensors = encode({"buffers": program.save_point()["buffers"]})
    blocks = program.buffers["algorithm.replay"].rows.blocks
    written = {name: tensor.data_ptr() for name, tensor in tensors.items() if "blocks" in name}
    assert sorted(written.values()) == sorted(block.data_ptr() for block in blocks)
    assert LARGEST_COPY == 1 << 26
