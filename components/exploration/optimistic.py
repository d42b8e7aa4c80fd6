"""OptimisticExploration: a policy moved to where the critics disagree upwards."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.distributions import Normal, SquashedNormal
from alfgraph.families.learning import Exploration
from alfgraph.families.network import ActionValueFunction
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.wires import Distribution


class OptimisticExploration(Exploration):
    """Shifts the mean of a normal policy along the gradient of an upper bound of its value.

    `Q_UB = mean Q + β std Q` over the critics; the mean moves by
    `shift Σ∇Q_UB / sqrt(∇Q_UB' Σ ∇Q_UB)`, where Σ is the policy's variance: as far as a KL
    divergence of shift² / 2 allows. Mean, variance and gradient are those before tanh.

    Attributes:
        beta: β, how many standard deviations the bound lies above the mean.
        shift: √2δ of the paper.

    Source: Ciosek et al. 2019, arXiv:1910.12807, eq. 5 to 7 and appendix F (4.66 and 6.86).
    """

    deterministic = True

    beta: float = 4.66
    shift: Annotated[float, Field(ge=0.0)] = 6.86

    policy = In(Distribution, "action[*batch]")
    observation = In("observation[*batch]", role="observation")
    critics = In(ActionValueFunction)
    shifted = Out(Distribution, "action[*batch]")

    def forward(self, policy: Normal | SquashedNormal, observation: Any, critics: Any) -> Any:
        """A normal policy over [*batch] actions -> the same family, its mean shifted."""
        mean, std = (tensor.detach() for tensor in policy.tensors)
        gradient = self._gradient(policy, mean, std, observation, critics)
        direction = std.square() * gradient
        length = (direction * gradient).flatten(mean.dim() - policy.event_ndim).sum(-1).sqrt()
        length = length.reshape(*length.shape, *(1,) * (mean.dim() - length.dim()))
        return policy.like(mean + self.shift * direction / length.clamp_min(1e-6), std)

    def _gradient(
        self, policy: Any, mean: Tensor, std: Tensor, observation: Any, critics: Any
    ) -> Tensor:
        """D Q_UB / d mean, of the shape of the mean."""
        with torch.enable_grad():
            mean = mean.clone().requires_grad_()
            values = critics(observation, policy.like(mean, std).mode())
            mean_value = values.mean(-1, keepdim=True)
            # Where all agree the root has no gradient; a tiny number under it makes it 0.
            deviation = ((values - mean_value).square().mean(-1) + 1e-12).sqrt()
            bound = mean_value.squeeze(-1) + self.beta * deviation
            (gradient,) = torch.autograd.grad(bound.sum(), mean)
        return gradient
