"""Returns and advantages as components: GAE, TD(λ), Monte Carlo, one step."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from alfgraph.components.returns.value_functions import (
    discounted_return,
    generalized_advantage,
    one_step_discounted_return,
    td_lambda_return,
)
from alfgraph.families.learning import Returns
from alfgraph.wiring.ports import In, Out

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Discount = Unit | tuple[Unit, ...]


class ValueTarget(Returns):
    """What every estimator reads and gives: time steps and values [T+1, B], targets [T, B].

    Attributes:
        gamma: discount factor; one per reward dimension where the reward is a vector.
    """

    gamma: Discount = 0.99

    reward = In("float32[T+1, *batch, *r]", role="reward")
    discount = In("float32[T+1, *batch]", role="discount")
    step_type = In("int32[T+1, *batch]", role="step_type")
    value = In("float32[T+1, *batch, *r]", role="value", detach=True)
    advantage = Out("float32[T, *batch, *r]", role="advantage")
    returns = Out("float32[T, *batch, *r]", role="return")


class GAE(ValueTarget):
    """Generalised advantage estimates; the return is advantage + value.

    Details:
        - Values bootstrap through time limits and not through terminations (`discount`).
        - Nothing leaks between episodes: the sum is cut at LAST.
        - All T transitions are used: row T+1 of the steps is the step after the last action.

    Attributes:
        lambda_: 0 is the one-step error, 1 the whole return.

    Source: Schulman et al. 2016, arXiv:1506.02438, eq. 16.
    """

    lambda_: Unit = 0.95

    def forward(
        self, reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[T+1, B, *r] steps and values -> [T, B, *r] advantage and return."""
        advantage = generalized_advantage(
            reward, discount, step_type, value, gamma=self.gamma, lambda_=self.lambda_
        )
        return advantage, advantage + value[:-1].detach()


class TDLambda(ValueTarget):
    """TD(λ) returns; the advantage is return - value.

    Attributes:
        lambda_: weight of longer returns.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 12.18.
    """

    lambda_: Unit = 0.95

    def forward(
        self, reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[T+1, B, *r] steps and values -> [T, B, *r] advantage and return."""
        returns = td_lambda_return(
            reward, discount, step_type, value, gamma=self.gamma, lambda_=self.lambda_
        )
        return returns - value[:-1].detach(), returns


class MonteCarlo(ValueTarget):
    """Discounted returns to the end of the episode, or of the rollout, where the value bootstraps.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 3.9.
    """

    def forward(
        self, reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[T+1, B, *r] steps and values -> [T, B, *r] advantage and return."""
        returns = discounted_return(reward, discount, step_type, value, gamma=self.gamma)
        return returns - value[:-1].detach(), returns


class OneStep(ValueTarget):
    """One-step returns: `r[t+1] + gamma * discount[t+1] * value[t+1]`.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 6.2.
    """

    def forward(
        self, reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[T+1, B, *r] steps and values -> [T, B, *r] advantage and return."""
        returns = one_step_discounted_return(reward, discount, step_type, value, gamma=self.gamma)
        return returns - value[:-1].detach(), returns
