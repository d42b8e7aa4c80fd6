"""Compiled: what a program is made from, and only `program/` and the picture of a plan look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from alfgraph.compiler.draft import Draft
from alfgraph.wiring.component import Component


@dataclass(frozen=True)
class Loop:
    """How often one section runs in an iteration.

    Attributes:
        kind: rollout (every step), once, mini_batches (epochs x batches) or repeat.
        every: iterations between two runs.
        epochs: passes.
        count: mini-batches per pass, or repetitions.
        batch_size: M: sequences per mini-batch.
        batch_length: T: transitions per sequence.
        sequences: sequences in one pass.
        buffer: the buffer that hands out the mini-batches.
    """

    kind: Literal["rollout", "once", "mini_batches", "repeat"]
    every: int = 1
    epochs: int = 1
    count: int = 1
    batch_size: int = 0
    batch_length: int = 0
    sequences: int = 0
    buffer: str | None = None

    @property
    def runs(self) -> int:
        """Runs in an iteration that runs it at all."""
        return self.epochs * self.count

    def describe(self) -> str:
        """When the section runs, as a sentence."""
        every = f"every {self.every} iterations, " if self.every > 1 else ""
        batch = f"[{self.batch_length}, {self.batch_size}]"
        match self.kind:
            case "mini_batches":
                passes = f"{self.epochs} {'pass' if self.epochs == 1 else 'passes'}"
                batches = f"{self.count} {'mini-batch' if self.count == 1 else 'mini-batches'}"
                text = f"{every}{passes} over {batches} of {batch}."
            case "repeat":
                times = "once" if self.count == 1 else f"{self.count} times"
                text = f"{every}{times} an iteration on {batch}."
            case "rollout":
                text = "every environment step."
            case "once":
                text = f"{every}once." if every else "once per rollout."
        return text.capitalize()


@dataclass(frozen=True, eq=False)
class Lowered:
    """The emitted program and what it needs bound.

    Attributes:
        source: Python source.
        parts: names in the program -> component and what to bind.
        functions: names of replaced phases -> the user's function and its board.
        counted: functions that count their runs, for what is gated in them.
    """

    source: str
    parts: dict[str, Component]
    functions: dict[str, tuple[Callable[..., object], Component]] = field(default_factory=dict)
    counted: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Compiled:
    """A checked board as the compiler left it.

    Attributes:
        draft: its bound parts, solved wires and built modules.
        loops: how often each section runs, by its name.
        lowered: the program.
    """

    draft: Draft
    loops: dict[str, Loop]
    lowered: Lowered
