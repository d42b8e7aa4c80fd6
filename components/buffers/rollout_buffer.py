"""RolloutBuffer: what one rollout recorded, read by the same iteration's later phases."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

import torch
from pydantic import Field

from alfgraph.components.buffers.leaf_storage import LeafLayout, Leaves
from alfgraph.families import Buffer, BufferNumbers, flexible_axes
from alfgraph.records import Record
from alfgraph.specs import Symbol
from alfgraph.timestep import TimeStep

R = TypeVar("R", bound=Record)


class RolloutBuffer(Buffer):
    """Rows [T, B] of the last rollout, and the time steps [T+1, B] around them.

    It stores what the policy saw, so that PPO's first ratio is exactly 1. Under an on-policy
    schedule its data may carry the gradient of `unroll`.

    Attributes:
        rollouts: how many rollouts it holds; rows are then [rollouts x T, B], oldest first.
    """

    keeps_gradient: ClassVar[bool] = True
    closes: ClassVar[bool] = True

    rollouts: Annotated[int, Field(ge=1)] = 1

    def _axis(self) -> Symbol:
        scope = "rollout" if self.rollouts == 1 else f"rollout:{self.socket_path}"
        return Symbol("T", scope, rigid=True)

    def write(self, record: Record, every: int = 1) -> None:
        """Record one row; [B]."""
        self.put(record, flexible_axes(self, "B"), every)

    def read(self, kind: type[R]) -> R:
        """The rows, [T, B]."""
        return self.get(kind, "read", (self._axis(), *flexible_axes(self, "B")))[0]

    def steps(self) -> TimeStep:
        """The record's one time step field, [T+1, B]: row T is the next rollout's row 0."""
        batch = (self._axis().plus(1), *flexible_axes(self, "B"))
        return self.get(TimeStep, "steps", batch, field=self.step_field())[0]

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """T in numbers."""
        return {self._axis(): numbers.unroll_length * self.rollouts}

    def build(self, layout: LeafLayout) -> RolloutRows:
        """The storage."""
        return RolloutRows(layout, self.rollouts)


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
        self.at = 0
        self._plan()

    def _plan(self) -> None:
        """Row views, made once: writing is then one copy per leaf."""
        names = self.layout.names
        self._targets = [
            [None if n in self.graph else self.leaves.row(n, t) for n in names]
            for t in range(self.rows + 1)
        ]
        self._closing = [self.leaves.row(n, self.rows) for n in self.step_leaves]

    def write(self, *values: Any) -> None:
        """Copy one row of every leaf."""
        at = self.at
        if at == self.rows:
            self._make_room()
            at = self.at
        for name, target, value in zip(self.layout.names, self._targets[at], values, strict=True):
            if target is None:
                self.graph[name].append(value)
            elif isinstance(value, torch.Tensor):
                target[0].copy_(value)
            else:
                self.layout.copy(name, target, value)
        self.at = at + 1

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
            self.layout.copy(name, target, value)

    def read(self, *names: str) -> tuple[Any, ...]:
        """Leaves [T, B]."""
        return tuple(self._read(name, False) for name in names)

    def steps(self, *names: str) -> tuple[Any, ...]:
        """Leaves of the time steps, [T+1, B]."""
        return tuple(self._read(name, True) for name in names)

    def _read(self, name: str, with_last: bool) -> Any:
        if name in self.graph:
            return self.layout.stack(self.graph[name])
        key = (name, with_last)
        if key not in self.views:
            self.views[key] = self.leaves.rows(name, 0, self.rows + with_last)
        return self.views[key]

    def state(self) -> dict[str, Any]:
        """Everything, to be continued."""
        return {"at": self.at, "leaves": self.leaves.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.at = int(state["at"])
        self.leaves.load_state(state["leaves"])
