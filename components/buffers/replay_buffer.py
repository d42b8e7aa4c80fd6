"""ReplayBuffer: what was experienced, kept for long, and sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import Field

from alfgraph.components.buffers.leaf_storage import LeafLayout
from alfgraph.components.buffers.packed_rows import row_bytes as packed_bytes
from alfgraph.components.buffers.replay_rows import ReplayRows, Ring
from alfgraph.families.buffer import Buffer, flexible_axes
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.arguments import bind_arguments
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.wires import Wire

R = TypeVar("R", bound=Record)
Positive = Annotated[int, Field(ge=1)]


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


class NStepReturn(Operation):
    """Sum up the rewards of several steps: `n_step_rows`."""

    step_type = In("int32[R, *batch]", role="step_type")
    reward = In("float32[R, *batch, *r]", role="reward")
    discount = In("float32[R, *batch]", role="discount")
    n_step_reward = Out("float32[T+1, *batch, *r]", role="reward")
    n_step_discount = Out("float32[T+1, *batch]", role="discount")


class UpdatePriorities(Operation):
    """Write back how surprising sequences were; an effect, after the optimizer's step.

    A buffer that draws uniformly does not ask: the call is checked, and adds nothing to the board.
    """

    index = In("int64[M]")
    priority = In("float32[T, M]", detach=True)

    def __call__(self, *args: Any, every: int = 1, **named: Any) -> UpdatePriorities:
        """Add the write-back; the buffer remembers that there is one."""
        part: ReplayBuffer = self._component
        if not part.has_priorities:
            bind_arguments(self.label(), self.input_ports(), args, named)
            return self
        part.binding.slot.contents[part.socket_path].settings["updates"] = True
        return super().__call__(*args, every=every, **named)


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
        - With `n_step` > 1 a transition spans n steps of the environment, or those up to the end
          of its episode: the later row of `steps` is where it ends, its reward the discounted sum
          (after the transforms) and its discount γ^(k-1) times those on the way.
        - Bounded integers are stored in as few bytes as they need.
        - Algorithms write back how surprising sequences were, whatever the buffer
          (`update_priorities`); one that draws uniformly leaves it out of the program.

    Attributes:
        max_length: transitions it holds per environment.
        with_replacement: whether one mini-batch may hold a sequence twice.
        n_step: steps of the environment in a transition; more than 1 needs mini_batch_length 1.
        recent_data_ratio: part of every mini-batch that is drawn from the most recent sequences.
        recent_data_steps: how many starts per environment are the most recent ones.
        memory_map: folder of a scratch file that holds the rows; None: they are in memory.

    Source: Lin 1992, "Self-improving reactive agents based on reinforcement learning, planning and
        teaching"; rings per environment and recent data as ALF's `ReplayBuffer`.
    """

    holds_raw: ClassVar[bool] = True
    samples: ClassVar[bool] = True
    closes: ClassVar[bool] = True
    watches: ClassVar[bool] = False
    has_priorities: ClassVar[bool] = False

    max_length: Positive = 100_000
    with_replacement: bool = True
    n_step: Positive = 1
    recent_data_ratio: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    recent_data_steps: Positive = 1
    memory_map: str | None = None

    accumulate = NStepReturn()
    update_priorities = UpdatePriorities()

    def write(self, record: Record, every: int = 1) -> None:
        """Record one row; [B]."""
        self.put(record, flexible_axes(self, "B"), every)

    def sample(self, kind: type[R], gamma: float | None = None) -> Sampled[R]:
        """Draw a mini-batch of sequences; [T, M].

        Args:
            kind: the record's class, which must be the one written.
            gamma: γ of the loss, with which rewards of several steps are summed up.
        """
        field = self.step_field()
        length, size = self._axes()
        rows = self._plus(length, self.context_rows() + self.n_step)
        record, extra = self.get(
            kind, "sample", (length, size), rows={field: (rows, size)}, extra=self._extra()
        )
        steps = self.recalled(getattr(record, field), extra)
        for transform in self.transforms_of(field):
            steps = transform.replay(steps)
            if transform.context_rows():  # rows that only gave it its context
                steps = steps[transform.context_rows() :]
        if self.n_step > 1:
            steps = self._over_n_steps(steps, gamma)
        item = record.replace(**{field: steps[:-1]})
        return Sampled(item, steps, extra["importance_weight"], extra["index"])

    def recalled(self, steps: TimeStep, extra: Mapping[str, Wire]) -> TimeStep:
        """What the buffer makes of raw time steps it read, before they are transformed again."""
        return steps

    def _extra(self) -> dict[str, tuple[Spec, str | None]]:
        """What a sample gives beside the record: name -> (spec, role)."""
        length, size = self._axes()
        return {
            "importance_weight": (TensorSpec(dtype="float32", batch=(length, size)), None),
            "index": (TensorSpec(dtype="int64", batch=(size,)), None),
        }

    def _over_n_steps(self, steps: TimeStep, gamma: float | None) -> TimeStep:
        """[n + 1, M] rows of steps -> the two of a transition of n steps."""
        if gamma is None:
            refuse(
                "E102",
                f"`{self.label()}.sample` is not told the γ that rewards of {self.n_step} steps "
                "are summed up with",
                "`sample(..., gamma=self.td.gamma)`: that of the loss",
            )
        self.binding.slot.contents[self.socket_path].settings["gamma"] = gamma
        sums = self.accumulate(steps)
        ends = steps[:: self.n_step]
        return ends.replace(reward=sums.n_step_reward, discount=sums.n_step_discount)

    def context_rows(self) -> int:
        """Earlier rows its transforms need."""
        return sum(t.context_rows() for t in self.transforms_of(self.step_field()))

    def always_stored(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        """The types of steps, where the ends of episodes matter."""
        if not (self.watches or self.n_step > 1):
            return ()
        return (f"{self.step_field()}.step_type",)

    def shortage(self, collected: int, numbers: BufferNumbers) -> tuple[str, str] | None:
        """What is wrong, and its fix, if the first mini-batch could not be drawn.

        Args:
            collected: transitions per environment before the first update.
            numbers: the schedule around it.
        """
        length, size = numbers.mini_batch_length, numbers.mini_batch_size
        if self.n_step > 1 and length > 1:
            return (
                f"n_step={self.n_step} gives single transitions, not sequences of {length}",
                "mini_batch_length=1, or n_step=1",
            )
        batch = max(1, numbers.written[-1] if numbers.written else 1)
        rows = length + self.n_step - 1
        if not self.with_replacement:
            rows += -(-size // batch) - 1
        needed = rows + self.context_rows()
        if self.max_length < needed:
            return (
                f"max_length={self.max_length} holds fewer than the {needed} rows per environment "
                "that a mini-batch needs",
                f"max_length={needed} or more",
            )
        if collected < rows:
            return (
                f"a mini-batch of sequences of {rows if self.n_step > 1 else length} needs {rows} "
                f"transitions per environment, and {collected} are collected before the first "
                "update",
                f"initial_collect_steps={rows * batch}",
            )
        return None

    def num_bytes(self, layout: LeafLayout) -> int:
        """Rings of packed rows, and the row of the step after the last transition."""
        return (self.max_length + 1) * layout.batch * self.row_bytes(layout)

    def row_bytes(self, layout: LeafLayout) -> int:
        """Bytes of one row of one environment."""
        return packed_bytes(layout) + (self.watches or self.n_step > 1)

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """T and M in numbers."""
        length, size = self._axes()
        sizes = {size: numbers.mini_batch_size}
        return sizes | ({length: numbers.mini_batch_length} if isinstance(length, Symbol) else {})

    def build(self, layout: LeafLayout) -> ReplayRows:
        """The storage."""
        return ReplayRows(layout, self.ring())

    def ring(self) -> Ring:
        """What it keeps and draws, in numbers."""
        contents = self.binding.slot.contents[self.socket_path]
        return Ring(
            max_length=self.max_length,
            context=self.context_rows(),
            n_step=self.n_step,
            gamma=contents.settings.get("gamma", 1.0),
            with_replacement=self.with_replacement,
            recent_ratio=self.recent_data_ratio,
            recent_steps=self.recent_data_steps,
            watches=self.watches,
            folder=self.memory_map,
        )

    def axes(self, phase: str) -> Mapping[str, Symbol | int]:
        """T and M of its operations."""
        length, size = self._axes()
        return {"T": length, "M": size}

    def _axes(self) -> tuple[Symbol | int, Symbol]:
        """T and M; T is 1 where transitions have several steps."""
        size = Symbol("M", self.socket_path, rigid=True)
        return (1 if self.n_step > 1 else Symbol("T", self.socket_path, rigid=True)), size

    @staticmethod
    def _plus(length: Symbol | int, rows: int) -> Symbol | int:
        return length + rows if isinstance(length, int) else length.plus(rows)
