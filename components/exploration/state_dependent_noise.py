"""StateDependentNoise: exploration that is a smooth function of the state, for some steps."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.distributions import Normal, SquashedNormal
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Exploration
from alfgraph.wiring.ports import In, Out, State
from alfgraph.wiring.wires import Distribution


class StateDependentNoise(Exploration):
    """gSDE: the mean moved by `z(s)ᵀ θ`, where θ ~ N(0, σ²) is kept for some steps.

    The actor gives the features z and the deviations σ; over many θ its policy is exactly the
    distribution of the actions.

    Attributes:
        interval: environment steps for which θ is kept.
        scale: multiplies the noise; a number or an annealing.

    Source: Raffin et al. 2021, arXiv:2005.05719, section 3.
    """

    interval: Annotated[int, Field(ge=1)] = 64
    scale: Annotated[float, Field(ge=0.0)] | Annealing = 1.0

    policy = In(Distribution, "action[*batch]")
    features = In("float32[*batch, w]")
    deviation = In("float32[w, a]")
    action = Out("action[*batch]", role="action")
    directions = State("float32[*batch, w, a]")
    age = State("float32[*batch]")

    def forward(
        self,
        policy: Normal | SquashedNormal,
        features: Tensor,
        deviation: Tensor,
        directions: Tensor,
        age: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Policy, [B, w] z, [w, a] σ and registers -> [B, a] action, [B, w, a], [B], float32."""
        due = age % self.interval == 0
        if bool(due.any()):
            fresh = torch.randn_like(directions)
            directions = torch.where(due[:, None, None], fresh, directions)
        theta = directions * (deviation.detach() * current(self.scale))
        noise = torch.bmm(features.detach().unsqueeze(1), theta).squeeze(1)
        mean, std = (tensor.detach() for tensor in policy.tensors)
        return policy.like(mean + noise.view_as(mean), std).mode(), directions, age + 1.0
