"""Nested states as JSON and named tensors, and back; nothing that is read can execute.

A state is a nest of dicts with string keys, lists, tuples, strings, numbers, None, torch tensors
and numpy arrays. In JSON a tensor is `{"$tensor": NAME}` and an array `{"$array": NAME}`, where
NAME is the path through the nest; what JSON lacks (tuples, NaN, infinities) is marked the same way,
and keys of the state's own that begin with `$` are written with a second one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import torch

from alfgraph.diagnostics.errors import CheckpointError

State: TypeAlias = dict[str, Any]
"""A nest as above, by name: what parts give as their state. What cannot be stored is refused."""

MARK = "$"
STORABLE = frozenset(
    {
        torch.bool,
        torch.uint8,
        torch.uint16,
        torch.uint32,
        torch.uint64,
        torch.int8,
        torch.int16,
        torch.int32,
        torch.int64,
        torch.float16,
        torch.bfloat16,
        torch.float32,
        torch.float64,
    }
)


def encode(state: Mapping[str, object]) -> tuple[State, dict[str, torch.Tensor]]:
    """Split a state into what JSON can hold and its tensors.

    Args:
        state: the nest; tensors may be views, share memory, require gradients or live on a device.

    Returns:
        The JSON structure, and the tensors by name, dense and contiguous; those that were are not
        copied, except where a second one uses the same memory.

    Raises:
        CheckpointError: if the state holds something that cannot be stored, naming where.
    """
    tensors: dict[str, torch.Tensor] = {}
    structure = {_escaped(k, ()): _encode(v, (k,), tensors) for k, v in state.items()}
    return structure, _apart(tensors)


def decode(structure: object, tensors: Mapping[str, torch.Tensor]) -> Any:
    """Put a state together again; the inverse of `encode`.

    Raises:
        ValueError: if the structure is not one that `encode` makes, or a tensor is missing.
    """
    if isinstance(structure, list):
        return [decode(item, tensors) for item in structure]
    if not isinstance(structure, dict):
        return structure
    if len(structure) == 1:
        key, value = next(iter(structure.items()))
        if key.startswith(MARK) and not key.startswith(MARK * 2):
            return _decode_marked(key, value, tensors)
    return {_unescaped(key): decode(value, tensors) for key, value in structure.items()}


def _encode(value: object, path: tuple[str, ...], tensors: dict[str, torch.Tensor]) -> object:
    if isinstance(value, Mapping):
        return {
            _escaped(key, path): _encode(item, (*path, key), tensors) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        items = [_encode(item, (*path, str(i)), tensors) for i, item in enumerate(value)]
        return {"$tuple": items} if isinstance(value, tuple) else items
    if isinstance(value, torch.Tensor):
        return {"$tensor": _store(_dense(value, path), path, tensors)}
    if isinstance(value, np.ndarray | np.generic):
        return {"$array": _store(_dense(_from_numpy(value, path), path), path, tensors)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(float(value))}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise CheckpointError(
        f"The state at '{_shown(path)}' is of type {type(value).__name__}, which a checkpoint "
        "cannot hold; return tensors, arrays, numbers, strings, lists and dicts from state()."
    )


def _decode_marked(key: str, value: object, tensors: Mapping[str, torch.Tensor]) -> object:
    if key == "$tuple" and isinstance(value, list):
        return tuple(decode(item, tensors) for item in value)
    if key == "$float" and value in ("nan", "inf", "-inf"):
        return float(value)
    if key in ("$tensor", "$array") and isinstance(value, str):
        if value not in tensors:
            raise ValueError(f"tensor '{value}' is missing")
        return tensors[value] if key == "$tensor" else tensors[value].numpy()
    raise ValueError(f"'{key}' is not a mark of this format")


def _escaped(key: object, path: tuple[str, ...]) -> str:
    if not isinstance(key, str):
        raise CheckpointError(
            f"The state at '{_shown(path)}' has the key {key!r}; keys must be strings."
        )
    return MARK + key if key.startswith(MARK) else key


def _unescaped(key: str) -> str:
    return key[1:] if key.startswith(MARK) else key


def _from_numpy(value: np.ndarray | np.generic, path: tuple[str, ...]) -> torch.Tensor:
    array = np.asarray(value)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    try:
        # Tensors can neither run backwards nor be read-only.
        plain = native if native.flags.writeable and min(native.strides, default=0) >= 0 else None
        return torch.from_numpy(native.copy() if plain is None else plain)
    except TypeError as error:
        raise _unstorable(str(array.dtype), path) from error


def _dense(value: torch.Tensor, path: tuple[str, ...]) -> torch.Tensor:
    tensor = value.detach()
    if tensor.dtype not in STORABLE or tensor.layout != torch.strided or tensor.is_meta:
        raise _unstorable(f"{tensor.dtype} ({tensor.layout}, {tensor.device})", path)
    return tensor.resolve_neg().contiguous()


def _unstorable(what: str, path: tuple[str, ...]) -> CheckpointError:
    return CheckpointError(
        f"The state at '{_shown(path)}' is {what}, which a checkpoint cannot hold; "
        "convert it to plain numbers in state()."
    )


def _store(tensor: torch.Tensor, path: tuple[str, ...], tensors: dict[str, torch.Tensor]) -> str:
    name = _shown(path)
    while name in tensors:  # {"a/b": …} beside {"a": {"b": …}}
        name += "~"
    tensors[name] = tensor
    return name


def _apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same values with no memory in common: safetensors refuses what overlaps."""
    seen: set[int] = set()
    result = {}
    for name, tensor in tensors.items():
        pointer = tensor.untyped_storage().data_ptr()
        result[name] = tensor.clone() if pointer in seen else tensor
        if pointer:
            seen.add(pointer)
    return result


def _shown(path: tuple[str, ...]) -> str:
    return "/".join(path)
