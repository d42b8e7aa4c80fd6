"""FrameStack: the last few observations as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from alfgraph.components.transforms.observation_leaves import (
    Path,
    at_path,
    replace_leaves,
    tensor_leaves,
    with_value,
)
from alfgraph.errors import WiringError
from alfgraph.families import Transform
from alfgraph.ports import In, Out, State
from alfgraph.specs import Spec, TensorSpec
from alfgraph.timestep import FIRST


class FrameStack(Transform):
    """Concatenate the last `size` observations along an axis, oldest first.

    Details:
        - Where an episode begins, all of them are its first observation.
        - A replay buffer stores single frames; it reads `size - 1` earlier rows and the stack is
          made again on what it samples.

    Attributes:
        size: frames in a stack.
        axis: of one observation, without batch axes; [3, 64, 64] becomes [12, 64, 64] along 0.
        field: dotted path of the tensor to stack in a tree of observations; others pass unchanged.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", methods;
        ALF's `FrameStacker`.
    """

    size: Annotated[int, Field(ge=2)] = 4
    axis: int = 0
    field: str | None = None

    observation = In("observation[*batch]", role="observation")
    step_type = In("int32[*batch]", role="step_type")
    out = Out("stacked[*batch]", role="observation")
    frames = State("frames[*batch]")

    def context_rows(self) -> int:
        """Earlier rows a replay buffer reads for it."""
        return self.size - 1

    def derive(self, observation: Spec) -> Mapping[str, Spec]:
        """The specs of the stack and of the frames kept."""
        leaf = self._leaf(observation)
        shape = tuple(int(d) for d in leaf.sample if isinstance(d, int))
        if not -len(shape) <= self.axis < len(shape):
            raise WiringError(f"`{leaf}` has no axis {self.axis} to stack along", code="E101")
        axis = self.axis % len(shape)
        stacked = leaf.model_copy(
            update={
                "sample": (*shape[:axis], shape[axis] * self.size, *shape[axis + 1 :]),
                "low": _repeated(leaf.low, shape, axis, self.size),
                "high": _repeated(leaf.high, shape, axis, self.size),
            }
        )
        return {
            "stacked": replace_leaves(observation, {self._path(): stacked}),
            "frames": TensorSpec(dtype=leaf.dtype, sample=(self.size - 1, *shape)),
        }

    def forward(self, observation: Any, step_type: Tensor, frames: Tensor) -> tuple[Any, Tensor]:
        """[B, ...] observation, [B] int32, [B, size - 1, ...] frames -> stack, frames kept."""
        path = self._path()
        frame = at_path(observation, path).unsqueeze(1)
        first = (step_type == FIRST).reshape(-1, *([1] * (frame.dim() - 1)))
        frames = torch.cat((torch.where(first, frame, frames), frame), 1)
        axis = self.axis % (frame.dim() - 2) + 1
        stacked = frames.movedim(1, axis).flatten(axis, axis + 1)
        return with_value(observation, path, stacked), frames[:, 1:]

    def _path(self) -> Path:
        return tuple(self.field.split(".")) if self.field else ()

    def _leaf(self, observation: Spec) -> TensorSpec:
        leaves = dict(tensor_leaves(observation))
        leaf = leaves.get(self._path())
        if leaf is None:
            names = ", ".join(".".join(path) for path in leaves) or "none"
            wanted = f"no tensor `{self.field}`" if self.field else "several tensors"
            raise WiringError(
                f"the observation has {wanted}; FrameStack stacks one",
                code="E104",
                help=f"`field=` one of {names}; a second FrameStack stacks a second one",
            )
        return leaf


def _repeated(bound: Any, shape: tuple[int, ...], axis: int, times: int) -> Any:
    """Bounds per element follow the stack; one for all stays."""
    if not isinstance(bound, tuple):
        return bound
    return tuple(np.concatenate([np.reshape(bound, shape)] * times, axis).flatten().tolist())
