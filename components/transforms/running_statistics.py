"""Mean and variance of what flows past, updated batch by batch; what normalizers are built of."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.wiring.setting_group import SettingGroup

EPSILON = 1e-8


class Averaging(SettingGroup):
    """How fast the past is forgotten.

    Attributes:
        mode: "running": all samples count the same. "adaptive": update t of T weighs
            (t/T)^(speed-1), so the first ones fade and the average still settles.
            "exponential": update t weighs (1-rate)^(T-t).
        speed: of "adaptive".
        rate: of "exponential".
    """

    mode: Literal["running", "adaptive", "exponential"] = "running"
    speed: Annotated[float, Field(ge=1.0)] = 8.0
    rate: Annotated[float, Field(gt=0.0, le=1.0)] = 1e-4

    def weight(self, count: Any, samples: int) -> Any:
        """Weight of a new batch against everything before; 1 for the first.

        Args:
            count: `[] float64`, samples ("running") or updates (else) so far.
            samples: in the new batch.

        Source: "adaptive" is `AdaptiveAverager`, "exponential" `EMAverager` of ALF's
            `alf/utils/averager.py`.
        """
        if self.mode == "running":
            return samples / (count + samples)
        if self.mode == "adaptive":
            return self.speed / (count + max(self.speed, 1.0))
        return self.rate / (1.0 - (1.0 - self.rate) ** (count + 1.0))

    def counted(self, samples: int) -> int:
        """How far a batch moves the count."""
        return samples if self.mode == "running" else 1


class RunningStatistics(nn.Module):
    """Mean and variance per element, and what normalizes by them: `(x - shift) * scale`.

    The moments are float64, so that millions of samples add up; what is applied is float32.
    Before the first update it changes nothing.
    """

    count: Tensor
    mean: Tensor
    variance: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        averaging: Averaging,
        *,
        center: bool = True,
        epsilon: float = EPSILON,
    ) -> None:
        """Begin without samples.

        Args:
            shape: of one sample.
            averaging: how batches are weighed.
            center: whether the mean is subtracted.
            epsilon: added to the variance.
        """
        super().__init__()
        self.shape = shape
        self.averaging = averaging
        self.center = center
        self.epsilon = epsilon
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("variance", torch.zeros(shape, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(shape))
        self.register_buffer("scale", torch.ones(shape))

    @torch.no_grad()
    def observe(self, samples: Tensor) -> None:
        """Take a batch into account.

        Args:
            samples: `[*leading, *shape]`, at least one.
        """
        number = samples.numel() // math.prod(self.shape)
        if numpy_can_view(samples) and not self.count.is_cuda:
            flat = samples.detach().numpy().reshape(number, *self.shape)
            mean = flat.mean(0, dtype="float64")
            variance = ((flat - mean) ** 2).mean(0)
            self._merge(number, mean, variance, [b.numpy() for b in self.buffers()])
            return
        wide = samples.detach().reshape(number, *self.shape).double()
        spread, middle = torch.var_mean(wide, 0, correction=0)
        self._merge(number, middle, spread, list(self.buffers()))

    def _merge(self, number: int, mean: Any, variance: Any, moments: list[Any]) -> None:
        """Mix a batch's moments in, in place; on tensors or on numpy views of them.

        Source: Chan et al. 1979, "Updating formulae and a pairwise algorithm for computing sample
            variances", eq. 2.1, with any weight.
        """
        count, old_mean, old_variance, shift, scale = moments
        weight = self.averaging.weight(count, number)
        step = mean - old_mean
        old_variance *= 1.0 - weight
        old_variance += weight * variance + weight * (1.0 - weight) * step * step
        old_mean += weight * step
        count += self.averaging.counted(number)
        if self.center:
            shift[...] = old_mean
        scale[...] = (old_variance + self.epsilon) ** -0.5

    def forward(self, values: Tensor) -> Tensor:
        """Normalize.

        Args:
            values: `[*batch, *shape] float32`.
        """
        centered = values - self.shift if self.center else values
        return centered * self.scale
