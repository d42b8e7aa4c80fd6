"""Draw small random values of solved specs: what the trial run feeds to users' code."""

from __future__ import annotations

import math
from typing import Any

import torch

from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import TensorSpec


def draw_tensor(spec: TensorSpec, shape: tuple[int, ...]) -> torch.Tensor:
    """A random tensor within a spec's bounds."""
    dtype: torch.dtype = getattr(torch, spec.dtype)
    if dtype == torch.bool:
        return torch.randint(2, shape).bool()
    low, high = (_first(spec.low), _first(spec.high)) if spec.is_bounded else (None, None)
    if not dtype.is_floating_point:
        start, end = (0, 2) if low is None or high is None else (int(low), int(high) + 1)
        return torch.randint(start, max(end, start + 1), shape).to(dtype)
    value = torch.randn(shape)
    if low is not None and high is not None:
        value = value.clamp(max(low, -1e6), min(high, 1e6))
    return value.to(dtype)


def _first(bound: Any) -> float:
    value = bound[0] if isinstance(bound, tuple) else bound
    return 0.0 if isinstance(value, Symbol) else float(value)


def resampled(example: Any, batch: tuple[int, ...], event_batch: int) -> Any:
    """A distribution like the example with other leading axes, its rows drawn from it."""
    count = math.prod(batch)

    def redraw(tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.reshape(-1, *tensor.shape[event_batch:])
        index = torch.arange(count) % flat.shape[0]
        return flat[index].reshape(*batch, *flat.shape[1:])

    return example.like(*(redraw(tensor) for tensor in example.tensors))
