"""ActorCriticLoss and PPOLoss: policy gradient, value error and entropy as one scalar."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from alfgraph.components.losses.actor_critic_objective import actor_critic_objective
from alfgraph.components.losses.averages import (
    average_weights,
    combine_rewards,
    normalize_advantage,
    valid_entries,
)
from alfgraph.components.losses.objective import Objective, Predictions, Targets, Weighting
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Loss
from alfgraph.wiring.ports import In, Out

Weight = Annotated[float, Field(ge=0.0)] | Annealing


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

    def forward(self, *rows: Any) -> Any:
        """[T, B] rows in the order of the ports -> the loss and its parts, scalars."""
        result = self.objective(rows)
        return result.loss, result.policy, result.value, result.entropy

    def objective(self, rows: tuple[Any, ...], clip: float | None = None) -> Objective:
        """The loss and its parts, from rows in the order of the ports; with `clip`, PPO's."""
        step_type, advantage, returns, log_prob, entropy, value, *old = rows
        if self.normalize_advantages:
            advantage = normalize_advantage(advantage, valid_entries(step_type))
        return actor_critic_objective(
            Predictions(log_prob, value, entropy),
            Targets(
                average_weights(step_type, over_all=self.average_over_all),
                combine_rewards(advantage),
                returns,
                *old,
            ),
            Weighting(
                clip=clip,
                value=current(self.value_weight),
                entropy=current(self.entropy_weight),
                value_error=self.value_error,
            ),
        )


class PPOLoss(ActorCriticLoss):
    """PPO's clipped surrogate, with value error and entropy.

    Details:
        - Advantages are normalised per mini-batch, over its valid entries.
        - Values are not clipped.

    Attributes:
        clip: how far the probability ratio may gain from 1.

    Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7 and 9.
    """

    clip: Annotated[float, Field(gt=0.0)] | Annealing = 0.2
    normalize_advantages: bool = True

    old_log_prob = In("float32[T, *batch]", role="log_prob", detach=True)
    approximate_kl = Out("float32[]", monitor=True)
    clip_fraction = Out("float32[]", monitor=True)

    def forward(self, *rows: Any) -> Any:
        """[T, M] rows in the order of the ports -> the loss and its parts, scalars."""
        result = self.objective(rows, current(self.clip))
        return (
            result.loss,
            result.policy,
            result.value,
            result.entropy,
            result.approximate_kl,
            result.clip_fraction,
        )
