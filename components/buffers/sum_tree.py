"""SumTree: numbers, and where a given part of their sum lies."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

WIDTH = 32
"""Children of a node: numpy is paid by the call, so a tree is wide and has few levels."""


class SumTree:
    """Non-negative numbers at 0 ... size - 1, summed up in a tree of wide nodes.

    Every sum is computed anew from its children when one of them changes: no error adds up, and
    equal numbers have equal sums, however they came about.
    """

    def __init__(self, size: int) -> None:
        """All numbers are 0.

        Args:
            size: how many.
        """
        self.size = size
        self.levels: list[Numbers] = []
        count = size
        while not self.levels or count > 1:
            count = -(-count // WIDTH)
            self.levels.append(np.zeros(count * WIDTH))

    @property
    def total(self) -> float:
        """The sum of all."""
        return float(self.levels[-1].sum())

    @property
    def numbers(self) -> Numbers:
        """The numbers, [size]; not to be changed but by `set`."""
        return self.levels[0][: self.size]

    def set(self, places: Places, numbers: Numbers | float) -> None:
        """Change numbers; of a place that comes twice the last one holds.

        Args:
            places: `[n] int64`.
            numbers: `[n] float64`, not negative; or one for all.
        """
        self.levels[0][places] = numbers
        for lower, upper in pairwise(self.levels):
            places = np.unique(places // WIDTH)
            upper[places] = lower.reshape(-1, WIDTH)[places].sum(1)

    def find(self, parts: Numbers) -> Places:
        """Where parts of the sum lie: the first place up to which the numbers sum to more.

        Args:
            parts: `[m] float64`, each from 0 up to the total.

        Returns:
            `[m] int64` places, none of which holds 0 unless all do.
        """
        places = np.zeros(len(parts), np.int64)
        rest = parts
        rows = np.arange(len(parts))
        for level in reversed(self.levels):
            sums = level.reshape(-1, WIDTH)[places].cumsum(1)
            # Rounding must not lead behind the last child that is not 0.
            rest = np.minimum(rest, np.nextafter(sums[:, -1], 0.0))
            child = (sums > rest[:, None]).argmax(1)
            rest = np.where(child > 0, rest - sums[rows, child - 1], rest)
            places = places * WIDTH + child
        return np.minimum(places, self.size - 1)

    def load(self, numbers: Numbers) -> None:
        """Take over all numbers, [size]."""
        self.levels[0][: self.size] = numbers
        for lower, upper in pairwise(self.levels):
            upper[: len(lower) // WIDTH] = lower.reshape(-1, WIDTH).sum(1)
