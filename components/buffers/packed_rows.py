"""PackedRows: the leaves of a record side by side in one row of bytes; one gather reads all.

Large leaves (images) get storage of their own: they are gathered only if they are read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alfgraph.components.buffers.leaf_storage import LeafLayout, tensor_specs

PACKED_AT_MOST = 4096
"""Bytes up to which a leaf is packed: copying more costs more than a gather of its own saves."""

ALIGNMENT = 8


@dataclass(frozen=True)
class Place:
    """Where one tensor of a leaf is.

    Attributes:
        block: index of the storage.
        start: first element in a row, counted in elements of the dtype.
        size: elements.
        dtype: of the tensor.
        sample: shape of one sample.
    """

    block: int
    start: int
    size: int
    dtype: torch.dtype
    sample: tuple[int, ...]

    def cut(self, rows: Tensor) -> Tensor:
        """The tensor in rows.

        Args:
            rows: `[*leading, elements]` of the dtype.

        Returns:
            `[*leading, *sample]`, sharing memory.
        """
        if not self.sample:
            return rows.select(-1, self.start)
        numbers = rows.narrow(-1, self.start, self.size)
        return numbers.view(*rows.shape[:-1], *self.sample)


class PackedRows:
    """Preallocated storage `[length, batch]` of records."""

    def __init__(self, layout: LeafLayout, length: int) -> None:
        """Allocate.

        Args:
            layout: what a record holds.
            length: rows.
        """
        self.layout = layout
        self.length = length
        self.places, widths = _arrange(layout)
        self.blocks = [
            torch.zeros((length, layout.batch, width), dtype=torch.uint8, device=layout.device)
            for width in widths
        ]
        self.flat = [block.flatten(0, 1) for block in self.blocks]
        self.arrays = [block.numpy() for block in self.flat] if layout.device == "cpu" else []
        self.targets = {
            name: [place.cut(self.blocks[place.block].view(place.dtype)) for place in places]
            for name, places in self.places.items()
        }
        # A copy of a few numbers costs numpy a third of what it costs torch.
        self.views = {name: self._numpy_view(name) for name in self.targets}

    def _numpy_view(self, name: str) -> np.ndarray[Any, Any] | None:
        targets = self.targets[name]
        if not self.arrays or len(targets) != 1 or targets[0].dtype == torch.bfloat16:
            return None
        return targets[0].numpy()

    def write(self, row: int, name: str, value: Any) -> None:
        """Copy a leaf's value `[batch, ...]` into a row."""
        view = self.views[name]
        if view is not None and isinstance(value, Tensor):
            view[row] = value.detach().numpy()
            return
        tensors = self.layout.tensors_of(name, value)
        for target, tensor in zip(self.targets[name], tensors, strict=True):
            target[row].copy_(tensor.detach())

    def gather(self, block: int, index: np.ndarray[Any, Any]) -> Tensor:
        """Copy rows out.

        Args:
            block: which storage.
            index: `int64`, `row * batch + environment`.

        Returns:
            `[*index.shape, bytes] uint8`, fresh.
        """
        if not self.arrays:
            at = torch.from_numpy(index).to(self.layout.device)
            return self.flat[block].index_select(0, at.flatten()).view(*index.shape, -1)
        array = self.arrays[block]
        result = np.empty((*index.shape, array.shape[1]), np.uint8)
        # "clip" spares numpy a second buffer; every index is in range.
        array.take(index, 0, result, "clip")
        return torch.from_numpy(result)

    def state(self, rows: int) -> list[Tensor]:
        """The first rows of every block; views, no copies."""
        return [block[:rows] for block in self.blocks]

    def load_state(self, state: list[Any]) -> None:
        """Copy rows back to the front."""
        for block, saved in zip(self.blocks, state, strict=True):
            rows = torch.as_tensor(saved)
            block[: rows.shape[0]].copy_(rows)


def row_bytes(layout: LeafLayout) -> int:
    """Bytes of one environment's row, gaps included."""
    return sum(_arrange(layout)[1])


def _arrange(layout: LeafLayout) -> tuple[dict[str, list[Place]], list[int]]:
    """Places by leaf, and the bytes per row of each block; the packed block is the first."""
    wanted: list[tuple[str, int, torch.dtype, tuple[int, ...], int]] = []
    for name in layout.names:
        for at, spec in enumerate(tensor_specs(layout.specs[name])):
            dtype: torch.dtype = getattr(torch, spec.dtype)
            sample = tuple(int(d) for d in spec.sample if isinstance(d, int))
            wanted.append((name, at, dtype, sample, dtype.itemsize * math.prod(sample)))
    widths = [0]
    found: dict[tuple[str, int], Place] = {}
    # The widest dtypes first: then every tensor is aligned without gaps.
    for name, at, dtype, sample, size in sorted(wanted, key=lambda w: -w[2].itemsize):
        if size > PACKED_AT_MOST:
            found[name, at] = Place(len(widths), 0, math.prod(sample), dtype, sample)
            widths.append(size)
        else:
            start = widths[0] // dtype.itemsize
            found[name, at] = Place(0, start, math.prod(sample), dtype, sample)
            widths[0] += size
    widths[0] = -(-widths[0] // ALIGNMENT) * ALIGNMENT
    places: dict[str, list[Place]] = {name: [] for name in layout.names}
    for name, at, *_ in wanted:
        places[name].append(found[name, at])
    return places, widths
