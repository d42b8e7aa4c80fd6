"""Affine maps between a unit interval and the bounds of an action."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor

from alfgraph.distributions.tensor_distribution import event_size

Bound: TypeAlias = float | Sequence[Any] | Tensor
"""A bound: one number for all elements, or nested sequences or a tensor `[*event]`."""


class Interval:
    """The map from `[origin, 1]` to `[low, high]`, element by element.

    Bounds that are equal in all elements are kept as numbers, which every device shares and whose
    kernels are cheaper; others as float32 tensors `[*event]`, moved to where they are used.
    """

    __slots__ = (
        "_exact",
        "_home",
        "_log_scale",
        "_numbers",
        "_tensors",
        "_uniform",
        "high",
        "low",
        "origin",
    )

    def __init__(self, low: Bound, high: Bound, origin: float) -> None:
        """Fix the map.

        Args:
            low: Lower bound of the actions, finite.
            high: Upper bound of the actions, finite, above `low` in every element.
            origin: Lower end of the unit interval: -1 for tanh, 0 for a beta variable.

        Raises:
            ValueError: A bound is not finite, or `low` is not below `high`.
        """
        lows, highs = _double(low), _double(high)
        lows, highs = lows + 0.0 * highs, highs + 0.0 * lows
        if not bool(torch.isfinite(lows).all() and torch.isfinite(highs).all()):
            raise ValueError(
                f"a bounded distribution needs finite bounds, got low={low}, high={high}; "
                f"use a Normal head for an action without bounds, or rescale the action."
            )
        if not bool((lows < highs).all()):
            raise ValueError(f"low must lie below high in every element, got {low} and {high}.")
        if bool((lows.min() == lows.max()) & (highs.min() == highs.max())):
            lows, highs = lows.flatten()[0], highs.flatten()[0]
        self.low: Any = lows.tolist()
        self.high: Any = highs.tolist()
        self.origin = origin
        scale = (highs - lows) / (1.0 - origin)
        offset = lows - origin * scale
        self._log_scale: float = scale.log().sum().item()
        lows, highs, scale, offset = lows.float(), highs.float(), scale.float(), offset.float()
        # Rounding may carry a saturated action past its bound by one float; then it is clamped.
        inside = (offset + scale <= highs) & (offset + origin * scale >= lows)
        self._exact = bool(inside.all())
        self._uniform = lows.ndim == 0
        self._numbers = (scale.item(), offset.item()) if self._uniform else (1.0, 0.0)
        self._home = self._tensors = (scale, offset, lows, highs)

    def from_unit(self, unit: Tensor) -> Tensor:
        """Map `[*batch, *event]` from `[origin, 1]` to `[low, high]`."""
        if self._uniform:
            scale, offset = self._numbers
            action = unit if scale == 1.0 else unit * scale
            action = action if offset == 0.0 else action + offset
            return action if self._exact else action.clamp(self.low, self.high)
        scales, offsets, lows, highs = self._tensors_on(unit)
        action = torch.addcmul(offsets, unit, scales)
        return action if self._exact else action.clamp(lows, highs)

    def to_unit(self, action: Tensor) -> Tensor:
        """Map `[*batch, *event]` from `[low, high]` to `[origin, 1]`."""
        if self._uniform:
            scale, offset = self._numbers
            unit = action if offset == 0.0 else action - offset
            return unit if scale == 1.0 else unit / scale
        scales, offsets, _, _ = self._tensors_on(action)
        return (action - offsets) / scales

    def log_volume(self, values: Tensor, event_ndim: int) -> float:
        """Sum of log |d action / d unit| over one event of `values`, `[*batch, *event]`."""
        if self._uniform:
            return self._log_scale * event_size(values, event_ndim)
        return self._log_scale

    def refuse_other(self, other: "Interval") -> None:
        """Refuse a divergence between actions with different bounds: it would be infinite.

        Raises:
            TypeError: The bounds differ.
        """
        if self is not other and (self.low, self.high) != (other.low, other.high):
            raise TypeError(
                f"KL needs two distributions with the same bounds, got [{self.low}, {self.high}] "
                f"and [{other.low}, {other.high}]; give both policies the same action."
            )

    def _tensors_on(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scale, offset, low and high on the device of `values`; moved once."""
        if self._tensors[0].device != values.device:
            scale, offset, lows, highs = self._home
            device = values.device
            self._tensors = (
                scale.to(device),
                offset.to(device),
                lows.to(device),
                highs.to(device),
            )
        return self._tensors


def _double(bound: Bound) -> Tensor:
    return torch.as_tensor(bound, dtype=torch.float64, device="cpu")
