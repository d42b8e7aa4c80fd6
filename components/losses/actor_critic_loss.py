"""ActorCriticLoss: policy gradient, value error and entropy as one scalar."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.components.losses.actor_critic_in_numpy import actor_critic_in_numpy
from alfgraph.components.losses.averages import (
    average_weights,
    combine_rewards,
    normalize_advantage,
    valid_entries,
    weighted_sum,
)
from alfgraph.components.losses.value_errors import ErrorKind, value_error
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Loss
from alfgraph.wiring.ports import In, Out

Weight = Annotated[float, Field(ge=0.0)] | Annealing


def actor_critic_loss(  # noqa: PLR0913  (one argument for each tensor)
    weights: Tensor,
    advantage: Tensor,
    returns: Tensor,
    log_prob: Tensor,
    entropy: Tensor,
    value: Tensor,
    *,
    value_weight: float,
    entropy_weight: float,
    error: ErrorKind = "squared",
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return `-log π · A + c_v (R - V)² - c_e H` and its parts.

    Args:
        weights: `[T, M] float32`, see `average_weights`; entries of weight 0 have no influence.
        advantage: `[T, M] float`, a constant.
        returns: `[T, M, *r] float`, a constant.
        log_prob: `[T, M] float`, of the actions taken, under the policy as it is now.
        entropy: `[T, M] float`, of that policy.
        value: `[T, M, *r] float`, or `[T, M, *r, n]` from an ensemble of n.
        value_weight: c_v.
        entropy_weight: c_e; with 0 no gradient reaches the entropy.
        error: which value error.

    Returns:
        `[] float` each: the loss, with gradient; policy loss, value error and entropy, without.

    Source: Mnih et al. 2016, arXiv:1602.01783, section 4 and Algorithm S3.
    """
    policy_loss = weighted_sum(-log_prob * advantage.detach(), weights)
    value_loss = weighted_sum(value_error(value, returns, error), weights)
    mean_entropy = weighted_sum(entropy, weights)
    loss = policy_loss + value_weight * value_loss
    if entropy_weight:  # times 0 would still reach the parameters, with zeros
        loss = loss - entropy_weight * mean_entropy
    return loss, policy_loss.detach(), value_loss.detach(), mean_entropy.detach()


class ActorCriticLoss(Loss):
    """The loss of advantage actor-critic: `-log π · A + c_v (R - V)² - c_e H`.

    Details:
        - Averages run over valid transitions (those that do not start at LAST);
          `average_over_all` divides by all entries, as ALF does.
        - The value error has no factor ½, as in ALF.
        - Vector rewards: advantages and value errors are summed over reward dimensions.

    Attributes:
        value_weight: c_v.
        entropy_weight: c_e.
        normalize_advantages: to mean 0 and deviation 1, over the valid entries of the batch.
        value_error: "squared" or "huber" (SmoothL1).
        average_over_all: ALF's average.

    Source: Mnih et al. 2016, arXiv:1602.01783, Algorithm S3.
    """

    value_weight: Weight = 0.5
    entropy_weight: Weight = 0.0
    normalize_advantages: bool = False
    value_error: Literal["squared", "huber"] = "squared"
    average_over_all: bool = False

    step_type = In("int32[T, *batch]", role="step_type")
    advantage = In("float32[T, *batch, *r]", role="advantage", detach=True)
    returns = In("float32[T, *batch, *r]", role="return", detach=True)
    log_prob = In("float32[T, *batch]", role="log_prob")
    entropy = In("float32[T, *batch]", role="entropy")
    value = In("float32[T, *batch, *r]", role="value")
    loss = Out("float32[]", role="loss")
    policy_loss = Out("float32[]", monitor=True)
    value_loss = Out("float32[]", monitor=True)
    mean_entropy = Out("float32[]", monitor=True)

    def forward(
        self,
        step_type: Tensor,
        advantage: Tensor,
        returns: Tensor,
        log_prob: Tensor,
        entropy: Tensor,
        value: Tensor,
    ) -> tuple[Tensor, ...]:
        """[T, M] rows -> loss, policy loss, value error and entropy, [] each."""
        weights, advantage = self.weighed(step_type, advantage)
        in_numpy = numpy_can_view(weights, advantage, returns, log_prob, entropy, value)
        return (actor_critic_in_numpy if in_numpy else actor_critic_loss)(
            weights,
            advantage,
            returns,
            log_prob,
            entropy,
            value,
            value_weight=current(self.value_weight),
            entropy_weight=current(self.entropy_weight),
            error=self.value_error,
        )

    def weighed(self, step_type: Tensor, advantage: Tensor) -> tuple[Tensor, Tensor]:
        """[T, M] step types, [T, M, *r] advantages -> what an entry weighs, and gains; [T, M]."""
        if self.normalize_advantages:
            advantage = normalize_advantage(advantage, valid_entries(step_type))
        weights = average_weights(step_type, over_all=self.average_over_all)
        return weights, combine_rewards(advantage)
