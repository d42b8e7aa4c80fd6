"""Gymnasium spaces to specs and back."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.dims import DTYPES, Bound, Symbol
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec

BITS_OF_A_BYTE = 8
MOST_CHOICES = 2.0**62
"""More are a Box: numpy cannot count them."""


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
            fields = [(_key(key, where), inner) for key, inner in space.spaces.items()]
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


def _key(key: object, where: str) -> str:
    if isinstance(key, str) and '"' not in key:
        return key
    raise WiringError(
        f"{where} has a Dict space with the key {key!r}, and fields are named by strings",
        code="E307",
        help="wrap the environment so that the keys are names",
    )


def _box(space: spaces.Box) -> TensorSpec:
    dtype = "float32" if space.dtype == np.float64 else str(space.dtype)
    spec = TensorSpec(dtype=dtype, sample=_shape(space))
    if dtype == "bool" or _is_whole_range(space, dtype):
        return spec
    bounds = {"low": _bound(space.low, dtype), "high": _bound(space.high, dtype)}
    return spec.model_copy(update=bounds)


def _is_whole_range(space: spaces.Box, dtype: str) -> bool:
    """An integer Box without bounds has those of its dtype; those of a byte mean something."""
    if not dtype.startswith(("int", "uint")) or np.iinfo(dtype).bits <= BITS_OF_A_BYTE:
        return False
    limits = np.iinfo(dtype)
    return bool(np.all(space.low == limits.min) and np.all(space.high == limits.max))


def _bound(values: np.ndarray[Any, Any], dtype: str) -> Bound:
    if dtype.startswith("float"):
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            rounded = values.reshape(-1).astype(dtype)  # as the observations will be
        numbers: list[float] = [float(value) for value in rounded.tolist()]
    else:
        numbers = [int(value) for value in values.reshape(-1).tolist()]
    if not numbers:
        return 0
    return numbers[0] if len(set(numbers)) == 1 else tuple(numbers)


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
    if isinstance(spec, RecordSpec):  # a plain dict would be sorted by name
        return spaces.Dict(OrderedDict((k, space_of_spec(field)) for k, field in spec.fields))
    if not isinstance(spec, TensorSpec) or not _has_space(spec):
        raise WiringError(
            f"`{spec}` describes no Gymnasium space",
            code="E307",
            help="a space has a dtype of numpy's and sizes in numbers",
        )
    shape = tuple(d for d in spec.sample if isinstance(d, int))
    dtype = np.dtype(spec.dtype)
    if spec.dtype == "int8" and (spec.low, spec.high) == (0, 1) and shape:
        return spaces.MultiBinary(shape if len(shape) > 1 else shape[0])
    low, high = _limits(dtype)
    if spec.is_bounded:
        low, high = _array(spec.low, shape, dtype), _array(spec.high, shape, dtype)
        counted = dtype == np.int64 and high.size > 0
        if counted and float(np.max(high.astype(float) - low)) < MOST_CHOICES:
            if not shape:
                return spaces.Discrete(int(high) - int(low) + 1, start=int(low))
            return spaces.MultiDiscrete(high - low + 1, start=low)
    return spaces.Box(
        _array(low, shape, dtype), _array(high, shape, dtype), shape=shape, dtype=dtype.type
    )


def _has_space(spec: TensorSpec) -> bool:
    bounds = (spec.low, spec.high)
    symbols = any(isinstance(value, Symbol) for value in (*spec.sample, *bounds))
    numpy_knows = spec.dtype in DTYPES and spec.dtype != "bfloat16"
    return numpy_knows and not symbols and all(isinstance(d, int) for d in spec.sample)


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype == np.bool_:
        return 0, 1
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return -np.inf, np.inf


def _array(bound: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    values = np.asarray(bound, dtype=dtype)
    return values.reshape(shape) if values.size > 1 else np.broadcast_to(values, shape).copy()
