"""QuantileLoss: quantile regression towards the one-step target of every quantile."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.components.losses.averages import average_weights, weighted_sum
from alfgraph.components.losses.td_loss import one_step_target
from alfgraph.families.learning import Loss
from alfgraph.wiring.ports import In, Out


def quantile_huber(quantiles: Tensor, target: Tensor, kappa: float) -> Tensor:
    """Return `sum_i mean_j |τ_i - 1{u_ij < 0}| L_κ(u_ij)`, u_ij = target_j - quantile_i.

    Args:
        quantiles: `[*batch, k] float32`, estimates of the quantiles τ_i = (2i - 1) / 2k.
        target: `[*batch, j] float32`, equally likely samples of the distribution to match.
        kappa: the Huber loss L is linear beyond this distance.

    Returns:
        `[*batch] float32`.

    Source: Dabney et al. 2018, arXiv:1710.10044, eq. 9 and 10, and Algorithm 1.
    """
    count = quantiles.shape[-1]
    tau = (torch.arange(count, device=quantiles.device) + 0.5) / count
    error = target.unsqueeze(-2) - quantiles.unsqueeze(-1)
    size = error.abs()
    near = size.clamp(max=kappa)
    huber = near * (size - 0.5 * near)
    asymmetry = (tau.unsqueeze(-1) - (error.detach() < 0).to(tau.dtype)).abs()
    return (asymmetry * huber).mean(-1).sum(-1)


class QuantileLoss(Loss):
    """The mean quantile Huber loss against `r + γ d θ'`, over transitions not starting at LAST.

    Details:
        - `weight` multiplies each transition's loss; the divisor is the number of valid ones.
        - `quantiles` may come from an ensemble, on the last axis; its members' losses are summed.
        - `distance` is that between the means of the quantiles and of their targets.

    Attributes:
        gamma: γ.
        kappa: κ, the distance from which errors count linearly.
        average_over_all: divide by the number of all entries, as ALF does.

    Source: Dabney et al. 2018, arXiv:1710.10044, Algorithm 1.
    """

    gamma: Annotated[float, Field(ge=0.0, le=1.0)] = 0.99
    kappa: Annotated[float, Field(gt=0.0)] = 1.0
    average_over_all: bool = False

    step_type = In("int32[T+1, *batch]", role="step_type")
    reward = In("float32[T+1, *batch]", role="reward")
    discount = In("float32[T+1, *batch]", role="discount")
    quantiles = In("float32[T, *batch, k, *e]")
    next_quantiles = In("float32[T, *batch, j]", detach=True)
    weight = In("float32[T, *batch]", detach=True, optional=True)
    loss = Out("float32[]", role="loss")
    mean_value = Out("float32[]", monitor=True)
    distance = Out("float32[T, *batch]")

    def forward(
        self,
        step_type: Tensor,
        reward: Tensor,
        discount: Tensor,
        quantiles: Tensor,
        next_quantiles: Tensor,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[T+1, M] steps, [T, M, k, *e] quantiles -> loss, mean value, and [T, M] distance."""
        target = one_step_target(
            reward[1:].unsqueeze(-1), discount[1:].unsqueeze(-1), next_quantiles, self.gamma
        )
        weights = average_weights(
            step_type[:-1], over_all=self.average_over_all, importance_weight=weight
        )
        of_one = quantiles.dim() == target.dim()
        members = quantiles.unsqueeze(-1) if of_one else quantiles
        rows = quantile_huber(members.movedim(-1, 0), target, self.kappa).sum(0)
        loss = weighted_sum(rows, weights)
        value = members.detach().mean((-2, -1))
        return loss, value.mean(), (target.mean(-1) - value).abs()
