"""Saver: checkpoints are written in a thread, one at a time, while training goes on.

Waiting for the disk takes longer than everything else about a checkpoint. What is written is a copy
made in the caller's thread, so that training may go on at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.runtime.checkpoints.state_encoding import State

LARGEST_COPY = 1 << 26
"""Bytes up to which a state is copied; a larger one is written while training waits."""


class Saver:
    """Writes checkpoints, at most one at a time."""

    def __init__(self) -> None:
        """Start no thread yet."""
        self._pool: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def save(self, state: State, write: Callable[[State], None]) -> None:
        """Have a state written; wait for the one before it.

        Args:
            state: what to write; it may change as soon as this returns.
            write: called with the state, or with a copy in another thread.

        Raises:
            CheckpointError: this or the one before could not be written.
        """
        self.wait()
        if num_bytes(state) > LARGEST_COPY:
            write(state)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "alfgraph-checkpoint")
        self._pending = self._pool.submit(
            write, {name: copied(part) for name, part in state.items()}
        )

    def wait(self) -> None:
        """Wait until everything is on disk.

        Raises:
            CheckpointError: it could not be written.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def close(self) -> None:
        """Finish writing and end the thread; failures were reported by `wait`."""
        with contextlib.suppress(CheckpointError):
            self.wait()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def copied(tree: Any) -> Any:
    """A nest with its own tensors, on the CPU, and its own arrays."""
    if isinstance(tree, Mapping):
        return {name: copied(part) for name, part in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)([copied(part) for part in tree])
    if isinstance(tree, torch.Tensor):
        return tree.detach().to("cpu", copy=True)
    return tree.copy() if isinstance(tree, np.ndarray) else tree


def num_bytes(tree: object) -> int:
    """Bytes of the tensors and arrays of a nest."""
    if isinstance(tree, Mapping):
        return sum(map(num_bytes, tree.values()))
    if isinstance(tree, list | tuple):
        return sum(map(num_bytes, tree))
    return tree.nbytes if isinstance(tree, torch.Tensor | np.ndarray) else 0
