"""CategoricalLoss: the cross-entropy of predicted distributions against target distributions."""

from __future__ import annotations

import torch
from torch import Tensor

from alfgraph.components.losses.averages import average_weights, weighted_sum
from alfgraph.families.learning import Loss
from alfgraph.wiring.ports import In, Out


class CategoricalLoss(Loss):
    """The mean cross-entropy over transitions that do not start at LAST.

    Details:
        - `weight` multiplies each transition's loss; the divisor is the number of valid ones.
        - `distance` is the Kullback-Leibler divergence of the prediction from the target, what
          Rainbow's priorities are made of.

    Attributes:
        average_over_all: divide by the number of all entries, as ALF does.

    Source: Bellemare et al. 2017, arXiv:1707.06887, Algorithm 1; distance: Hessel et al. 2018,
        arXiv:1710.02298, section "The integrated agent".
    """

    average_over_all: bool = False

    step_type = In("int32[T, *batch]", role="step_type")
    logits = In("float32[T, *batch, k]")
    target = In("float32[T, *batch, k]", detach=True)
    weight = In("float32[T, *batch]", detach=True, optional=True)
    loss = Out("float32[]", role="loss")
    distance = Out("float32[T, *batch]")

    def forward(
        self, step_type: Tensor, logits: Tensor, target: Tensor, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """[T, M] step types, [T, M, k] logits and probabilities -> loss, and [T, M] distance."""
        cross_entropy = -(target * logits.log_softmax(-1)).sum(-1)
        weights = average_weights(
            step_type, over_all=self.average_over_all, importance_weight=weight
        )
        distance = cross_entropy.detach() + torch.xlogy(target, target).sum(-1)
        return weighted_sum(cross_entropy, weights), distance
