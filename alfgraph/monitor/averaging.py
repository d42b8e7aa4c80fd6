"""The one number that stands for what a program logged."""

from __future__ import annotations

import torch


def mean_of(value: torch.Tensor | float) -> float:
    """The number of something logged; of several, one per environment say, their mean."""
    return float(torch.as_tensor(value).double().mean())
