"""PackedRows: the leaves of a record side by side in rows of bytes; one gather reads many.

Numbers of two bytes and more share one block, single bytes another, so that no byte is padding.
Bounded integers are stored in as few bytes as they need. Large leaves (images) get blocks of their
own: they are gathered only if they are read.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from alfgraph.components.buffers.leaf_storage import LeafLayout, tensor_specs
from alfgraph.diagnostics.errors import RunError
from alfgraph.specs.spec import TensorSpec

PACKED_AT_MOST = 4096
"""Bytes up to which a leaf is packed: copying more costs more than a gather of its own saves."""

NARROW = (torch.uint8, torch.int8, torch.int16, torch.int32)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Place:
    """Where one tensor of a leaf is.

    Attributes:
        block: index of the storage.
        start: first element in a row, counted in elements of `stored`.
        size: elements.
        stored: dtype in the storage.
        dtype: of the tensor.
        sample: shape of one sample.
    """

    block: int
    start: int
    size: int
    stored: torch.dtype
    dtype: torch.dtype
    sample: tuple[int, ...]

    def cut(self, rows: Tensor) -> Tensor:
        """The stored numbers in rows.

        Args:
            rows: `[*leading, elements]` of dtype `stored`.

        Returns:
            `[*leading, *sample]`, sharing memory.
        """
        if not self.sample:
            return rows.select(-1, self.start)
        numbers = rows.narrow(-1, self.start, self.size)
        return numbers.view(*rows.shape[:-1], *self.sample)


class Cut(NamedTuple):
    """How a tensor is cut from gathered rows: the steps that are needed, in this order.

    Attributes:
        view: dtype the rows are seen as.
        at: which numbers.
        shape: of one sample.
        converted: dtype numpy makes of them.
        final: dtype torch makes of them.
    """

    at: tuple[slice, slice, slice | int]
    shape: tuple[int, ...] | None
    view: Any
    converted: Any
    final: torch.dtype | None


class PackedRows:
    """Preallocated storage `[length, batch]` of records."""

    def __init__(self, layout: LeafLayout, length: int, folder: str | None = None) -> None:
        """Allocate.

        Args:
            layout: what a record holds.
            length: rows.
            folder: where a nameless file holds the rows; None: in memory.
        """
        self.layout = layout
        self.length = length
        names = [(n, spec) for n in layout.names for spec in tensor_specs(layout.specs[n])]
        found, widths = arrange([spec for _, spec in names])
        self.places: dict[str, list[Place]] = {name: [] for name in layout.names}
        for (name, _), place in zip(names, found, strict=True):
            self.places[name].append(place)
        shapes = [(length, layout.batch, width) for width in widths]
        self.arrays: list[Array] = []
        if layout.device == "cpu":
            memory = [_allocated(shape, folder) for shape in shapes]
            self.blocks = [torch.from_numpy(array) for array in memory]
            dtypes = [_only_dtype(found, block) for block in range(len(shapes))]
            pairs = zip(memory, dtypes, strict=True)
            self.arrays = [array.reshape(-1, array.shape[-1]).view(dtype) for array, dtype in pairs]
        elif folder is not None:
            raise RunError(
                f"`memory_map={folder}` holds rows on this machine's disk, "
                f"but those of a board on `{layout.device}` lie on the accelerator",
                code="E302",
                help='`memory_map=None`, or `trainer.device="cpu"`',
            )
        else:
            self.blocks = [torch.zeros(s, dtype=torch.uint8, device=layout.device) for s in shapes]
        self.flat = [block.flatten(0, 1) for block in self.blocks]
        self.targets = {
            name: [place.cut(self.blocks[place.block].view(place.stored)) for place in places]
            for name, places in self.places.items()
        }
        # A copy of a few numbers costs numpy a third of what it costs torch.
        self.views = {name: self._numpy_view(name) for name in self.targets}

    def _numpy_view(self, name: str) -> Array | None:
        targets = self.targets[name]
        if not self.arrays or len(targets) != 1 or targets[0].dtype == torch.bfloat16:
            return None
        view: Array = targets[0].numpy()
        return view

    def write(self, row: int, name: str, value: Any) -> None:
        """Copy a leaf's value `[batch, ...]` into a row."""
        view = self.views[name]
        if view is not None and isinstance(value, Tensor):
            view[row] = value.detach().numpy()
            return
        tensors = self.layout.tensors_of(name, value)
        for target, tensor in zip(self.targets[name], tensors, strict=True):
            target[row].copy_(tensor.detach())

    def column(self, name: str) -> Array:
        """All rows of a leaf of one small tensor, `[length, batch]`; shared on the CPU."""
        (target,) = self.targets[name]
        return target.cpu().numpy()

    def gather(self, block: int, index: Array) -> Array | Tensor:
        """Copy rows out.

        Args:
            block: which storage.
            index: `int64`, `row * batch + environment`; it may run over the end once.

        Returns:
            `[*index.shape, numbers]`, fresh; numpy on the CPU, where a step costs it half.
        """
        if not self.arrays:
            at = torch.from_numpy(index % len(self.flat[block])).to(self.layout.device)
            return self.flat[block].index_select(0, at.flatten()).view(*index.shape, -1)
        array = self.arrays[block]
        result = np.empty((*index.shape, array.shape[1]), array.dtype)
        return array.take(index, 0, result, "wrap")

    def planned(self, place: Place, rows: slice) -> Cut:
        """How a tensor is cut from gathered rows.

        Args:
            place: where it is.
            rows: of the gathered ones, along the first axis.
        """
        at = slice(place.start, place.start + place.size) if place.sample else place.start
        shape = place.sample if len(place.sample) > 1 else None
        wanted = place.dtype if place.dtype != place.stored else None
        # numpy knows no bfloat16: two bytes pass through it as an integer.
        stored = torch.int16 if place.stored == torch.bfloat16 else place.stored
        if not self.arrays:
            return Cut((rows, slice(None), at), shape, place.stored, None, wanted)
        seen = _numpy_dtype(stored)
        view = seen if self.arrays[place.block].dtype != seen else None
        final = torch.bfloat16 if stored != place.stored else None
        converted = _numpy_dtype(wanted) if wanted is not None else None
        return Cut((rows, slice(None), at), shape, view, converted, final)

    def cut(self, rows: Any, cut: Cut) -> Tensor:
        """Cut a tensor from gathered rows, `[rows, M, *sample]`."""
        if cut.view is not None:
            rows = rows.view(cut.view)
        found = rows[cut.at]
        if cut.shape is not None:
            found = found.reshape(*found.shape[:2], *cut.shape)
        if isinstance(found, Tensor):
            return found if cut.final is None else found.to(cut.final)
        if cut.converted is not None:
            found = found.astype(cut.converted)
        tensor = torch.from_numpy(found)
        return tensor if cut.final is None else tensor.view(cut.final)

    def state(self, rows: int) -> list[Tensor]:
        """The first rows of every block; views, no copies."""
        return [block[:rows] for block in self.blocks]

    def load_state(self, state: list[Any]) -> None:
        """Copy rows back to the front."""
        for block, saved in zip(self.blocks, state, strict=True):
            rows = torch.as_tensor(saved)
            block[: rows.shape[0]].copy_(rows)


