"""Noise on continuous actions, within their bounds."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.annealing import Annealing, current
from alfgraph.components.networks.action_bounds import action_interval
from alfgraph.distributions.intervals import Interval
from alfgraph.families import Exploration
from alfgraph.ports import In, Out
from alfgraph.specs import Spec

Deviation = Annotated[float, Field(ge=0.0)] | Annealing


class ActionNoise(Exploration):
    """What a deterministic policy explores with: an action near the one given."""

    action = In("action[*batch]", role="action")
    noisy = Out("action[*batch]", role="action")


class GaussianNoise(ActionNoise):
    """Adds normal noise, independent in every dimension and step; the bounds are kept.

    `std` and `clip` are in units of half the range of the action: an action in [-2, 2] with std 0.1
    gets noise of deviation 0.2.

    Attributes:
        std: standard deviation, a number or an annealing.
        clip: largest noise; None: not limited.

    Source: Fujimoto et al. 2018, arXiv:1802.09477, Algorithm 1 (both uses: exploration, and
        smoothing of the target policy).
    """

    std: Deviation = 0.1
    clip: Annotated[float, Field(gt=0.0)] | None = None

    def build(self, action: Spec) -> nn.Module:
        """[*batch, *a] float32 action -> the same with noise."""
        interval = action_interval(action, "GaussianNoise")
        return _Gaussian(interval, current(self.std), self.clip)


class _Gaussian(nn.Module):
    """Noise in the unit interval; `std` is written by the run where it is annealed."""

    def __init__(self, interval: Interval, std: float, clip: float | None) -> None:
        super().__init__()
        self.interval = interval
        self.std = std
        self.clip = clip

    def forward(self, action: Tensor) -> Tensor:
        noise = torch.randn_like(action) * self.std
        if self.clip is not None:
            noise = noise.clamp(-self.clip, self.clip)
        unit = self.interval.to_unit(action.detach()) + noise
        return self.interval.from_unit(unit.clamp(-1.0, 1.0))
