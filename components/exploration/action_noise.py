"""Noise on continuous actions, within their bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.actions.bounds import action_interval
from alfgraph.distributions.intervals import Interval
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Exploration
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.ports import In, Out, State

Deviation = Annotated[float, Field(ge=0.0)] | Annealing


class ActionNoise(Exploration):
    """What a deterministic policy explores with: an action near the one given."""

    action = In("action[*batch]", role="action")
    step_type = In("int32[*batch]", role="step_type", optional=True)
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

    def forward(self, action: Tensor, step_type: Tensor | None = None) -> Tensor:
        del step_type  # every step is a beginning
        noise = torch.randn_like(action) * self.std
        if self.clip is not None:
            noise = noise.clamp(-self.clip, self.clip)
        unit = self.interval.to_unit(action.detach()) + noise
        return self.interval.from_unit(unit.clamp(-1.0, 1.0))


class OrnsteinUhlenbeckNoise(ActionNoise):
    """Adds noise that wanders about 0: `n ← (1 - θ) n + std N(0, 1)`, from 0 in every episode.

    Numbers are in units of half the range of the action, as those of `GaussianNoise`.

    Attributes:
        theta: θ, how much of the noise is forgotten in a step.
        std: deviation of what is added in a step, a number or an annealing.

    Source: Lillicrap et al. 2016, arXiv:1509.02971, section 7 (0.15 and 0.2); ALF, `OUProcess`.
    """

    theta: Annotated[float, Field(gt=0.0, le=1.0)] = 0.15
    std: Deviation = 0.2

    noise = State("float32[*batch, *a]")

    def derive(self, action: Spec) -> Mapping[str, Any]:
        """The noise has the action's shape."""
        return {"*a": action.sample if isinstance(action, TensorSpec) else ()}

    def build(self, action: Spec) -> nn.Module:
        """[B, *a] float32 action and noise -> the action with noise, and the noise."""
        interval = action_interval(action, "OrnsteinUhlenbeckNoise")
        return _OrnsteinUhlenbeck(interval, self.theta, current(self.std))


class _OrnsteinUhlenbeck(nn.Module):
    """The process in the unit interval; `std` is written by the run where it is annealed."""

    def __init__(self, interval: Interval, theta: float, std: float) -> None:
        super().__init__()
        self.interval = interval
        self.theta = theta
        self.std = std

    def forward(
        self, action: Tensor, step_type: Tensor | None, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        del step_type  # the register is reset by it
        noise = (1.0 - self.theta) * noise + self.std * torch.randn_like(noise)
        unit = self.interval.to_unit(action.detach()) + noise
        return self.interval.from_unit(unit.clamp(-1.0, 1.0)), noise
