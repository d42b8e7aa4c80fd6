"""Random actions, drawn from an action's spec: what a run collects with before it learns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec

Draw = Callable[[], Any]


def random_actions(spec: Spec, batch: tuple[int, ...], device: str) -> Draw:
    """Make what draws one action for every environment.

    Args:
        spec: sample spec of the action. Discrete and bounded ones are uniform, unbounded ones
            standard normal.
        batch: leading axes.
        device: where the tensors go.

    Returns:
        A function without arguments; it uses torch's global generator.
    """
    if isinstance(spec, RecordSpec):
        parts = {name: random_actions(field, batch, device) for name, field in spec.fields}
        return lambda: {name: draw() for name, draw in parts.items()}
    assert isinstance(spec, TensorSpec)
    shape = tuple(int(d) for d in spec.sample if isinstance(d, int))
    ends = (0, 1) if spec.dtype == "bool" else (-math.inf, math.inf)
    low = _bound(spec.low, ends[0], shape)
    high = _bound(spec.high, ends[1], shape)
    dtype: torch.dtype = getattr(torch, spec.dtype)
    if spec.is_discrete:
        high = high + 1.0  # every number up to the bound has its share
    bounded = (low.isfinite() & high.isfinite()).to(device)
    start = torch.where(bounded, low.to(device), 0.0)
    width = torch.where(bounded, (high - low).to(device), 1.0)
    bounded_everywhere = bool(bounded.all())

    def draw() -> Tensor:
        uniform = torch.rand((*batch, *shape), device=device, dtype=torch.float64)
        values = start + width * uniform
        if not bounded_everywhere:
            values = torch.where(bounded, values, torch.randn_like(values))
        return (values.floor() if spec.is_discrete else values).to(dtype)

    return draw


def _bound(bound: Any, missing: float, shape: tuple[int, ...]) -> Tensor:
    """A bound as [*shape] float64."""
    value = missing if bound is None else bound
    tensor = torch.as_tensor(value, dtype=torch.float64)
    return tensor.expand(shape) if tensor.ndim == 0 else tensor.reshape(shape)
