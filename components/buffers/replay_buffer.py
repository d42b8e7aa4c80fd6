"""ReplayBuffer: what was experienced, kept for long, and sampled."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
import torch
from pydantic import Field

from alfgraph.buffer_contents import BufferNumbers
from alfgraph.components.buffers.leaf_storage import LeafLayout
from alfgraph.components.buffers.packed_rows import PackedRows, Place, row_bytes
from alfgraph.errors import RunError
from alfgraph.families import Buffer, flexible_axes
from alfgraph.records import Record
from alfgraph.specs import Symbol, TensorSpec
from alfgraph.timestep import TimeStep
from alfgraph.wires import Wire

R = TypeVar("R", bound=Record)
Positions = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Sampled(Generic[R]):
    """A mini-batch: M sequences of T transitions.

    Attributes:
        item: the record at the start of every transition, [T, M].
        steps: the time steps around them, [T+1, M]: `steps[:-1]` are the item's.
        importance_weight: float32[T, M], what a loss is to be multiplied with; 1 where sampling
            is uniform.
        index: int64[M], which sequences: what operations of the buffer take back.
    """

    item: R
    steps: TimeStep
    importance_weight: Wire
    index: Wire


class ReplayBuffer(Buffer):
    """One ring per environment; sequences are drawn uniformly from all that is in them.

    Details:
        - A time step is stored once: a transition's end is the next one's start.
        - Time steps are stored raw; the transforms they went through are applied again to what is
          sampled, with the statistics and parameters of that moment.
        - The step made at the end of a tick already counts as the last row of `steps`.
        - Sequences run over the ends of episodes: transitions that start at LAST are resets, and
          losses mask them by `step_type`.
        - With replacement, early mini-batches may be larger than what was collected.

    Attributes:
        max_length: transitions it holds per environment.
        with_replacement: whether one mini-batch may hold a sequence twice.

    Source: Lin 1992, "Self-improving reactive agents based on reinforcement learning, planning and
        teaching"; rings per environment as ALF's `ReplayBuffer`.
    """

    holds_raw: ClassVar[bool] = True
    samples: ClassVar[bool] = True
    closes: ClassVar[bool] = True

    max_length: Annotated[int, Field(ge=1)] = 100_000
    with_replacement: bool = True

    def write(self, record: Record, every: int = 1) -> None:
        """Record one row; [B]."""
        self.put(record, flexible_axes(self, "B"), every)

    def sample(self, kind: type[R]) -> Sampled[R]:
        """Draw a mini-batch of sequences; [T, M]."""
        field = self.step_field()
        context = self.context_rows()
        length, size = self._axes()
        record, extra = self.get(
            kind,
            "sample",
            (length, size),
            rows={field: (length.plus(context + 1), size)},
            extra={
                "importance_weight": (TensorSpec(dtype="float32", batch=(length, size)), None),
                "index": (TensorSpec(dtype="int64", batch=(size,)), None),
            },
        )
        steps: TimeStep = getattr(record, field)
        for transform in self.transforms_of(field):
            steps = transform.replay(steps)
            if transform.context_rows():  # rows that only gave it its context
                steps = steps[transform.context_rows() :]
        item = record.replace(**{field: steps[:-1]})
        return Sampled(item, steps, extra["importance_weight"], extra["index"])

    def context_rows(self) -> int:
        """Earlier rows its transforms need."""
        return sum(t.context_rows() for t in self.transforms_of(self.step_field()))

    def shortage(self, collected: int, numbers: BufferNumbers) -> tuple[str, str] | None:
        """What is wrong, and its fix, if the first mini-batch could not be drawn.

        Args:
            collected: transitions per environment before the first update.
            numbers: the schedule around it.
        """
        length, size = numbers.mini_batch_length, numbers.mini_batch_size
        batch = max(1, numbers.written[-1] if numbers.written else 1)
        rows = length if self.with_replacement else length - 1 + -(-size // batch)
        needed = rows + self.context_rows()
        if self.max_length < needed:
            return (
                f"max_length={self.max_length} holds fewer than the {needed} rows per environment "
                "that a mini-batch needs",
                f"max_length={needed} or more",
            )
        if collected < rows:
            return (
                f"a mini-batch of sequences of {length} needs {rows} transitions per environment, "
                f"and {collected} are collected before the first update",
                f"initial_collect_steps={rows * batch}",
            )
        return None

    def num_bytes(self, layout: LeafLayout) -> int:
        """Rings of packed rows, and the row of the step after the last transition."""
        return (self.max_length + 1) * layout.batch * row_bytes(layout)

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """T and M in numbers."""
        length, size = self._axes()
        return {length: numbers.mini_batch_length, size: numbers.mini_batch_size}

    def build(self, layout: LeafLayout) -> ReplayRows:
        """The storage."""
        return ReplayRows(layout, self.max_length, self.context_rows(), self.with_replacement)

    def _axes(self) -> tuple[Symbol, Symbol]:
        return (
            Symbol("T", self.socket_path, rigid=True),
            Symbol("M", self.socket_path, rigid=True),
        )


class _Source(NamedTuple):
    """Gathered rows of one block, seen as one dtype; steps have the rows around the transitions."""

    block: int
    dtype: torch.dtype
    is_step: bool


class _Leaf(NamedTuple):
    """A leaf to read: a plain tensor, or a tree or distribution joined from several cuts."""

    name: str
    is_plain: bool
    cuts: tuple[tuple[int, Place], ...]


class _Reading(NamedTuple):
    sources: tuple[_Source, ...]
    leaves: tuple[_Leaf, ...]


class ReplayRows:
    """Rings of rows. Row r of an environment is at `r % length`; rows are counted for ever.

    The rows that hold a whole transition are `position - count` to `position - 1`; row `position`
    is the time step after the last one, without an action.
    """

    def __init__(
        self, layout: LeafLayout, max_length: int, context: int, with_replacement: bool
    ) -> None:
        """Allocate.

        Args:
            layout: what a row holds.
            max_length: transitions per environment.
            context: earlier rows to read with every sequence.
            with_replacement: whether a mini-batch may hold a sequence twice.
        """
        self.layout = layout
        self.max_length = max_length
        self.context = context
        self.with_replacement = with_replacement
        self.rows = PackedRows(layout, max_length + 1)
        prefixes = tuple(f"{name}." for name in layout.step_fields)
        self.step_leaves = tuple(n for n in layout.names if n.startswith(prefixes))
        self.other_leaves = tuple(n for n in layout.names if n not in self.step_leaves)
        self.plans: dict[tuple[str, ...], _Reading] = {}
        self.position = 0
        self.closed = False
        self.offsets = np.arange(-context, layout.mini_batch_length + 1)[:, None] * layout.batch

    # ---------------------------------------------------------------- writing

    def write(self, *values: Any) -> None:
        """Store one row [B] of every leaf."""
        row = self.position % self.rows.length
        for name, value in zip(self.layout.names, values, strict=True):
            if not self.closed or name in self.other_leaves:
                self.rows.write(row, name, value)
        self.position += 1
        self.closed = False

    def close(self, *values: Any) -> None:
        """Store the time step after the last row; the next row begins with the same one."""
        row = self.position % self.rows.length
        for name, value in zip(self.step_leaves, values, strict=True):
            self.rows.write(row, name, value)
        self.closed = True

    def __len__(self) -> int:
        """Transitions in it, all environments together."""
        return self.count * self.layout.batch

    @property
    def count(self) -> int:
        """Transitions per environment whose end is in it too."""
        rows = self.position if self.closed else self.position - 1
        return max(0, min(rows, self.max_length))

    # --------------------------------------------------------------- sampling

    def starts(self) -> tuple[int, int]:
        """The first row a sequence may start at, and behind the last one."""
        end = self.position if self.closed else self.position - 1
        oldest = end - self.count
        # Before the ring is full its first row begins an episode, so nothing earlier is missed.
        first = oldest + self.context if oldest > 0 else 0
        return first, end - self.layout.mini_batch_length + 1

    def draw(self) -> Positions:
        """Choose sequences: [M] int64, `first row * batch + environment`.

        Raises:
            RunError: no sequence is complete, or too few to draw without replacement.
        """
        first, end = self.starts()
        batch, size = self.layout.batch, self.layout.mini_batch_size
        low, high = first * batch, end * batch
        if high - low < (1 if self.with_replacement else size):
            raise RunError(self._shortage(max(0, high - low)), code="E502", help=self._remedy())
        if self.with_replacement:
            return torch.randint(low, high, (size,)).numpy()
        return np.array(random.sample(range(low, high), size))

    def sample(self, *names: str) -> tuple[Any, ...]:
        """Leaves of a mini-batch, [T, M]; those of time steps [context + T + 1, M]."""
        return self.read(self.draw(), names)

    def read(self, index: Positions, names: tuple[str, ...]) -> tuple[Any, ...]:
        """Leaves of given sequences.

        Args:
            index: [M] int64, `first row * batch + environment`.
            names: leaves, "importance_weight" or "index".
        """
        batch = self.layout.batch
        at = index + self.offsets
        if self.context:  # before the first row there is the first row
            np.maximum(at, self._oldest() * batch + index % batch, out=at)
        at %= self.rows.length * batch
        plan = self.plans.get(names) or self._plan(names)
        rows = self._gathered(plan.sources, at)
        return tuple(self._value(leaf, rows, index) for leaf in plan.leaves)

    def weights(self, index: Positions) -> torch.Tensor:
        """Importance weights, [T, M] float32: all 1."""
        shape = (self.layout.mini_batch_length, index.size)
        return torch.ones(shape, device=self.layout.device)

    def _oldest(self) -> int:
        return max(0, self.position + int(self.closed) - self.rows.length)

    def _plan(self, names: tuple[str, ...]) -> _Reading:
        """Which gathered rows each leaf is cut from; made once for each combination of names."""
        sources: dict[_Source, int] = {}
        leaves: list[_Leaf] = []
        for name in names:
            is_step = name in self.step_leaves
            cuts = []
            for place in self.rows.places.get(name, ()):
                source = _Source(place.block, place.dtype, is_step)
                cuts.append((sources.setdefault(source, len(sources)), place))
            plain = isinstance(self.layout.specs.get(name), TensorSpec)
            leaves.append(_Leaf(name, plain, tuple(cuts)))
        self.plans[names] = _Reading(tuple(sources), tuple(leaves))
        return self.plans[names]

    def _gathered(self, sources: tuple[_Source, ...], at: Positions) -> list[torch.Tensor]:
        """Rows of every source; each block is gathered once."""
        blocks: dict[int, torch.Tensor] = {}
        found: list[torch.Tensor] = []
        for block, dtype, is_step in sources:
            if block not in blocks:
                blocks[block] = self.rows.gather(block, at)
            rows = blocks[block].view(dtype)
            found.append(rows if is_step else rows[self.context : -1])
        return found

    def _value(self, leaf: _Leaf, rows: list[torch.Tensor], index: Positions) -> Any:
        if leaf.is_plain:
            ((source, place),) = leaf.cuts
            return place.cut(rows[source])
        if leaf.name == "importance_weight":
            return self.weights(index)
        if leaf.name == "index":
            return torch.from_numpy(index).to(self.layout.device)
        return self.layout.join(leaf.name, [place.cut(rows[at]) for at, place in leaf.cuts])

    def _shortage(self, total: int) -> str:
        wanted = "one" if self.with_replacement else str(self.layout.mini_batch_size)
        return (
            f"the replay buffer holds {total} sequences of {self.layout.mini_batch_length} "
            f"transitions, and a mini-batch needs {wanted}"
        )

    def _remedy(self) -> str:
        rows = self.layout.mini_batch_length
        if not self.with_replacement:
            rows += -(-self.layout.mini_batch_size // self.layout.batch)
        return f"collect first: `initial_collect_steps={rows * self.layout.batch}` or more"

    # ------------------------------------------------------------------ state

    def state(self) -> dict[str, Any]:
        """Everything that was written; views of it, no copies."""
        filled = min(self.position + int(self.closed), self.rows.length)
        return {
            "position": self.position,
            "closed": self.closed,
            "blocks": self.rows.state(filled),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.position = int(state["position"])
        self.closed = bool(state["closed"])
        self.rows.load_state(state["blocks"])
