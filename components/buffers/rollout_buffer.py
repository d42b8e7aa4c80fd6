"""RolloutBuffer: what one rollout recorded, read by the same iteration's later phases."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

import torch
from pydantic import Field

from alfgraph.components.buffers.leaf_storage import LeafLayout, Leaves
from alfgraph.families.buffer import Buffer, flexible_axes
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.protocols import State
from alfgraph.families.storage import sample_bytes
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import TensorSpec
from alfgraph.wiring.component import tracing
from alfgraph.wiring.records import Record
from alfgraph.wiring.refusals import refuse

R = TypeVar("R", bound=Record)


class RolloutBuffer(Buffer):
    """Rows [T, B] of the last rollout, and the time steps [T+1, B] around them.

    It stores what the policy saw, so that PPO's first ratio is exactly 1. Under an on-policy
    schedule its data may carry the gradient of `unroll`. Written in a later phase, it takes a whole
    rollout at once, [T, B], and has no step after the last row.

    Attributes:
        rollouts: how many rollouts it holds; rows are then [rollouts x T, B], oldest first. Until
            there are as many, the first one stands for those that are missing.
    """

    keeps_gradient: ClassVar[bool] = True
    closes: ClassVar[bool] = True

    rollouts: Annotated[int, Field(ge=1)] = 1

    def _axis(self) -> Symbol:
        contents = self.binding.slot.contents.get(self.socket_path)
        of_the_rollout = contents is None or contents.node.phase == "unroll"
        shared = self.rollouts == 1 and of_the_rollout
        return Symbol("T", "rollout" if shared else f"rollout:{self.socket_path}", rigid=True)

    def write(self, record: Record) -> None:
        """Record one row, [B]; in later phases a whole rollout, [T, B]."""
        axes = ("B",) if tracing(self).phase == "unroll" else ("R", "B")
        self.put(record, flexible_axes(self, *axes))

    def read(self, kind: type[R]) -> R:
        """The rows, [T, B]."""
        return self.get(kind, "read", (self._axis(), *flexible_axes(self, "B")))[0]

    def steps(self) -> TimeStep:
        """The record's one time step field, [T+1, B]: row T is the next rollout's row 0."""
        field = self.step_field()
        if self.binding.slot.contents[self.socket_path].node.phase != "unroll":
            refuse(
                "E204",
                f"`{self.label()}` is written after the rollout: no step follows its last row",
                f"`{self.label()}.read(...)`",
            )
        batch = (self._axis().plus(1), *flexible_axes(self, "B"))
        return self.get(TimeStep, "steps", batch, field=field)[0]

    def kept_rollouts(self) -> int:
        """As many as `rollouts` says."""
        return self.rollouts

    def num_bytes(self, layout: LeafLayout) -> int:
        """All rollouts, and the time step after the last row."""
        whole = len(layout.written) > 1
        rows = (layout.written[0] if whole else layout.unroll_length) * self.rollouts
        return (rows + (not whole)) * layout.batch * sample_bytes(layout)

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """T in numbers."""
        whole = len(numbers.written) > 1
        rows = numbers.written[0] if whole else numbers.unroll_length
        return {self._axis(): rows * self.rollouts}

    def build(self, layout: LeafLayout) -> RolloutRows | WholeRollouts:
        """The storage."""
        whole = len(layout.written) > 1
        return WholeRollouts(layout, self.rollouts) if whole else RolloutRows(layout, self.rollouts)


class RolloutRows:
    """The rows of a rollout in preallocated tensors, one per leaf.

    Leaves that carry a gradient are kept as lists, so that the graph survives.
    """

    def __init__(self, layout: LeafLayout, rollouts: int) -> None:
        """Allocate [rollouts x T + 1, B] rows per leaf."""
        self.layout = layout
        self.length = layout.unroll_length
        self.rows = self.length * rollouts
        self.leaves = Leaves(layout, (self.rows + 1, layout.batch))
        self.graph: dict[str, list[Any]] = {name: [] for name in layout.with_gradient}
        self.steps_prefix = tuple(f"{name}." for name in layout.step_fields)
        self.stored = [n for n in layout.names if n not in self.graph]
        self.step_leaves = [n for n in layout.names if n.startswith(self.steps_prefix)]
        self.views: dict[tuple[str, bool], Any] = {}
        self.at = self.rows - self.length
        self.is_full = rollouts == 1
        self._plan()

    def _plan(self) -> None:
        """Row views, made once: writing is then one copy per leaf."""
        names = self.layout.names
        self._targets = [
            [None if n in self.graph else self.leaves.row(n, t) for n in names]
            for t in range(self.rows + 1)
        ]
        self._closing = [
            None if n in self.graph else self.leaves.row(n, self.rows) for n in self.step_leaves
        ]
        tensors = all(isinstance(self.layout.specs[n], TensorSpec) for n in names)
        plain = tensors and None not in self._targets[0]
        self._plain = (
            [[t[0] for t in row if t is not None] for row in self._targets] if plain else None
        )

    def write(self, *values: Any) -> None:
        """Copy one row of every leaf."""
        at = self.at
        if at == self.rows:
            self._make_room()
            at = self.at
        if self._plain is not None and not torch.is_grad_enabled():  # the hot path of most boards
            for row, value in zip(self._plain[at], values, strict=True):
                row.copy_(value)
        else:
            self._write_any(at, values)
        self.at = at + 1
        if self.at == self.rows and not self.is_full:
            self.is_full = True
            self.leaves.repeat(self.length, self.rows)

    def _write_any(self, at: int, values: tuple[Any, ...]) -> None:
        """Copy one row where leaves are trees, distributions, or carry a gradient."""
        for name, target, value in zip(self.layout.names, self._targets[at], values, strict=True):
            if target is None:
                self.graph[name].append(value)
            elif isinstance(value, torch.Tensor):
                target[0].copy_(value.detach() if value.requires_grad else value)
            else:
                self.layout.copy(name, target, value)

    def _make_room(self) -> None:
        """A new rollout begins: the oldest one leaves."""
        if self.rows > self.length:
            self.leaves.shift(self.length)
        self.at = self.rows - self.length
        for rows in self.graph.values():
            rows.clear()

    def close(self, *values: Any) -> None:
        """Store the time step after the last row."""
        for name, target, value in zip(self.step_leaves, self._closing, values, strict=True):
            if target is None:
                self.graph[name].append(value)
            else:
                self.layout.copy(name, target, value)

    def read(self, *names: str) -> tuple[Any, ...]:
        """Leaves [T, B]."""
        return tuple(self._read(name, False) for name in names)

    def steps(self, *names: str) -> tuple[Any, ...]:
        """Leaves of the time steps, [T+1, B]."""
        return tuple(self._read(name, True) for name in names)

    def _read(self, name: str, with_last: bool) -> Any:
        if name in self.graph:
            return self.layout.stack(self.graph[name][: self.rows + with_last])
        key = (name, with_last)
        if key not in self.views:
            self.views[key] = self.leaves.rows(name, 0, self.rows + with_last)
        return self.views[key]

    def state(self) -> State:
        """Everything, to be continued."""
        return {"at": self.at, "is_full": self.is_full, "leaves": self.leaves.state()}

    def load_state(self, state: State) -> None:
        """Continue from a state."""
        self.at = int(state["at"])
        self.is_full = bool(state["is_full"])
        self.leaves.load_state(state["leaves"])


class WholeRollouts:
    """Rollouts in preallocated tensors, each written at once, oldest first."""

    def __init__(self, layout: LeafLayout, rollouts: int) -> None:
        """Allocate [rollouts x T, B] rows per leaf."""
        self.layout = layout
        self.length, batch = layout.written
        self.rows = self.length * rollouts
        self.leaves = Leaves(layout, (self.rows, batch))
        self.is_full = False

    def write(self, *values: Any) -> None:
        """Copy a rollout, [T, B], behind the others; the oldest one leaves."""
        last = self.rows - self.length
        self.leaves.shift(self.length)
        for name, value in zip(self.layout.names, values, strict=True):
            target = [tensor[last:] for tensor in self.leaves.tensors[name]]
            self.layout.copy(name, target, value)
        if not self.is_full:
            self.is_full = True
            self.leaves.repeat(self.length, self.rows)

    def read(self, *names: str) -> tuple[Any, ...]:
        """Leaves [rollouts x T, B]."""
        return tuple(self.leaves.rows(name, 0, self.rows) for name in names)

    def state(self) -> State:
        """Everything, to be continued."""
        return {"is_full": self.is_full, "leaves": self.leaves.state()}

    def load_state(self, state: State) -> None:
        """Continue from a state."""
        self.is_full = bool(state["is_full"])
        self.leaves.load_state(state["leaves"])
