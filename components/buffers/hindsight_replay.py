"""HindsightReplay: what was reached by accident becomes what was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from alfgraph.components.buffers.episode_ends import OPEN, EpisodeEnds
from alfgraph.components.buffers.goal_reward import GoalReward, SparseGoalReward
from alfgraph.components.buffers.packed_rows import Array, Place
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.buffers.replay_rows import Positions, ReplayRows, Ring
from alfgraph.diagnostics.source import blames_caller
from alfgraph.families.protocols import State
from alfgraph.families.storage import LeafLayout
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.specs.step_types import FIRST
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.wires import Wire

Unit = Annotated[float, Field(ge=0.0, le=1.0)]


class Relabel(Operation):
    """Pay steps whose goal was replaced by the goal's own reward."""

    relabelled = In("bool[*batch]")
    reward = In("float32[*batch]", role="reward")
    discount = In("float32[*batch]", role="discount")
    goal_reward = In("float32[*batch]", role="reward")
    goal_discount = In("float32[*batch]", role="discount")
    relabelled_reward = Out("float32[*batch]", role="reward")
    relabelled_discount = Out("float32[*batch]", role="discount")


class HindsightReplay(ReplayBuffer):
    """A replay buffer that replays most transitions with a goal their episode reached later.

    Details:
        - The goal of a sequence is what was achieved at a step drawn uniformly from those that
          follow its first one in the same episode ("future"); an episode that goes on counts up to
          its newest step.
        - All rows of the sequence in that episode get it; their rewards are computed anew, and
          where reaching a goal ends the episode their discount is 0.
        - Goals are replaced in raw steps: transforms see the new goal.

    Attributes:
        proportion: part of the sequences that get another goal; 0.8 is four of five.
        reward: what a goal pays; it must be what the environment pays.
        desired: dotted path of the goal in the observation.
        achieved: dotted path of what was reached.

    Source: Andrychowicz et al. 2017, arXiv:1707.01495, Algorithm 1 and section 4.5 ("future").
    """

    watches: ClassVar[bool] = True

    proportion: Unit = 0.8
    reward: GoalReward = SparseGoalReward()
    desired: str = "desired_goal"
    achieved: str = "achieved_goal"

    relabel = Relabel()

    def recalled(self, steps: TimeStep, extra: Mapping[str, Wire]) -> TimeStep:
        """The raw steps read, with the rewards of their new goals."""
        goal = self.reward(
            achieved_goal=_at(steps.observation, self.achieved),
            desired_goal=_at(steps.observation, self.desired),
        )
        paid = self.relabel(
            steps,
            relabelled=extra["relabelled"],
            goal_reward=goal.reward,
            goal_discount=goal.discount,
        )
        return steps.replace(reward=paid.relabelled_reward, discount=paid.relabelled_discount)

    def _extra(self) -> dict[str, tuple[Spec, str | None]]:
        length, size = self._axes()
        rows = self._plus(length, self.context_rows() + self.n_step)
        relabelled = TensorSpec(dtype="bool", batch=(rows, size))
        return {**super()._extra(), "relabelled": (relabelled, None)}

    def row_bytes(self, layout: LeafLayout) -> int:
        """Bytes of one row of one environment, with the end of its episode."""
        return super().row_bytes(layout) + 8

    def build(self, layout: LeafLayout) -> HindsightRows:
        """The storage."""
        observation = f"{self.step_field()}.observation"
        return HindsightRows(
            layout, self.ring(), self.proportion, observation, self.desired, self.achieved
        )


@blames_caller
def _at(observation: Wire, path: str) -> Wire:
    for key in path.split("."):
        observation = observation[key]
    return observation


@dataclass(frozen=True)
class _Goals:
    """New goals of one mini-batch.

    Attributes:
        replaced: [rows, M] bool, which rows get them.
        paid: [rows, M] bool, which of them have a reward.
        goals: [M, *goal], what they become.
    """

    replaced: Tensor
    paid: Tensor
    goals: Tensor


