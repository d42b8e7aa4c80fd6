"""What a board writes into one buffer, and the schedule around it in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alfgraph.wiring.records import Record
from alfgraph.wiring.trace import Node


class Contents:
    """What a board writes into one buffer, and what its reads ask for.

    Attributes:
        kind: the record's class.
        node: the write, with the leaves written.
        history: the transforms time steps went through, by field.
        settings: what reads say beside the record, by name; the buffer knows their meaning.
    """

    def __init__(self, kind: type[Record], node: Node, history: Mapping[str, Any]) -> None:
        self.kind = kind
        self.node = node
        self.history = history
        self.settings: dict[str, Any] = {}


@dataclass(frozen=True)
class BufferNumbers:
    """The schedule around one buffer, in numbers.

    Attributes:
        unroll_length: transitions per environment and iteration.
        written: shape of what is written at once, e.g. (T, B).
        mini_batch_size: sequences per mini-batch the schedule asks for.
        mini_batch_length: transitions per sequence.
    """

    unroll_length: int
    written: tuple[int, ...]
    mini_batch_size: int
    mini_batch_length: int
