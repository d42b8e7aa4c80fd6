"""What a page shows of a wire: range, mean, finiteness and a histogram of what flowed through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict

import torch
from torch import Tensor

from alfgraph.distributions.tensor_distribution import TensorDistribution

BINS = 24
MOST_KEPT = 1 << 18
"""Numbers that wait before they are reduced; reducing once an iteration costs least."""

MOST_SAMPLES = 4096
"""Numbers of one reduction that the histogram is made of."""


class Statistics(TypedDict):
    """Of one tensor; what nothing finite says is null.

    Attributes:
        dtype: of the tensor.
        count: how many numbers came.
        nan: how many of them are no number.
        inf: how many are infinite.
        low: the least finite one.
        high: the greatest.
        mean: of the finite ones.
        std: their standard deviation.
        bins: their histogram, in equal steps from `low` to `high`.
    """

    dtype: str
    count: int
    nan: int
    inf: int
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    bins: list[int]


class LeafReport(Statistics):
    """One tensor of a wire, by its dotted name."""

    name: str


class WireReport(TypedDict):
    """What a page is told of a wire; see `Measurement`."""

    calls: int
    shape: list[int]
    leaves: list[LeafReport]


class Measurement:
    """Statistics of one wire over the calls of one iteration.

    Nothing is drawn at random and nothing is changed, so measuring leaves a run as it was.

    Attributes:
        calls: how often a value came.
        shape: of its first tensor, at the last call.
    """

    def __init__(self) -> None:
        """Wait for the first value."""
        self.calls = 0
        self.shape: list[int] = []
        self._leaves: dict[str, _Leaf] = {}

    def add(self, value: object) -> None:
        """Take in what the program has just put on the wire."""
        self.calls += 1
        for name, tensor in leaves_of(value):
            if name not in self._leaves:
                self._leaves[name] = _Leaf()
            self._leaves[name].add(tensor.detach())
            self.shape = list(tensor.shape)

    def report(self) -> WireReport:
        """The statistics as JSON values, one entry of `leaves` for each tensor."""
        leaves: list[LeafReport] = [
            {"name": name, **leaf.report()} for name, leaf in self._leaves.items()
        ]
        return {"calls": self.calls, "shape": self.shape, "leaves": leaves}


def leaves_of(value: object, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors of a tree by dotted name; those of a distribution by parameter."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves_of(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, TensorDistribution):
        for key, tensor in zip(value.parameter_names, value.tensors, strict=True):
            yield (f"{name}.{key}" if name else key), tensor


class _Leaf:
    """Statistics of one tensor; sums are in double precision."""

    def __init__(self) -> None:
        self.count = self.nan = self.inf = 0
        self.low, self.high = float("inf"), float("-inf")
        self.mean = self.squares = 0.0
        self.dtype = ""
        self._kept: list[Tensor] = []
        self._waiting = 0
        self._samples: list[Tensor] = []

    def add(self, tensor: Tensor) -> None:
        """Keep a copy: buffers are written in place."""
        self.dtype = str(tensor.dtype).removeprefix("torch.")
        self._kept.append(tensor.reshape(-1).clone())
        self._waiting += tensor.numel()
        if self._waiting > MOST_KEPT:
            self._reduce()

    def report(self) -> Statistics:
        """JSON values; what nothing finite says is null."""
        self._reduce()
        finite = self.count - self.nan - self.inf
        spread = (self.squares / finite) ** 0.5 if finite else None
        return {
            "dtype": self.dtype,
            "count": self.count,
            "nan": self.nan,
            "inf": self.inf,
            "low": self.low if finite else None,
            "high": self.high if finite else None,
            "mean": self.mean if finite else None,
            "std": spread,
            "bins": self._histogram() if finite else [],
        }

    def _reduce(self) -> None:
        """Add what waits to the statistics.

        Source: Chan, Golub and LeVeque 1983, updating formulae (the mean and the sum of squares
        around it, of two sets taken together).
        """
        if not self._waiting:
            return
        numbers = torch.cat(self._kept).to("cpu", torch.float64)
        self._kept, self._waiting = [], 0
        before = self.count - self.nan - self.inf
        self.count += numbers.numel()
        self.nan += int(numbers.isnan().sum())
        self.inf += int(numbers.isinf().sum())
        finite = numbers[numbers.isfinite()]
        if not finite.numel():
            return
        low, high = torch.aminmax(finite)
        self.low, self.high = min(self.low, float(low)), max(self.high, float(high))
        added, mean = finite.numel(), float(finite.mean())
        apart, whole = mean - self.mean, before + added
        self.squares += float(((finite - mean) ** 2).sum()) + apart**2 * before * added / whole
        self.mean += apart * added / whole
        self._samples.append(finite[:: -(-added // MOST_SAMPLES)])

    def _histogram(self) -> list[int]:
        """Counts in equal steps from the least to the greatest number; whole numbers get their own.

        Booleans have two steps, integers at most one each.
        """
        whole = not self.dtype.startswith(("float", "bfloat"))
        bins = min(BINS, int(self.high - self.low) + 1) if whole else BINS
        low, high = (self.low - 0.5, self.high + 0.5) if whole else (self.low, self.high)
        if high <= low:
            return [sum(part.numel() for part in self._samples)]
        counts = torch.histc(torch.cat(self._samples), bins, low, high)
        return [int(count) for count in counts]
