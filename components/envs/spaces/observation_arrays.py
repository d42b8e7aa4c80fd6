"""Observations as trees of freshly allocated arrays, in the element types that the board sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces

from alfgraph.diagnostics.errors import RunError

Array: TypeAlias = npt.NDArray[Any]
ArrayTree: TypeAlias = "Array | dict[str, ArrayTree]"
TensorTree: TypeAlias = "torch.Tensor | dict[str, TensorTree]"
AnySpace: TypeAlias = gymnasium.Space[Any]


def board_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Gives the element type at the port: float64 becomes float32, all others stay."""
    return np.dtype(np.float32) if dtype == np.float64 else dtype


def parts(space: AnySpace) -> Iterator[tuple[str, Any, AnySpace]]:
    """Yields (name on the board, key in Gymnasium's value, space) of a Dict's or Tuple's parts."""
    if isinstance(space, spaces.Dict):
        yield from ((key, key, part) for key, part in space.spaces.items())
    elif isinstance(space, spaces.Tuple):
        yield from ((str(index), index, part) for index, part in enumerate(space.spaces))


def is_nested(space: AnySpace) -> bool:
    """Tells whether a space has parts."""
    return isinstance(space, spaces.Dict | spaces.Tuple)


def leaf_shape(space: AnySpace) -> tuple[int, ...]:
    """Gives the shape of one value of a space without parts.

    Raises:
        RunError: If the space's values are not arrays of one shape (Text, Graph, Sequence, ...).
    """
    if space.shape is None or space.dtype is None or isinstance(space, spaces.Text):
        raise RunError(
            f"a space of kind {type(space).__name__} has no fixed array form; wrap the "
            "environment so that it gives Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple"
        )
    return space.shape


class RowWriter:
    """Writes the observations of single environments into the rows of fresh batched arrays."""

    def __init__(self, space: AnySpace, num_envs: int) -> None:
        """Plans the arrays.

        Args:
            space: Observation space of one environment.
            num_envs: Number of rows.
        """
        self._space = space
        self._rows = num_envs
        self.empty: Callable[[], ArrayTree] = self._allocator(space)
        self.write: Callable[[ArrayTree, int, Any], None] = self._setter(space)

    def _allocator(self, space: AnySpace) -> Callable[[], ArrayTree]:
        if is_nested(space):
            allocators = {name: self._allocator(part) for name, _, part in parts(space)}
            return lambda: {name: allocate() for name, allocate in allocators.items()}
        shape = (self._rows, *leaf_shape(space))
        dtype = board_dtype(np.dtype(space.dtype))
        return lambda: np.empty(shape, dtype)

    def _setter(self, space: AnySpace) -> Callable[[Any, int, Any], None]:
        if not is_nested(space):
            return _set_row
        setters = [(name, key, self._setter(part)) for name, key, part in parts(space)]

        def write(tree: Any, row: int, value: Any) -> None:
            for name, key, setter in setters:
                setter(tree[name], row, value[key])

        return write


def _set_row(array: Array, row: int, value: Any) -> None:
    try:
        array[row] = value
    except ValueError as error:
        given, wanted = np.shape(value), array.shape[1:]
        raise RunError(
            f"the environment gave an observation of shape {given}, but its space declares "
            f"{wanted}",
            code="E605",
            help="correct its `observation_space`, or what `reset` and `step` return",
        ) from error


def copier(space: AnySpace) -> Callable[[Any], ArrayTree]:
    """Gives a function that copies a batched observation of Gymnasium into fresh arrays.

    Args:
        space: Observation space of one environment.
    """
    if is_nested(space):
        copiers = [(name, key, copier(part)) for name, key, part in parts(space)]
        return lambda value: {name: copy(value[key]) for name, key, copy in copiers}
    leaf_shape(space)
    dtype = board_dtype(np.dtype(space.dtype))
    return lambda value: np.array(value, dtype)


def to_tensors(tree: ArrayTree) -> TensorTree:
    """Views a tree of arrays as tensors of the same memory."""
    if isinstance(tree, dict):
        return {name: to_tensors(part) for name, part in tree.items()}
    return torch.from_numpy(tree)


def to_arrays(tree: TensorTree) -> ArrayTree:
    """Copies a tree of tensors into arrays."""
    if isinstance(tree, dict):
        return {name: to_arrays(part) for name, part in tree.items()}
    return tree.numpy(force=True).copy()