class HindsightRows(ReplayRows):
    """Rings of rows in which goals are replaced as they are read."""

    def __init__(
        self,
        layout: LeafLayout,
        ring: Ring,
        proportion: float,
        observation: str,
        desired: str,
        achieved: str,
    ) -> None:
        """Allocate.

        Args:
            layout: what a row holds.
            ring: how much of it.
            proportion: part of the sequences that get another goal.
            observation: the leaf with the goals.
            desired: dotted path in it of the goal.
            achieved: dotted path in it of what was reached.
        """
        super().__init__(layout, ring)
        self.proportion = proportion
        names = list(_paths(layout.specs[observation]))
        self.desired: Place = self.rows.places[observation][names.index(desired)]
        self.reached = self.rows.targets[observation][names.index(achieved)].flatten(0, 1)
        self.ends = EpisodeEnds(self.length, layout.batch)
        self.chosen: _Goals | None = None

    def _watch(self, row: int, name: str, value: Any) -> None:
        super()._watch(row, name, value)
        if name == self.kind_name and self.kinds is not None:
            self.ends.observe(self.position, self.kinds[row])

    # ---------------------------------------------------------------- reading

    def places_of(self, index: Positions) -> Positions:
        """Where the rows of sequences are; their new goals are drawn here."""
        at = super().places_of(index)
        self.chosen = self._choose(index, at % (self.length * self.layout.batch))
        return at

    def _choose(self, index: Positions, at: Positions) -> _Goals:
        """Draw which sequences get another goal, and which."""
        assert self.kinds is not None
        row, environment = np.divmod(index, self.layout.batch)
        ends = self.ends.rows.reshape(-1)
        own = ends[at[self.ring.context]]
        ahead = np.where(own == OPEN, self.end, own) - row
        shares = torch.rand((2, index.size), dtype=torch.float64).numpy()
        chosen = (shares[0] < self.proportion) & (ahead > 0)
        later = row + 1 + (shares[1] * ahead).astype(np.int64)
        places = (later % self.length) * self.layout.batch + environment
        replaced = chosen & (ends[at] == own)
        paid = replaced & (self.kinds.reshape(-1)[at] != FIRST)
        device = self.layout.device
        return _Goals(
            torch.from_numpy(replaced).to(device),
            torch.from_numpy(paid).to(device),
            self.reached[torch.from_numpy(places).to(device)],
        )

    def gathered(self, block: int, at: Positions, first: int, last: int) -> Array | Tensor:
        """Rows of a block, with their new goals."""
        rows = super().gathered(block, at, first, last)
        if block == self.desired.block and self.chosen is not None:
            goals = self.desired.cut(torch.as_tensor(rows).view(self.desired.stored))
            mask = self.chosen.replaced[first:last]
            mask = mask.reshape(*mask.shape, *[1] * (goals.dim() - 2))
            goals.copy_(torch.where(mask, self.chosen.goals.to(goals.dtype), goals))
        return rows

    def extra(self, name: str, index: Positions) -> Tensor:
        """What a sample gives beside the record."""
        if name == "relabelled" and self.chosen is not None:
            return self.chosen.paid
        return super().extra(name, index)

    def relabel(
        self,
        relabelled: Tensor,
        reward: Tensor,
        discount: Tensor,
        goal_reward: Tensor,
        goal_discount: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """[rows, M] float32 rewards and discounts, those of the new goals where they were paid."""
        return (
            torch.where(relabelled, goal_reward, reward),
            torch.where(relabelled, goal_discount * discount, discount),
        )

    def load_state(self, state: State) -> None:
        """Continue from a state."""
        super().load_state(state)
        assert self.kinds is not None
        first = max(0, self.end - self.length + 1)
        rows = np.arange(first, self.end + 1) % self.length
        self.ends.load(first, self.kinds[rows])


def _paths(spec: Spec, path: str = "") -> list[str]:
    """Dotted paths of the tensors of a tree, in the order they are stored."""
    if isinstance(spec, RecordSpec):
        fields = [(f"{path}.{name}" if path else name, part) for name, part in spec.fields]
        return [found for name, part in fields for found in _paths(part, name)]
    return [path]
