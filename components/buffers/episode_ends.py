"""EpisodeEnds: which row the episode of each row in a ring ends at."""

from __future__ import annotations

from typing import Any

import numpy as np

from alfgraph.specs.step_types import FIRST, LAST

Kinds = np.ndarray[Any, np.dtype[Any]]

OPEN = -1
"""The end of an episode that goes on."""


class EpisodeEnds:
    """The absolute row of LAST for every row of a ring `[length, batch]`; OPEN where it is not yet.

    Two rows of one environment belong to one episode where their ends are equal.
    """

    def __init__(self, length: int, batch: int) -> None:
        """Nothing was seen yet.

        Args:
            length: rows of the ring.
            batch: environments.
        """
        self.length = length
        self.rows = np.full((length, batch), OPEN, np.int64)
        self.begins = np.zeros(batch, np.int64)

    def observe(self, row: int, kinds: Kinds) -> None:
        """Take a row into account.

        Args:
            row: its absolute number; rows come in order.
            kinds: `[B]`, types of its steps.
        """
        self.rows[row % self.length] = OPEN
        self.begins[kinds == FIRST] = row
        for environment in np.flatnonzero(kinds == LAST):
            begin = max(int(self.begins[environment]), row - self.length + 1)
            self.rows[np.arange(begin, row + 1) % self.length, environment] = row

    def load(self, first: int, kinds: Kinds) -> None:
        """Take all rows into account that a ring holds.

        Args:
            first: the absolute number of the oldest.
            kinds: `[n, B]`, types of steps from the oldest to the newest row.
        """
        self.rows[:] = OPEN
        self.begins[:] = first
        for row, types in enumerate(kinds, start=first):
            self.observe(row, types)
