"""Plain Python data as one JSON text and a list of arrays, exact to the bit and to the type."""

from __future__ import annotations

import enum
import json
import types
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers.utils import RunningMeanStd

_PLAIN = (type(None), bool, int, float, str)
_CONSTANT = (Space, EnvSpec, type, types.ModuleType, enum.Enum)


class OpaqueError(Exception):
    """Something is neither plain data nor known to be constant."""


def is_constant(value: Any) -> bool:
    """Tells whether a value cannot change while an environment runs, so that it needs no saving."""
    if isinstance(value, types.FunctionType):
        # Gymnasium's wrappers hold functions over bounds, which stay what they are.
        return value.__closure__ is None or value.__module__.startswith("gymnasium.")
    return isinstance(value, _CONSTANT)


class Packer:
    """Packs values into JSON and arrays.

    Plain values, tuples, lists, deques, dictionaries with text keys, numpy scalars, arrays and
    generators are data. An array that occurs twice is one array after unpacking, too; other
    objects that occur twice, and arrays that overlap, are refused, since copies would drift apart.

    Attributes:
        arrays: The arrays met so far.
    """

    def __init__(self) -> None:
        """Starts with no arrays."""
        self.arrays: list[npt.NDArray[Any]] = []
        # What was met is kept alive, so that no identity is given away twice.
        self._met: dict[int, Any] = {}
        self._live: list[npt.NDArray[Any]] = []
        self._places: dict[int, int] = {}

    def pack(self, value: Any, where: str = "") -> Any:
        """Turns a value into something JSON can hold, moving arrays into `arrays`.

        Args:
            value: What to pack.
            where: Its name, for the message.

        Raises:
            OpaqueError: If it holds anything else than data.
        """
        if type(value) in _PLAIN:
            return value
        if isinstance(value, np.generic) and value.dtype.kind in "biuf":
            self.arrays.append(np.array([value]))
            return {"scalar": len(self.arrays) - 1}
        if type(value) is np.ndarray and value.dtype.kind in "biuf":
            return {"array": self._place(value, where)}
        return self._pack_container(value, where)

    def _pack_container(self, value: Any, where: str) -> dict[str, Any]:
        if type(value) is tuple:  # cannot change, so it may occur twice
            return {"tuple": self._items(value, where)}
        if id(value) in self._met:
            raise OpaqueError(f"`{where}` is an object that occurs twice")
        self._met[id(value)] = value
        if isinstance(value, np.random.Generator):
            return {"generator": self.pack(value.bit_generator.state, where)}
        if type(value) is list:
            return {"list": self._items(value, where)}
        if type(value) is deque:
            return {"deque": self._items(value, where), "maxlen": value.maxlen}
        if type(value) is RunningMeanStd:
            return {"statistics": self.pack(vars(value), where)}
        if type(value) is dict and all(type(key) is str for key in value):
            return {"dict": {key: self.pack(part, f"{where}.{key}") for key, part in value.items()}}
        kind = type(value)
        raise OpaqueError(f"`{where}` is a {kind.__module__}.{kind.__qualname__}")

    def _items(self, values: Iterable[Any], where: str) -> list[Any]:
        return [self.pack(value, f"{where}.{index}") for index, value in enumerate(values)]

    def _place(self, array: npt.NDArray[Any], where: str) -> int:
        if id(array) not in self._places:
            if any(np.may_share_memory(array, other) for other in self._live):
                raise OpaqueError(f"`{where}` overlaps another array")
            self._live.append(array)
            self._places[id(array)] = len(self.arrays)
            self.arrays.append(array.copy())
        return self._places[id(array)]


def unpack(packed: Any, arrays: list[npt.NDArray[Any]]) -> Any:
    """Gives back what `Packer.pack` was given.

    Args:
        packed: What it returned.
        arrays: Its arrays; they become part of the result.
    """
    if type(packed) in _PLAIN:
        return packed
    kind = next(iter(packed))
    return _UNPACK[kind](packed, arrays)


def _unpack_all(values: Iterable[Any], arrays: list[npt.NDArray[Any]]) -> list[Any]:
    return [unpack(value, arrays) for value in values]


def _unpack_generator(packed: Any, arrays: list[npt.NDArray[Any]]) -> np.random.Generator:
    state = unpack(packed["generator"], arrays)
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)


def _unpack_statistics(packed: Any, arrays: list[npt.NDArray[Any]]) -> RunningMeanStd:
    statistics = RunningMeanStd.__new__(RunningMeanStd)
    vars(statistics).update(unpack(packed["statistics"], arrays))
    return statistics


_UNPACK: dict[str, Callable[[Any, list[npt.NDArray[Any]]], Any]] = {
    "scalar": lambda packed, arrays: arrays[packed["scalar"]][0],
    "array": lambda packed, arrays: arrays[packed["array"]],
    "generator": _unpack_generator,
    "statistics": _unpack_statistics,
    "tuple": lambda packed, arrays: tuple(_unpack_all(packed["tuple"], arrays)),
    "list": lambda packed, arrays: _unpack_all(packed["list"], arrays),
    "deque": lambda packed, arrays: deque(_unpack_all(packed["deque"], arrays), packed["maxlen"]),
    "dict": lambda packed, arrays: {
        key: unpack(value, arrays) for key, value in packed["dict"].items()
    },
}


def to_state(value: Any) -> dict[str, Any]:
    """Packs a value into `{"plain": text, "arrays": {"0": array, ...}}`.

    Raises:
        OpaqueError: If it holds anything else than data.
    """
    packer = Packer()
    plain = json.dumps(packer.pack(value))
    return {
        "plain": plain,
        "arrays": {str(index): array for index, array in enumerate(packer.arrays)},
    }


def from_state(state: dict[str, Any]) -> Any:
    """Gives back what `to_state` was given, in memory of its own."""
    arrays = [np.array(state["arrays"][str(index)]) for index in range(len(state["arrays"]))]
    return unpack(json.loads(state["plain"]), arrays)
