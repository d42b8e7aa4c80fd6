"""A component's place on a board: its path, and what its whole tree shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alfgraph.wiring.trace import Trace
    from alfgraph.wiring.wires import Wire


@dataclass(eq=False)
class Slot:
    """What one bound tree shares.

    Attributes:
        trace: the one being written.
        states: registers passed to a network made of networks.
        contents: what has been written into each buffer, by path.
    """

    trace: Trace | None = None
    states: tuple[tuple[str, Wire], ...] = ()
    contents: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Binding:
    """A component's place on one board.

    Attributes:
        path: socket path, "" for the root.
        slot: shared by the whole tree.
        parameters: path of the part whose parameters it uses (its own, or a tracked copy's).
        tracked_by: path of the target that tracks these parameters, if any.
        original: the user's object this is a bound copy of.
        parent: the enclosing bound board.
    """

    path: str
    slot: Slot
    parameters: str
    original: Any
    tracked_by: str | None = None
    parent: Any = None
