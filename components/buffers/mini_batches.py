"""MiniBatches: a rollout cut into sequences, handed out shuffled, epoch after epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from alfgraph.components.buffers.leaf_storage import LeafLayout, tensor_specs
from alfgraph.families.buffer import Buffer, flexible_axes
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.protocols import State
from alfgraph.specs.dims import Symbol
from alfgraph.wiring.records import Record

R = TypeVar("R", bound=Record)


class MiniBatches(Buffer):
    """Written once per rollout on [T, B], read on [mini_batch_length, M] by every mini-batch.

    Every transition is in exactly one mini-batch of a pass. Where the sequences do not divide
    evenly, batches are made equal as in ALF: `ceil(n / (n // mini_batch_size))` sequences each.
    """

    hands_out_batches: ClassVar[bool] = True

    def _axes(self) -> tuple[Symbol, Symbol]:
        return (
            Symbol("T", self.socket_path, rigid=True),
            Symbol("M", self.socket_path, rigid=True),
        )

    def write(self, record: Record) -> None:
        """Take over a rollout; [T, B]."""
        self.put(record, flexible_axes(self, "*written"))

    def read(self, kind: type[R]) -> R:
        """The mini-batch at hand, [T, M]."""
        return self.get(kind, "read", self._axes())[0]

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """T and M in numbers."""
        length, size = self._axes()
        return {length: numbers.mini_batch_length, size: numbers.mini_batch_size}

    def build(self, layout: LeafLayout) -> BatchedSequences:
        """The storage."""
        return BatchedSequences(layout)


class BatchedSequences:
    """Sequences in rows: one gather per leaf and mini-batch."""

    def __init__(self, layout: LeafLayout) -> None:
        """Plan the cut of [T, B] into sequences."""
        self.layout = layout
        self.length = layout.mini_batch_length
        rows, batch = layout.written[0], math.prod(layout.written[1:])
        self.count = rows // self.length * batch
        self.size = layout.mini_batch_size
        self.sequences: dict[str, list[Tensor]] = {}
        self.batch: list[Tensor] = []
        self.counts = {n: len(tensor_specs(layout.specs[n])) for n in layout.names}
        self.indices: Tensor | None = None

    def write(self, *values: Any) -> None:
        """Cut the leaves of a rollout into sequences [n, length, ...]."""
        for name, value in zip(self.layout.names, values, strict=True):
            self.sequences[name] = [
                self._cut(tensor) for tensor in self.layout.tensors_of(name, value)
            ]

    def _cut(self, tensor: Tensor) -> Tensor:
        """[T, B, ...] to [length, sequences, ...]: sequence s of chunk c is column c*B + b."""
        rows = tensor.shape[0] // self.length
        sample = tensor.shape[2:]
        cut = tensor.detach().reshape(rows, self.length, tensor.shape[1], *sample)
        return cut.transpose(0, 1).reshape(self.length, rows * tensor.shape[1], *sample)

    def shuffled(self) -> Iterator[Tensor | None]:
        """One pass: indices of each mini-batch; None where it is the whole rollout."""
        if self.size >= self.count:
            yield None
            return
        order = torch.randperm(self.count, device=self.layout.device)
        yield from torch.split(order, self.size)

    def passes(self, epochs: int) -> Iterator[Tensor | None]:
        """Several passes, one after the other."""
        for _ in range(epochs):
            yield from self.shuffled()

    def read(self, batch: Tensor | None, *names: str) -> tuple[Any, ...]:
        """Leaves [length, M] of a mini-batch."""
        return tuple(
            self.layout.join(
                name,
                self.sequences[name]
                if batch is None
                else [t.index_select(1, batch) for t in self.sequences[name]],
            )
            for name in names
        )

    def state(self) -> State:
        """Nothing: it is filled anew in every iteration."""
        return {}

    def load_state(self, state: State) -> None:
        """Nothing to continue."""