def _numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    found: np.dtype[Any] = torch.empty(0, dtype=dtype).numpy().dtype
    return found


def _only_dtype(places: Sequence[Place], block: int) -> np.dtype[Any]:
    """The dtype of all numbers in a block, or bytes."""
    dtypes = {place.stored for place in places if place.block == block}
    one = dtypes.pop() if len(dtypes) == 1 else torch.uint8
    return _numpy_dtype(torch.int16 if one == torch.bfloat16 else one)


def arrange(specs: Sequence[TensorSpec]) -> tuple[list[Place], list[int]]:
    """Where tensors go, and the bytes per row of every block.

    Args:
        specs: sample specs with known sizes.
    """
    sizes = [math.prod(_sample(spec)) for spec in specs]
    stored = [_stored_as(spec) for spec in specs]
    widths: list[int] = []
    places: dict[int, Place] = {}
    for group in _groups([d.itemsize for d in stored], sizes):
        widths.append(0)
        # The widest dtypes first: then every tensor is aligned without gaps.
        for at in sorted(group, key=lambda at: -stored[at].itemsize):
            spec, dtype = specs[at], getattr(torch, specs[at].dtype)
            start = widths[-1] // stored[at].itemsize
            places[at] = Place(len(widths) - 1, start, sizes[at], stored[at], dtype, _sample(spec))
            widths[-1] += stored[at].itemsize * sizes[at]
        widest = max(stored[at].itemsize for at in group)
        widths[-1] = -(-widths[-1] // widest) * widest
    return [places[at] for at in range(len(specs))], widths


def row_bytes(layout: LeafLayout) -> int:
    """Bytes of one environment's row, gaps included."""
    specs = [spec for name in layout.names for spec in tensor_specs(layout.specs[name])]
    return sum(arrange(specs)[1])


def _groups(itemsizes: list[int], sizes: list[int]) -> list[list[int]]:
    """Which tensors share a block: wide numbers, single bytes; large ones are alone."""
    large = [at for at, size in enumerate(sizes) if itemsizes[at] * size > PACKED_AT_MOST]
    small = [at for at in range(len(sizes)) if at not in large]
    wide = [at for at in small if itemsizes[at] > 1]
    narrow = [at for at in small if itemsizes[at] == 1]
    return [group for group in (wide, narrow, *([at] for at in large)) if group]


def _sample(spec: TensorSpec) -> tuple[int, ...]:
    return tuple(int(d) for d in spec.sample if isinstance(d, int))


def _stored_as(spec: TensorSpec) -> torch.dtype:
    """The dtype in storage: bounded integers take as few bytes as they need."""
    dtype: torch.dtype = getattr(torch, spec.dtype)
    if dtype.is_floating_point or dtype == torch.bool or not spec.is_bounded:
        return dtype
    bounds = [*np.ravel(np.asarray(spec.low)), *np.ravel(np.asarray(spec.high))]
    if not all(math.isfinite(bound) for bound in bounds):
        return dtype
    fitting = (
        narrow
        for narrow in NARROW
        if narrow.itemsize < dtype.itemsize
        and torch.iinfo(narrow).min <= min(bounds)
        and max(bounds) <= torch.iinfo(narrow).max
    )
    return next(fitting, dtype)


def _allocated(shape: tuple[int, ...], folder: str | None) -> Array:
    """Zeros; memory or disk is taken as it is written to."""
    if folder is None:
        return np.zeros(shape, np.uint8)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:  # nameless: gone when the run is
            return np.memmap(file, np.uint8, "w+", shape=shape)
    except OSError as error:
        raise RunError(
            f"the replay buffer cannot be mapped into a file in {folder}: {error.strerror}",
            code="E602",
            help="`memory_map=` a folder on a disk with room, or None to keep it in memory",
        ) from error
