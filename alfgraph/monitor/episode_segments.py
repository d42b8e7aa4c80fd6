"""Where the episodes of a block of observed steps lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FIRST, LAST = 0, 2

Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Segments:
    """Where the episodes (or parts of them) of a block lie in its env-major flat rows."""

    start: Ints
    env: Ints
    opens: Bools
    continues: Bools
    open_end: Bools
    steps: Ints
    index: Ints
    order: Ints


def split_episodes(steps: npt.NDArray[np.int32]) -> Segments:
    """Finds the episodes of a block of step types `[K, B]`; segments are in env-major order."""
    count = len(steps)
    flat = np.ascontiguousarray(steps.T).reshape(-1)
    first, last = flat == FIRST, flat == LAST
    begins = first.copy()
    begins[1:] |= last[:-1]
    begins[::count] = True
    start = np.flatnonzero(begins)
    end = np.append(start[1:], flat.size) - 1
    opens, finished = first[start], last[end]
    at_top = start % count == 0
    steps_of = end - start + 1 - opens
    index = np.arange(flat.size) - np.repeat(start + opens, end - start + 1)
    # Finished episodes in the order in which they ended, whatever the length of the block.
    done = np.flatnonzero(finished)
    order = done[np.argsort(end[done] % count, kind="stable")]
    return Segments(
        start=start,
        env=start // count,
        opens=opens,
        continues=at_top & ~opens,
        open_end=(end % count == count - 1) & ~finished,
        steps=steps_of,
        index=np.maximum(index, 0),
        order=order,
    )
