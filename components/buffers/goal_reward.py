"""Goal rewards: what having achieved one thing is worth while wanting another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out


class GoalReward(Component):
    """Rewards for any goal: subclass it and define `forward(self, achieved_goal, desired_goal)`.

    It must be what the environment pays: replayed transitions with another goal are paid by it.
    `discount` is 0 where reaching the goal ends the episode.
    """

    achieved_goal = In("float32[*batch, g]")
    desired_goal = In("float32[*batch, g]")
    reward = Out("float32[*batch]", role="reward")
    discount = Out("float32[*batch]", role="discount")


class SparseGoalReward(GoalReward):
    """One reward where the goal is reached, another where it is not.

    Attributes:
        tolerance: greatest Euclidean distance at which it counts as reached.
        reached: reward there.
        missed: reward elsewhere.
        ends: whether reaching it ends the episode.

    Source: Plappert et al. 2018, arXiv:1802.09464, section 1.1 (0 within 5 cm, else -1).
    """

    tolerance: Annotated[float, Field(ge=0.0)] = 0.05
    reached: float = 0.0
    missed: float = -1.0
    ends: bool = False

    def forward(self, achieved_goal: Tensor, desired_goal: Tensor) -> tuple[Tensor, Tensor]:
        """[*batch, g] float32 goals -> [*batch] float32 reward and discount."""
        near = (achieved_goal - desired_goal).norm(dim=-1) <= self.tolerance
        reward = torch.where(near, self.reached, self.missed)
        return reward, 1.0 - (near & self.ends).float()


class FunctionalGoalReward(GoalReward):
    """Any function of the two goals, such as `lambda a, d: -(a - d).norm(dim=-1)`; it ends nothing.

    Attributes:
        function: `[*batch, g] float32` achieved and desired goals -> `[*batch] float32` rewards.
    """

    function: Callable[[Tensor, Tensor], Tensor]

    def forward(self, achieved_goal: Tensor, desired_goal: Tensor) -> tuple[Tensor, Tensor]:
        """[*batch, g] float32 goals -> [*batch] float32 reward and discount."""
        reward = self.function(achieved_goal, desired_goal)
        return reward, torch.ones_like(reward)
