"""ReplayRows: rings of rows, and the reading of sequences from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alfgraph.components.buffers.leaf_storage import LeafLayout
from alfgraph.components.buffers.n_step import n_step_rows
from alfgraph.components.buffers.packed_rows import Array, Cut, PackedRows, Place
from alfgraph.diagnostics.errors import RunError
from alfgraph.families.protocols import State
from alfgraph.specs.spec import TensorSpec
from alfgraph.specs.step_types import LAST

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Ring:
    """What a replay buffer keeps and draws.

    Attributes:
        max_length: transitions per environment.
        context: earlier rows to read with every sequence.
        n_step: steps of the environment that one transition spans.
        gamma: γ of rewards that are summed up.
        with_replacement: whether a mini-batch may hold a sequence twice.
        recent_ratio: the part of a mini-batch that comes from the most recent sequences.
        recent_steps: how many starts per environment are recent.
        watches: whether the types of steps are needed beside the rows.
        folder: where a file holds the rows; None: in memory.
    """

    max_length: int
    context: int = 0
    n_step: int = 1
    gamma: float = 1.0
    with_replacement: bool = True
    recent_ratio: float = 0.0
    recent_steps: int = 1
    watches: bool = False
    folder: str | None = None


class _Leaf(NamedTuple):
    """A leaf to read: a plain tensor, or a tree or distribution joined from several cuts."""

    name: str
    is_plain: bool
    cuts: tuple[tuple[int, Cut], ...]


class _Reading(NamedTuple):
    """Blocks to gather, with the rows of the sequences that are needed, and leaves to cut."""

    blocks: tuple[tuple[int, int, int], ...]
    leaves: tuple[_Leaf, ...]


class ReplayRows:
    """Rings of rows. Row r of an environment is at `r % length`; rows are counted for ever.

    The rows that hold a whole transition are `position - count` to `position - 1`; row `position`
    is the time step after the last one, without an action.
    """

    def __init__(self, layout: LeafLayout, ring: Ring) -> None:
        """Allocate.

        Args:
            layout: what a row holds.
            ring: how much of it, and what is drawn.
        """
        self.layout = layout
        self.ring = ring
        self.rows = PackedRows(layout, ring.max_length + 1, ring.folder)
        self.length = self.rows.length
        prefixes = tuple(f"{name}." for name in layout.step_fields)
        self.step_leaves = tuple(n for n in layout.names if n.startswith(prefixes))
        self.other_leaves = tuple(n for n in layout.names if n not in self.step_leaves)
        self.plans: dict[tuple[str, ...], _Reading] = {}
        self.position = 0
        self.closed = False
        self.span = layout.mini_batch_length + ring.n_step
        """Rows of time steps that a sequence needs, beside its context."""
        self.offsets = np.arange(-ring.context, self.span)[:, None] * layout.batch
        self.shift = (0, self.offsets)
        self.ones = torch.ones(
            (layout.mini_batch_length, layout.mini_batch_size), device=layout.device
        )
        watched = self.step_leaves if ring.watches or ring.n_step > 1 else ()
        self.kind_name = next((n for n in watched if n.endswith(".step_type")), "")
        self.kinds = np.zeros((self.length, layout.batch), np.uint8) if watched else None
        """Types of all steps in the ring, [length, B]: cheaper to look at than rows."""

    # ---------------------------------------------------------------- writing

    def write(self, *values: Any) -> None:
        """Store one row [B] of every leaf."""
        row = self.position % self.length
        for name, value in zip(self.layout.names, values, strict=True):
            if not self.closed or name in self.other_leaves:
                self.rows.write(row, name, value)
                self._watch(row, name, value)
        self.position += 1
        self.closed = False

    def close(self, *values: Any) -> None:
        """Store the time step after the last row; the next row begins with the same one."""
        row = self.position % self.length
        for name, value in zip(self.step_leaves, values, strict=True):
            self.rows.write(row, name, value)
            self._watch(row, name, value)
        self.closed = True

    def _watch(self, row: int, name: str, value: Any) -> None:
        if name == self.kind_name and self.kinds is not None:
            self.kinds[row] = value.cpu().numpy()

    def __len__(self) -> int:
        """Transitions in it, all environments together."""
        return self.count * self.layout.batch

    @property
    def end(self) -> int:
        """The last row that holds a time step."""
        return self.position if self.closed else self.position - 1

    @property
    def count(self) -> int:
        """Transitions per environment whose end is in it too."""
        return max(0, min(self.end, self.ring.max_length))

    # --------------------------------------------------------------- sampling

    def starts(self) -> tuple[int, int]:
        """The first row a sequence may start at, and behind the last one."""
        end = self.end
        oldest = end - self.count
        # Before the ring is full its first row begins an episode, so nothing earlier is missed.
        first = oldest + self.ring.context if oldest > 0 else 0
        return first, end - self.span + 2

    def draw(self) -> Positions:
        """Choose sequences: [M] int64, `first row * batch + environment`.

        Raises:
            RunError: no sequence is complete, or too few to draw without replacement.
        """
        first, end = self.starts()
        batch, size = self.layout.batch, self.layout.mini_batch_size
        low, high = first * batch, end * batch
        self._refuse_shortage(max(0, high - low))
        recent = self._recent()
        if recent:
            newest = self._draw(max(low, high - self.ring.recent_steps * batch), high, recent)
            return np.concatenate((newest, self._draw(low, high, size - recent)))
        return self._draw(low, high, size)

    def _draw(self, low: int, high: int, size: int) -> Positions:
        if self.ring.with_replacement:
            drawn: Positions = torch.randint(low, high, (size,)).numpy()
            return drawn
        return np.array(random.sample(range(low, high), size), np.int64)

    def _recent(self) -> int:
        """How many sequences of a mini-batch are recent ones; none while all of them are."""
        ratio = self.ring.recent_ratio
        if self.count * ratio <= self.ring.recent_steps:
            return 0
        return math.ceil(self.layout.mini_batch_size * ratio)

    def sample(self, *names: str) -> tuple[Any, ...]:
        """Leaves of a mini-batch, [T, M]; those of time steps [context + T + n_step, M]."""
        return self.read(self.draw(), names)

    def read(self, index: Positions, names: tuple[str, ...]) -> tuple[Any, ...]:
        """Leaves of given sequences.

        Args:
            index: [M] int64, `first row * batch + environment`.
            names: leaves, "importance_weight" or "index".
        """
        at = self.places_of(index)
        reading = self.plans.get(names) or self._plan(names)
        blocks = [self.gathered(block, at, first, last) for block, first, last in reading.blocks]
        cut = self.rows.cut
        found: list[Any] = []
        for name, is_plain, cuts in reading.leaves:
            if is_plain:
                source, how = cuts[0]
                found.append(cut(blocks[source], how))
            elif cuts:
                tensors = [cut(blocks[source], how) for source, how in cuts]
                found.append(self.layout.join(name, tensors))
            else:
                found.append(self.extra(name, index))
        return tuple(found)

    def gathered(self, block: int, at: Positions, first: int, last: int) -> Array | Tensor:
        """Rows `first` to `last` of the sequences from a block, `[rows, M, numbers]`."""
        return self.rows.gather(block, at[first:last] if last - first < len(at) else at)

    def places_of(self, index: Positions) -> Positions:
        """Where the rows of sequences are, [context + T + n_step, M]; it may pass the end once.

        Where an episode ends on the way of a transition of several steps, its last row stands for
        all after it: then the last row of the sequence is always the transition's end.
        """
        batch = self.layout.batch
        before = max(0, self.end - self.ring.max_length)
        turns = before // self.length * self.length * batch
        if turns != self.shift[0]:
            self.shift = (turns, self.offsets - turns)
        at: Positions = index + self.shift[1]
        if self.ring.context:  # before the first row there is the first row
            np.maximum(at, before * batch - turns + index % batch, out=at)
        if self.ring.n_step > 1:
            later = at[self.ring.context + 1 :]
            ended = self._kinds_at(later) == LAST
            steps = np.where(ended.any(0), ended.argmax(0), self.ring.n_step - 1)
            np.minimum(later, np.take_along_axis(later, steps[None], 0), out=later)
        return at

    def _kinds_at(self, at: Positions) -> np.ndarray[Any, Any]:
        assert self.kinds is not None
        found: np.ndarray[Any, Any] = self.kinds.reshape(-1).take(at, mode="wrap")
        return found

    def accumulate(
        self, step_type: Tensor, reward: Tensor, discount: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Sum up rewards and multiply discounts: [n + 1, M] rows to the two of a transition."""
        return n_step_rows(step_type, reward, discount, self.ring.gamma)

    def weights(self, index: Positions) -> Tensor:
        """Importance weights, [T, M] float32: all 1."""
        if index.size == self.ones.shape[1]:
            return self.ones
        return torch.ones((len(self.ones), index.size), device=self.layout.device)

    def _plan(self, names: tuple[str, ...]) -> _Reading:
        """Where each leaf is cut from gathered rows; made once for each combination of names."""
        context, length = self.ring.context, self.layout.mini_batch_length
        own = (context, context + length)
        places = {name: self.rows.places.get(name, []) for name in names}
        stepped = {p.block for n in names if n in self.step_leaves for p in places[n]}
        numbers = {p.block: at for at, p in enumerate(_first_of_blocks(places))}
        leaves: list[_Leaf] = []
        for name, parts in places.items():
            cuts = []
            for place in parts:
                # Time steps have the rows around the transitions, other leaves those alone.
                trimmed = place.block in stepped and name not in self.step_leaves
                rows = slice(*own) if trimmed else slice(None)
                cuts.append((numbers[place.block], self.rows.planned(place, rows)))
            plain = isinstance(self.layout.specs.get(name), TensorSpec)
            leaves.append(_Leaf(name, plain, tuple(cuts)))
        spans = ((b, *((0, context + self.span) if b in stepped else own)) for b in numbers)
        self.plans[names] = _Reading(tuple(spans), tuple(leaves))
        return self.plans[names]

    def extra(self, name: str, index: Positions) -> Tensor:
        """What a sample gives beside the record."""
        if name == "index":
            return torch.from_numpy(index).to(self.layout.device)
        return self.weights(index)

    def _refuse_shortage(self, total: int) -> None:
        """Stop if that many sequences are not enough for a mini-batch."""
        size, length = self.layout.mini_batch_size, self.layout.mini_batch_length
        wanted = 1 if self.ring.with_replacement else size
        if total >= wanted:
            return
        rows = self.span - 1
        if not self.ring.with_replacement:
            rows += -(-size // self.layout.batch)
        raise RunError(
            f"the replay buffer holds {total} sequences of {length} transitions, and a mini-batch "
            f"needs {'one' if wanted == 1 else wanted}",
            code="E502",
            help=f"collect first: `initial_collect_steps={rows * self.layout.batch}` or more",
        )

    # ------------------------------------------------------------------ state

    def state(self) -> State:
        """Everything that was written; views of it, no copies."""
        filled = min(self.position + int(self.closed), self.length)
        return {
            "position": self.position,
            "closed": self.closed,
            "blocks": self.rows.state(filled),
        }

    def load_state(self, state: State) -> None:
        """Continue from a state."""
        self.position = int(state["position"])
        self.closed = bool(state["closed"])
        self.rows.load_state(state["blocks"])
        if self.kinds is not None:
            self.kinds[:] = self.rows.column(self.kind_name)


def _first_of_blocks(places: dict[str, list[Place]]) -> list[Place]:
    """One place in each block that is read."""
    found: dict[int, Place] = {}
    for parts in places.values():
        for place in parts:
            found.setdefault(place.block, place)
    return list(found.values())
