"""What differs between two nests of tensors, arrays and numbers, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


def differences(
    one: object, other: object, path: str, but: Collection[str] = frozenset()
) -> list[str]:
    """A line for everything that differs; tensors, arrays and numbers are compared bit for bit.

    Args:
        one: a nest of dicts, lists and tuples.
        other: another.
        path: what to call the whole.
        but: keys that are not looked at.
    """
    if type(one) is not type(other):
        return [f"{path}: {type(one).__name__} and {type(other).__name__}"]
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [k for k in dict.fromkeys((*one, *other)) if k not in but]
        missing = [f"{path}/{k}: only in one" for k in keys if (k in one) != (k in other)]
        both = (k for k in keys if k in one and k in other)
        inner = (differences(one[k], other[k], f"{path}/{k}", but) for k in both)
        return missing + [line for lines in inner for line in lines]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return [f"{path}: {len(one)} and {len(other)} entries"]
        pairs = enumerate(zip(one, other, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{path}/{i}", but)]
    return [] if _same(one, other) else [f"{path}: {_short(one)} and {_short(other)}"]


def copied(value: Any, of: Callable[[Tensor], Tensor] = torch.clone) -> Any:
    """A nest with copies of its tensors."""
    if isinstance(value, Mapping):
        return {name: copied(part, of) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(copied(part, of) for part in value)
    return of(value) if isinstance(value, Tensor) else value


def _same(one: object, other: object) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        one, other = one.detach().cpu().numpy(), other.detach().cpu().numpy()
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        alike = one.dtype == other.dtype and one.shape == other.shape
        return bool(alike and one.tobytes() == other.tobytes())
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def _short(value: object) -> str:
    return repr(value).replace("\n", " ")[:60]
