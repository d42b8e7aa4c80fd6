"""TDLoss: the one-step temporal difference error of values, from a replay buffer's sequences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from alfgraph.components.losses.averages import average_weights, weighted_sum
from alfgraph.components.losses.value_errors import value_error
from alfgraph.families.learning import Loss
from alfgraph.wiring.ports import In, Out


def one_step_target(reward: Tensor, discount: Tensor, next_value: Tensor, gamma: float) -> Tensor:
    """Return `r + γ d V`: a time limit (d = 1) bootstraps, a termination (d = 0) does not.

    Args:
        reward: `[T, M] float32`, that of the transition: it arrived with the next time step.
        discount: `[T, M] float32`, of the next time step.
        next_value: `[T, M] float32`, of the next time step.
        gamma: γ.

    Returns:
        `[T, M] float32`.

    Source: Sutton & Barto 2018, "Reinforcement Learning", eq. 6.1 and section 3.4.
    """
    return reward + gamma * discount * next_value


class TDLoss(Loss):
    """The mean error of values against `r + γ d V`, over transitions that do not start at LAST.

    Details:
        - `value` may come from an ensemble, on the last axis; its members' errors are summed.
        - The squared error has no factor 1/2, as in ALF.
        - `weight` multiplies each transition's error; the divisor is the number of valid ones.

    Attributes:
        gamma: γ.
        error: "squared" or "huber" (SmoothL1).
        average_over_all: divide by the number of all entries, as ALF does.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", alg. 1;
        weights: Schaul et al. 2016, arXiv:1511.05952, Algorithm 1.
    """

    gamma: Annotated[float, Field(ge=0.0, le=1.0)] = 0.99
    error: Literal["squared", "huber"] = "squared"
    average_over_all: bool = False

    step_type = In("int32[T+1, *batch]", role="step_type")
    reward = In("float32[T+1, *batch]", role="reward")
    discount = In("float32[T+1, *batch]", role="discount")
    value = In("float32[T, *batch, *e]", role="value")
    next_value = In("float32[T, *batch]", role="value", detach=True)
    weight = In("float32[T, *batch]", detach=True, optional=True)
    loss = Out("float32[]", role="loss")
    mean_value = Out("float32[]", monitor=True)
    distance = Out("float32[T, *batch]")

    def forward(
        self,
        step_type: Tensor,
        reward: Tensor,
        discount: Tensor,
        value: Tensor,
        next_value: Tensor,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[T+1, M] steps, [T, M, *e] values -> loss, mean value, and [T, M] |target - value|."""
        target = one_step_target(reward[1:], discount[1:], next_value, self.gamma)
        weights = average_weights(
            step_type[:-1], over_all=self.average_over_all, importance_weight=weight
        )
        loss = weighted_sum(value_error(value, target, self.error), weights)
        seen = value.detach()
        mean = seen.mean(-1) if seen.dim() > target.dim() else seen
        return loss, seen.mean(), (target - mean).abs()


class ValidMean(Loss):
    """The mean of a row of losses over time steps that are not LAST.

    Attributes:
        average_over_all: divide by the number of all entries, as ALF does.
    """

    average_over_all: bool = False

    step_type = In("int32[T, *batch]", role="step_type")
    row = In("float32[T, *batch]")
    loss = Out("float32[]", role="loss")

    def forward(self, step_type: Tensor, row: Tensor) -> Tensor:
        """[T, M] int32 and float32 -> the mean."""
        return weighted_sum(row, average_weights(step_type, over_all=self.average_over_all))
