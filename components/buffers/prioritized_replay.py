"""PrioritizedReplay: what surprised most is replayed most."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from alfgraph.components.buffers.packed_rows import Array
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.buffers.replay_rows import Positions, ReplayRows, Ring
from alfgraph.components.buffers.sum_tree import SumTree
from alfgraph.diagnostics.errors import RunError
from alfgraph.families.annealing import Annealing, LinearAnnealing
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.protocols import State
from alfgraph.families.storage import LeafLayout
from alfgraph.specs.step_types import LAST

Unit = Annotated[float, Field(ge=0.0, le=1.0)]


class PrioritizedReplay(ReplayBuffer):
    """A replay buffer that draws sequences in proportion to `priority^α`.

    Details:
        - New sequences have the highest priority so far, so that each is soon seen once.
        - A mini-batch takes one sequence from each of M equal parts of the sum.
        - `importance_weight` is `(N P)^-β` divided by the largest of the mini-batch.
        - A transition that starts at LAST (a reset) is never drawn, where sequences have length 1.
        - Of a longer sequence the priority is `η max + (1 - η) mean` over its transitions.
        - Algorithms write back with `replay.update_priorities(index, priority)`.

    Attributes:
        alpha: how much priorities count; 0 is uniform.
        beta: how much of the bias is corrected; a number or an annealing.
        epsilon: added to priorities, so that none is 0.
        eta: η.

    Source: Schaul et al. 2016, arXiv:1511.05952, section 3 and Algorithm 1; sequences: Kapturowski
        et al. 2019, "Recurrent Experience Replay in Distributed Reinforcement Learning", 2.3.
    """

    watches: ClassVar[bool] = True
    has_priorities: ClassVar[bool] = True

    with_replacement: Literal[True] = True
    alpha: Unit = 0.6
    beta: Unit | Annealing = LinearAnnealing(start=0.4, end=1.0)
    epsilon: Annotated[float, Field(gt=0.0)] = 1e-6
    eta: Unit = 0.9

    def shortage(self, collected: int, numbers: BufferNumbers) -> tuple[str, str] | None:
        """What is wrong, and its fix, if no mini-batch can be drawn or no priority comes back."""
        contents = self.binding.slot.contents[self.socket_path]
        if "updates" not in contents.settings:
            return (
                "it is sampled, and no priority is ever written back: all would stay equal",
                f"`{self.label()}.update_priorities(index=sample.index, priority=td.distance)` "
                "after the optimizer, or a ReplayBuffer",
            )
        return super().shortage(collected, numbers)

    def row_bytes(self, layout: LeafLayout) -> int:
        """Bytes of one row of one environment, with its priority."""
        return super().row_bytes(layout) + 8

    def build(self, layout: LeafLayout) -> PrioritizedRows:
        """The storage."""
        assert isinstance(self.beta, float | int)  # annealings are numbers here
        return PrioritizedRows(layout, self.ring(), self.alpha, self.beta, self.epsilon, self.eta)


class PrioritizedRows(ReplayRows):
    """Rings of rows with a priority for every sequence, by the place of its first row."""

    def __init__(
        self,
        layout: LeafLayout,
        ring: Ring,
        alpha: float,
        beta: float,
        epsilon: float,
        eta: float,
    ) -> None:
        """Allocate.

        Args:
            layout: what a row holds.
            ring: how much of it.
            alpha: exponent of priorities.
            beta: exponent of importance weights; it may change.
            epsilon: added to priorities.
            eta: share of the greatest priority in that of a sequence.
        """
        super().__init__(layout, ring)
        self.alpha, self.beta, self.epsilon, self.eta = alpha, beta, epsilon, eta
        self.tree = SumTree(self.length * layout.batch)
        self.highest = 1.0
        self.known = (0, 0)
        """First row, and behind the last, of the sequences that have a priority."""

    # --------------------------------------------------------------- sampling

    def draw(self) -> Positions:
        """Choose sequences: [M] int64, `first row * batch + environment`.

        Raises:
            RunError: no sequence is complete.
        """
        self.keep_up()
        first, end = self.known
        batch, size = self.layout.batch, self.layout.mini_batch_size
        self._refuse_shortage(max(0, end - first) * batch)
        recent = self._recent()
        low = max(first, end - self.ring.recent_steps) * batch
        newest = torch.randint(low, end * batch, (recent,)).numpy() if recent else None
        total = self.tree.total
        if not total > 0.0:
            raise RunError("no sequence of the replay buffer has a priority", code="E604")
        count = size - recent
        shares = torch.rand(count, dtype=torch.float64).numpy()
        places = self.tree.find((np.arange(count) + shares) * (total / count))
        row, environment = np.divmod(places, batch)
        found: Positions = (first + (row - first) % self.length) * batch + environment
        return found if newest is None else np.concatenate((newest, found))

    def weights(self, index: Positions) -> Tensor:
        """Importance weights `(min P / P)^β`, [T, M] float32: those of all N, over their largest.

        Source: Schaul et al. 2016, arXiv:1511.05952, Algorithm 1, line 10.
        """
        priorities = self.tree.numbers[self._places(index)]
        least = priorities[priorities > 0].min(initial=np.inf)
        ratio = np.divide(least, priorities, out=np.ones_like(priorities), where=priorities > 0)
        weights = torch.from_numpy((ratio**self.beta).astype(np.float32))
        rows = self.layout.mini_batch_length
        return weights.to(self.layout.device).expand(rows, len(weights))

    def keep_up(self) -> None:
        """Give what was written since the highest priority, and what was overwritten none."""
        first, end = self.starts()
        known_first, known_end = self.known
        end = max(end, first)
        gone = np.arange(known_first, min(first, known_end))
        fresh = np.arange(max(first, known_end), end)
        if gone.size:
            self.tree.set(self._all_at(gone), 0.0)
        if fresh.size:
            self.tree.set(self._all_at(fresh), self._at_first(fresh))
        self.known = (first, end)

    def _all_at(self, rows: Array) -> Positions:
        """Places of rows in every environment."""
        batch = self.layout.batch
        places = (rows % self.length)[:, None] * batch + np.arange(batch)
        found: Positions = places.reshape(-1)
        return found

    def _at_first(self, rows: Array) -> Array:
        """Priorities of new sequences; a reset alone is nothing to learn from."""
        assert self.kinds is not None
        resets = (self.kinds[rows % self.length] == LAST).reshape(-1)
        alone = self.layout.mini_batch_length == 1
        found: Array = np.where(resets & alone, 0.0, self.highest)
        return found

    def _places(self, index: Positions) -> Positions:
        found: Positions = index % (self.length * self.layout.batch)
        return found

    # ---------------------------------------------------------------- writing back

    def update_priorities(self, index: Tensor, priority: Tensor) -> None:
        """Set the priorities of sequences.

        Args:
            index: `[M] int64`, as sampled.
            priority: `[T, M] float32`, such as the absolute temporal difference errors.
        """
        at: Positions = index.cpu().numpy()
        found = self._of_sequences(at, priority.detach().abs().double().cpu().numpy())
        values = (found + self.epsilon) ** self.alpha
        current = at >= self.starts()[0] * self.layout.batch
        values = np.where(self._are_resets(at), 0.0, values)[current]
        self.tree.set(self._places(at[current]), values)
        self.highest = max(self.highest, float(values.max(initial=0.0)))

    def _of_sequences(self, at: Positions, priority: Array) -> Array:
        """[T, M] priorities of transitions -> [M] of sequences; resets do not count."""
        if len(priority) == 1:
            found: Array = priority[0]
            return found
        rows = at + np.arange(len(priority))[:, None] * self.layout.batch
        valid = self._kinds_at(rows % (self.length * self.layout.batch)) != LAST
        mean = (priority * valid).sum(0) / valid.sum(0).clip(1)
        mixed: Array = self.eta * (priority * valid).max(0) + (1.0 - self.eta) * mean
        return mixed

    def _are_resets(self, at: Positions) -> Array:
        if self.layout.mini_batch_length > 1:
            return np.zeros(at.shape, np.bool_)
        found: Array = self._kinds_at(self._places(at)) == LAST
        return found

    # ------------------------------------------------------------------ state

    def state(self) -> State:
        """Rows and priorities."""
        filled = min(self.position + int(self.closed), self.length) * self.layout.batch
        priorities = {
            "highest": self.highest,
            "known": list(self.known),
            "numbers": self.tree.numbers[:filled],
        }
        return {**super().state(), "priorities": priorities}

    def load_state(self, state: State) -> None:
        """Continue from a state."""
        super().load_state(state)
        saved = state["priorities"]
        self.highest = float(saved["highest"])
        first, end = saved["known"]
        self.known = (int(first), int(end))
        numbers = np.zeros(self.tree.size)
        numbers[: len(saved["numbers"])] = saved["numbers"]
        self.tree.load(numbers)
