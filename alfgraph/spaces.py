"""Gymnasium spaces to specs and back."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from alfgraph.errors import WiringError
from alfgraph.specs import Bound, RecordSpec, Spec, TensorSpec


def spec_of_space(space: gym.Space[Any], where: str = "the environment") -> Spec:
    """The sample spec of a space: float64 becomes float32, trees become records.

    Args:
        space: Box, Discrete (any start), MultiDiscrete, MultiBinary, Dict or Tuple, nested.
        where: whose space it is, for the diagnostic.

    Raises:
        WiringError: E307, a space whose shape is not fixed (Text, Graph, Sequence, OneOf).
    """
    match space:
        case spaces.Box():
            return _box(space)
        case spaces.Discrete():
            start = int(space.start)
            return TensorSpec(dtype="int64", low=start, high=start + int(space.n) - 1)
        case spaces.MultiDiscrete():
            return _multi_discrete(space)
        case spaces.MultiBinary():
            return TensorSpec(dtype="int8", sample=_shape(space), low=0, high=1)
        case spaces.Dict():
            fields = space.spaces.items()
            return RecordSpec(fields=tuple((k, spec_of_space(s, where)) for k, s in fields))
        case spaces.Tuple():
            entries = enumerate(space.spaces)
            return RecordSpec(fields=tuple((str(i), spec_of_space(s, where)) for i, s in entries))
    raise WiringError(
        f"{where} has a {type(space).__name__} space, whose values have no fixed shape",
        code="E307",
        help="wrap the environment so that it gives Box, Discrete, MultiDiscrete, MultiBinary, "
        "Dict or Tuple",
    )


def _shape(space: gym.Space[Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in space.shape or ())


def _box(space: spaces.Box) -> TensorSpec:
    dtype = "float32" if space.dtype == np.float64 else str(space.dtype)
    return TensorSpec(
        dtype=dtype,
        sample=_shape(space),
        low=_bound(space.low, dtype),
        high=_bound(space.high, dtype),
    )


def _bound(values: np.ndarray[Any, Any], dtype: str) -> Bound:
    numbers = values.reshape(-1).tolist()
    whole = not dtype.startswith("float")
    numbers = [int(v) if whole else float(v) for v in numbers]
    if not numbers:
        return 0
    if len(set(numbers)) == 1:
        first: Bound = numbers[0]
        return first
    return tuple(numbers)


def _multi_discrete(space: spaces.MultiDiscrete) -> TensorSpec:
    start = np.broadcast_to(getattr(space, "start", 0), space.nvec.shape)
    return TensorSpec(
        dtype="int64",
        sample=_shape(space),
        low=_bound(start, "int64"),
        high=_bound(start + space.nvec - 1, "int64"),
    )


def space_of_spec(spec: Spec) -> gym.Space[Any]:
    """The space a sample spec describes; the inverse of `spec_of_space` up to float64.

    Raises:
        WiringError: E307, the spec has unknowns or is no tensor tree.
    """
    if isinstance(spec, RecordSpec):
        return spaces.Dict({name: space_of_spec(field) for name, field in spec.fields})
    if not isinstance(spec, TensorSpec) or not all(isinstance(d, int) for d in spec.sample):
        raise WiringError(f"`{spec}` describes no Gymnasium space", code="E307")
    shape = tuple(d for d in spec.sample if isinstance(d, int))
    if spec.is_discrete and spec.is_bounded and spec.dtype == "int64":
        low, high = _array(spec.low, shape), _array(spec.high, shape)
        if not shape:
            return spaces.Discrete(int(high) - int(low) + 1, start=int(low))
        return spaces.MultiDiscrete(high - low + 1, start=low)
    if spec.dtype == "int8" and (spec.low, spec.high) == (0, 1):
        return spaces.MultiBinary(shape)
    dtype = np.dtype(spec.dtype)
    low = _array(-math.inf if spec.low is None else spec.low, shape, dtype)
    high = _array(math.inf if spec.high is None else spec.high, shape, dtype)
    return spaces.Box(low, high, shape=shape, dtype=dtype.type)


def _array(bound: Any, shape: tuple[int, ...], dtype: Any = np.int64) -> Any:
    values = np.asarray(bound, dtype=dtype)
    return values.reshape(shape) if values.size > 1 else np.broadcast_to(values, shape).copy()
