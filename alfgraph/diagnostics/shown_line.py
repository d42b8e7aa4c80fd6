"""Which line a diagnostic shows: the one that a user wrote, nearest to what is wrong.

What is wrong can lie in the wiring of a library's board, which nobody is to repair; then the line
of the user's that led there is shown, and the library's beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.source import Source


class ShownLine(NamedTuple):
    """A diagnostic's line, and the places related to it, each with a label."""

    source: Source | None
    related: tuple[tuple[str, Source], ...] = ()


def shown_line(wired: Sequence[Source], instead: Iterable[Source | None] = ()) -> ShownLine:
    """The line to show, for every diagnostic; an E101's is chosen here as any other.

    1. The innermost line that led to what is wrong, if it is a user's.
    2. Else, of the lines further out and then of those to show instead, the first that is.
    3. Else the innermost, a library's.

    Args:
        wired: the lines that led there, innermost first: calls that are on the stack at once.
        instead: where else a user may have caused it, nearest first: the line that made the part,
            those that made the boards around it. They are looked at only if need be.

    Returns:
        The line; the library's own is related to it.
    """
    first = wired[0] if wired else None
    lines = (line for line in itertools.chain(wired, instead) if line is not None)
    users = next((line for line in lines if not in_library(line.file)), None)
    if users is None or first is None or users is first:
        return ShownLine(users or first)
    return ShownLine(users, (("wired here", first),))
