"""Running: what a phase written by hand gets: real modules, buffers and optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

from torch import nn

from alfgraph.diagnostics.errors import UsageError
from alfgraph.families.buffer import Buffer
from alfgraph.families.protocols import BufferStorage, RunningOptimizer
from alfgraph.wiring.component import Component
from alfgraph.wiring.records import Record, build_record, record_leaves

B = TypeVar("B", bound=Component)


class RunningParts(Protocol):
    """Where the real parts are: those of a program."""

    @property
    def buffers(self) -> Mapping[str, BufferStorage]:
        """Storages by socket path."""

    @property
    def optimizers(self) -> Mapping[str, RunningOptimizer]:
        """Optimizers by socket path."""

    def module(self, part: Component) -> Any:
        """The module of a part with parameters."""

    def compute(self, part: Component) -> Any:
        """The `forward` of a part without parameters, with the numbers its settings anneal to."""


class Running(Generic[B]):
    """A board at run time.

        def my_update(run: Running[PPO]) -> None:
            batch = run.read(run.board.samples, Sample)      # real tensors
            actor = run.module(run.board.actor)              # an nn.Module
            run.optimizer(run.board.optimizer).step(loss)

    Attributes:
        board: the board whose phase it is; its parts name what the methods return.
        batch: indices of the mini-batch at hand, where the phase runs once per mini-batch.
    """

    def __init__(self, board: B, parts: RunningParts) -> None:
        self.board = board
        self.batch: Any = None
        self._parts = parts

    def at(self, batch: Any) -> Running[B]:
        """The same handle at a mini-batch."""
        self.batch = batch
        return self

    def module(self, part: Component) -> nn.Module:
        """The module of a part with parameters."""
        module: nn.Module = self._parts.module(part)
        return module

    def compute(self, part: Component) -> Any:
        """What a stateless part computes: its `forward` on tensors."""
        return self._parts.compute(part)

    def optimizer(self, part: Component | None) -> RunningOptimizer:
        """The optimizer of a part: `.step(loss)`."""
        if part is None or part.socket_path not in self._parts.optimizers:
            raise UsageError("this board has no such optimizer; plug one into the socket")
        return self._parts.optimizers[part.socket_path]

    def read(self, buffer: Component, kind: type[Record], call: str = "read") -> Any:
        """What a buffer holds, as the record it was written with; its fields are tensors.

        Args:
            buffer: a buffer of the board.
            kind: the record's class.
            call: another of the buffer's reads, such as "steps".
        """
        storage = self._parts.buffers[buffer.socket_path]
        contents = buffer.binding.slot.contents[buffer.socket_path]
        prefix = "" if kind is contents.kind else f"{_field_of(contents.kind, kind)}."
        names = [name for name in storage.layout.names if name.startswith(prefix)]
        first = () if self.batch is None and not buffer_hands_out(buffer) else (self.batch,)
        values = getattr(storage, call)(*first, *names)
        leaves = {n.removeprefix(prefix): v for n, v in zip(names, values, strict=True)}
        return build_record(kind, leaves)

    def write(self, buffer: Component, record: Record) -> None:
        """Write a record of tensors into a buffer, as the phase that was replaced would.

        Args:
            buffer: a buffer of the board.
            record: of the class the board writes there.
        """
        storage = self._parts.buffers[buffer.socket_path]
        leaves = dict(record_leaves(record))
        storage.write(*(leaves[name] for name in storage.layout.names))


def buffer_hands_out(buffer: Component) -> bool:
    """Whether a buffer hands out mini-batches."""
    return isinstance(buffer, Buffer) and buffer.hands_out_batches


def _field_of(owner: type[Record], kind: type[Record]) -> str:
    from alfgraph.wiring.records import field_types

    return next(name for name, found in field_types(owner).items() if found is kind)
