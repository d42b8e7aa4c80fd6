"""From the board's actions to the environment's: rescaling to [-1, 1], clipping, offsets, trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
import torch
from gymnasium import spaces

from alfgraph.components.envs.spaces.observation_arrays import (
    AnySpace,
    Array,
    TensorTree,
    is_nested,
    leaf_shape,
    parts,
)

Converter: TypeAlias = Callable[[Any], Any]
Splitter: TypeAlias = Callable[[Any], Iterable[Any]]


class ActionMapping:
    """Turns batched actions as the board sees them into what a vector environment expects.

    As in ALF, a bounded continuous action is [-1, 1] on the board and is clipped into its bounds
    on the way to the environment; unbounded dimensions pass unchanged. A discrete action is int64
    on the board and counts from 0, whatever its dtype and start in the environment.

    Attributes:
        env_space: Action space of one environment.
        board_space: The same space as the board sees it.
    """

    def __init__(
        self,
        space: AnySpace,
        *,
        normalize: bool = True,
        clip: bool = True,
        zero_based: bool = True,
    ) -> None:
        """Plans the mapping.

        Args:
            space: Action space of one environment.
            normalize: Rescale bounded continuous dimensions from [-1, 1].
            clip: Clip continuous actions into the environment's bounds.
            zero_based: Let discrete actions start at 0 on the board.
        """
        self._normalize = normalize
        self._clip = clip
        self._zero_based = zero_based
        self.env_space = space
        self.board_space = self._seen(space)
        self._convert = self._converter(space)

    def __call__(self, action: TensorTree) -> Any:
        """Converts a batch.

        Args:
            action: Tensor `[B, ...]`, or a nested dictionary of them; parts of a Tuple are named
                "0", "1", ...

        Returns:
            The batch for `VectorEnv.step`, in arrays of its own.
        """
        return self._convert(action)

    def zeros(self, num_envs: int) -> TensorTree:
        """Gives the previous action at a FIRST step: zeros in the board's types."""
        return _zeros(self.board_space, num_envs)

    def _seen(self, space: AnySpace) -> AnySpace:
        """Gives a space as the board sees it."""
        if isinstance(space, spaces.Dict):
            return spaces.Dict([(name, self._seen(part)) for name, _, part in parts(space)])
        if isinstance(space, spaces.Tuple):
            return spaces.Tuple([self._seen(part) for _, _, part in parts(space)])
        if isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
            return self._seen_choices(space)
        if isinstance(space, spaces.Box) and np.dtype(space.dtype).kind in "iu":
            low, high = (_as_int64(bound) for bound in (space.low, space.high))
            return spaces.Box(low, high, dtype=np.int64)
        if isinstance(space, spaces.Box) and np.dtype(space.dtype).kind == "f":
            bounded = _bounded(space) if self._normalize else np.zeros(space.shape, np.bool_)
            return spaces.Box(
                np.where(bounded, -1.0, space.low).astype(np.float32),
                np.where(bounded, 1.0, space.high).astype(np.float32),
                dtype=np.float32,
            )
        leaf_shape(space)
        return space

    def _seen_choices(self, space: spaces.Discrete | spaces.MultiDiscrete) -> AnySpace:
        """Gives choices as int64, which is what policies give."""
        if isinstance(space, spaces.Discrete):
            return spaces.Discrete(int(space.n), start=0 if self._zero_based else int(space.start))
        return spaces.MultiDiscrete(space.nvec, start=None if self._zero_based else space.start)

    def _converter(self, space: AnySpace) -> Converter:
        """Compiles the conversion of a space's batches."""
        if isinstance(space, spaces.Dict):
            named = [(name, key, self._converter(part)) for name, key, part in parts(space)]
            return lambda tree: {key: convert(tree[name]) for name, key, convert in named}
        if isinstance(space, spaces.Tuple):
            listed = [(name, self._converter(part)) for name, _, part in parts(space)]
            return lambda tree: tuple(convert(tree[name]) for name, convert in listed)
        dtype = np.dtype(space.dtype)
        if isinstance(space, spaces.Box) and dtype.kind == "f":
            return self._continuous(space)
        start = getattr(space, "start", 0) if self._zero_based else 0
        if np.any(start):
            return lambda tensor: (tensor.numpy(force=True) + start).astype(dtype, copy=False)
        return lambda tensor: tensor.numpy(force=True).astype(dtype)

    def _continuous(self, space: spaces.Box) -> Converter:
        """Compiles rescaling and clipping of a float box.

        Rescaling comes first and clipping after it, to the environment's own bounds, so that
        rounding can never leave them: `clip(center + half_range * action, low, high)`.
        """
        dtype = np.dtype(space.dtype)
        low, high = space.low.astype(dtype), space.high.astype(dtype)
        bounded = _bounded(space)
        with np.errstate(invalid="ignore", over="ignore"):
            scale: Array = np.where(bounded, (high - low) / 2, 1).astype(dtype)
            center: Array = np.where(bounded, (high + low) / 2, 0).astype(dtype)
        rescales = self._normalize and bool(np.any(scale != 1) or np.any(center != 0))
        clips = self._clip and bool(np.isfinite(low).any() or np.isfinite(high).any())

        def convert(tensor: torch.Tensor) -> Array:
            action: Array = tensor.numpy(force=True).astype(dtype)
            if rescales:
                action *= scale
                action += center
            if clips:
                np.maximum(action, low, out=action)
                np.minimum(action, high, out=action)
            return action

        return convert


def _as_int64(bound: Array) -> Array:
    """Gives a bound of a whole-number box; uint64's largest is cut."""
    if bound.dtype == np.uint64:
        bound = np.minimum(bound, np.uint64(np.iinfo(np.int64).max))
    return bound.astype(np.int64)


def _bounded(space: spaces.Box) -> Array:
    """Tells for every dimension whether both bounds are finite (and their range is, too)."""
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    largest = np.finfo(np.float32).max / 2
    bounded: Array = (np.abs(low) < largest) & (np.abs(high) < largest)
    return bounded


def _zeros(space: AnySpace, num_envs: int) -> TensorTree:
    if is_nested(space):
        return {name: _zeros(part, num_envs) for name, _, part in parts(space)}
    return torch.from_numpy(np.zeros((num_envs, *leaf_shape(space)), space.dtype))


def row_splitter(space: AnySpace) -> Splitter:
    """Gives a function that splits a batched action into the environments' own actions.

    Args:
        space: Action space of one environment.
    """
    if isinstance(space, spaces.Dict):
        keys = list(space.spaces)
        named = [row_splitter(part) for part in space.spaces.values()]

        def split(batch: Any) -> Iterable[Any]:
            columns = (part(batch[key]) for key, part in zip(keys, named, strict=True))
            return (dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True))

        return split
    if isinstance(space, spaces.Tuple):
        listed = [row_splitter(part) for part in space.spaces]
        return lambda batch: zip(
            *(part(column) for part, column in zip(listed, batch, strict=True)), strict=True
        )
    return _rows


def _rows(batch: Array) -> Iterable[Any]:
    return batch
