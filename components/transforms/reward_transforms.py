"""Reward transforms without memory: scaling, shifting, clipping, any function, weighing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, Field
from torch import Tensor

from alfgraph.families.annealing import Annealing, current
from alfgraph.families.transform import Transform
from alfgraph.wiring.ports import In, Out


class RewardTransform(Transform):
    """A function of the reward alone: subclass it and define `forward(self, reward)`."""

    reward = In("float32[*batch, *r]", role="reward")
    out = Out("float32[*batch, *r]", role="reward")


class RewardScaling(RewardTransform):
    """Multiply rewards by a number.

    Attributes:
        scale: the factor.
    """

    scale: float | Annealing = 1.0

    def forward(self, reward: Tensor) -> Tensor:
        """[*batch, *r] float32 reward -> scale * reward."""
        return reward * current(self.scale)


class RewardShifting(RewardTransform):
    """Add a number to rewards.

    Attributes:
        bias: what is added.
    """

    bias: float | Annealing = 0.0

    def forward(self, reward: Tensor) -> Tensor:
        """[*batch, *r] float32 reward -> reward + bias."""
        return reward + current(self.bias)


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"the lower limit comes first: ({limits[1]:g}, {limits[0]:g})")
    return limits


class RewardClipping(RewardTransform):
    """Cut rewards to an interval.

    Attributes:
        minmax: the least and the greatest reward.
    """

    minmax: Annotated[tuple[float, float], AfterValidator(_ordered)] = (-1.0, 1.0)

    def forward(self, reward: Tensor) -> Tensor:
        """[*batch, *r] float32 reward -> the nearest value within the limits."""
        return reward.clamp(*self.minmax)


class FunctionalReward(RewardTransform):
    """Any elementwise function of the reward that has a name, such as `torch.tanh`.

    Attributes:
        function: `[*batch, *r] float32 -> [*batch, *r] float32`, plain torch.
    """

    function: Callable[[Tensor], Tensor] = torch.sign

    def forward(self, reward: Tensor) -> Tensor:
        """[*batch, *r] float32 reward -> function(reward)."""
        return self.function(reward)


class Scalarize(Transform):
    """Make a vector reward a number: its weighted sum.

    Attributes:
        weights: one per reward dimension.
    """

    weights: Annotated[tuple[float, ...], Field(min_length=1)]

    reward = In("float32[*batch, dimensions]", role="reward")
    out = Out("float32[*batch]", role="reward")

    def known(self) -> Mapping[str, Any]:
        """How many dimensions the reward must have."""
        return {"dimensions": len(self.weights)}

    def forward(self, reward: Tensor) -> Tensor:
        """[*batch, dimensions] float32 reward -> [*batch] float32, weighted sum."""
        return reward @ reward.new_tensor(self.weights)
