"""PPOLoss: the clipped surrogate, with value error and entropy."""

from __future__ import annotations

from typing import Annotated, Any, Self

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.components.losses.actor_critic_in_numpy import ppo_in_numpy
from alfgraph.components.losses.actor_critic_loss import ActorCriticLoss
from alfgraph.components.losses.averages import weighted_sum
from alfgraph.components.losses.value_errors import ErrorKind, clipped_value_error, value_error
from alfgraph.diagnostics.errors import UsageError
from alfgraph.diagnostics.source import blames_caller
from alfgraph.families.annealing import Annealing, current
from alfgraph.wiring.component import Component, Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.wires import Wire


def ppo_loss(  # noqa: D417, PLR0913, PLR0917  (one argument for each tensor)
    weights: Tensor,
    advantage: Tensor,
    returns: Tensor,
    log_prob: Tensor,
    entropy: Tensor,
    value: Tensor,
    old_log_prob: Tensor,
    old_value: Tensor | None = None,
    *,
    clip: float,
    value_weight: float,
    entropy_weight: float,
    error: ErrorKind = "squared",
    value_clip: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return `max(-ρ A, -clip(ρ, 1 - c, 1 + c) A) + c_v (R - V)² - c_e H` and its parts; ρ = π/π'.

    Args:
        weights, advantage, returns, log_prob, entropy, value: as `actor_critic_loss` takes them.
        old_log_prob: `[T, M] float`, log π' at the time of the rollout, a constant.
        old_value: `[T, M, *r] float`, the value at rollout, a constant; None does not clip values.
        clip: c, how far from 1 the ratio still gains by moving.
        value_weight, entropy_weight, error: as `actor_critic_loss` takes them.
        value_clip: how far from `old_value` a value still gains by moving.

    Returns:
        `[] float` each: the loss, with gradient; without: policy loss, value error, entropy, the
        approximate KL divergence from the old policy (unbiased, never negative), and the share of
        ratios outside `1 ± c`.

    Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7 (there to raise, here to lower) and 9;
    KL: Schulman 2020, "Approximating KL Divergence" (joschu.net/blog/kl-approx.html), k3.
    """
    # Where the weight is 0 nothing keeps the ratio from overflowing, and inf * 0 is not 0.
    log_ratio = (log_prob - old_log_prob.detach()) * (weights != 0)
    ratio, loss_per_ratio = log_ratio.exp(), -advantage.detach()
    near = ratio.clamp(1.0 - clip, 1.0 + clip)
    policy_loss = weighted_sum((ratio * loss_per_ratio).maximum(near * loss_per_ratio), weights)
    if old_value is None:
        value_errors = value_error(value, returns, error)
    else:
        value_errors = clipped_value_error(value, returns, old_value, value_clip, error)
    value_loss = weighted_sum(value_errors, weights)
    mean_entropy = weighted_sum(entropy, weights)
    loss = policy_loss + value_weight * value_loss
    if entropy_weight:  # times 0 would still reach the parameters, with zeros
        loss = loss - entropy_weight * mean_entropy
    parts = policy_loss.detach(), value_loss.detach(), mean_entropy.detach()
    return loss, *parts, *_moved(log_ratio.detach(), weights, clip)


def _moved(log_ratio: Tensor, weights: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """How far the policy moved: KL divergence, and share of clipped ratios."""
    excess = torch.expm1(log_ratio)
    outside = (excess.abs() > clip).to(weights)
    return weighted_sum(excess - log_ratio, weights), weighted_sum(outside, weights)


class PPOLoss(ActorCriticLoss):
    """PPO's clipped surrogate, with value error and entropy.

    Details:
        - Advantages are normalised per mini-batch, over its valid entries.
        - Values are not clipped, unless `value_clip` says so.

    Attributes:
        clip: how far the probability ratio may gain from 1.
        value_clip: how far a value may gain from that of the rollout; None does not clip.

    Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7 and 9; value clipping: Engstrom et al.
        2020, "Implementation Matters in Deep Policy Gradients", arXiv:2005.12729, section 3.
    """

    clip: Annotated[float, Field(gt=0.0)] | Annealing = 0.2
    value_clip: Annotated[float, Field(gt=0.0)] | None = None
    normalize_advantages: bool = True

    old_log_prob = In("float32[T, *batch]", role="log_prob", detach=True)
    old_value = In("float32[T, *batch, *r]", role="value", detach=True, optional=True)
    approximate_kl = Out("float32[]", monitor=True)
    clip_fraction = Out("float32[]", monitor=True)

    @blames_caller
    def __call__(
        self, *args: Wire | Record | Component | Operation, every: int = 1, **named: Any
    ) -> Self:
        """Connect `old_value` only where values are clipped: else nobody need remember it."""
        if self.value_clip is None:
            named["old_value"] = None
        new = super().__call__(*args, every=every, **named)
        application = new.application()
        if self.value_clip is not None and application and "old_value" not in application.inputs:
            refuse(
                "E102",
                f"`{self.label()}.old_value` is not connected, and `value_clip` keeps values near "
                "it",
                "pass `old_value=...`, the values at the time of the rollout, or value_clip=None",
            )
        return new

    def forward(  # type: ignore[override]  # noqa: PLR0913, PLR0917  (one argument for each port)
        self,
        step_type: Tensor,
        advantage: Tensor,
        returns: Tensor,
        log_prob: Tensor,
        entropy: Tensor,
        value: Tensor,
        old_log_prob: Tensor,
        old_value: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """[T, M] rows -> loss, policy loss, value error, entropy, KL, clip fraction; [] each."""
        if self.value_clip is None:
            old_value = None
        elif old_value is None:
            raise UsageError("PPOLoss(value_clip=...) compares with `old_value`; pass it too.")
        weights, advantage = self.weighed(step_type, advantage)
        rows = (weights, advantage, returns, log_prob, entropy, value, old_log_prob, old_value)
        return (ppo_in_numpy if numpy_can_view(*rows) else ppo_loss)(
            weights,
            advantage,
            returns,
            log_prob,
            entropy,
            value,
            old_log_prob,
            old_value,
            clip=current(self.clip),
            value_weight=current(self.value_weight),
            entropy_weight=current(self.entropy_weight),
            error=self.value_error,
            value_clip=self.value_clip or 0.0,
        )
