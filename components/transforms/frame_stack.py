"""FrameStack: the last few observations as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.transforms.observation_leaves import (
    Path,
    at_path,
    replace_leaves,
    tensor_leaves,
    with_value,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.transform import Transform
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.specs.step_types import FIRST
from alfgraph.wiring.ports import In, Out, State


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

    def build(self) -> nn.Module:
        """[B, ...] observation, [B] int32, [B, size - 1, ...] frames -> stack, frames kept."""
        return _StackedFrames(self.size, self.axis, self._path())

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


class _StackedFrames(nn.Module):
    """Stacks frames step by step, or all rows of a sequence at once."""

    def __init__(self, size: int, axis: int, path: Path) -> None:
        super().__init__()
        self.size, self.axis, self.path = size, axis, path

    def forward(self, observation: Any, step_type: Tensor, frames: Tensor) -> tuple[Any, Tensor]:
        """[B, ...] observation, [B] int32, [B, size - 1, ...] frames -> stack, frames kept."""
        frame = at_path(observation, self.path).unsqueeze(1)
        first = (step_type == FIRST).reshape(-1, *([1] * (frame.dim() - 1)))
        frames = torch.cat((torch.where(first, frame, frames), frame), 1)
        return with_value(observation, self.path, self._joined(frames, 1)), frames[:, 1:]

    def scan(self, observation: Any, step_type: Tensor, frames: Tensor) -> tuple[Any, Tensor]:
        """[T, B, ...] observation, [T, B] int32, [B, size - 1, ...] frames -> as `forward`.

        Row t of a stack takes rows t - size + 1 to t, but none before its episode began.
        """
        rows = at_path(observation, self.path)
        before = self.size - 1
        rows = torch.cat((frames.transpose(0, 1), rows))
        length, batch = step_type.shape
        now = torch.arange(length, device=rows.device)[:, None]
        began = torch.where(step_type == FIRST, now, -before).cummax(0).values
        wanted = now[:, None] + torch.arange(self.size, device=rows.device)[:, None]
        taken = torch.maximum(wanted, began[:, None] + before)
        columns = torch.arange(batch, device=rows.device)
        stacks = rows[taken, columns]
        kept = rows[taken[-1, 1:], columns].transpose(0, 1)
        joined = self._joined(stacks.transpose(1, 2), 2)
        return with_value(observation, self.path, joined), kept

    def _joined(self, frames: Tensor, at: int) -> Tensor:
        """Frames along dimension `at` -> one tensor, joined along the axis."""
        axis = self.axis % (frames.dim() - at - 1) + at
        return frames.movedim(at, axis).flatten(axis, axis + 1)


def _repeated(bound: Any, shape: tuple[int, ...], axis: int, times: int) -> Any:
    """Bounds per element follow the stack; one for all stays."""
    if not isinstance(bound, tuple):
        return bound
    return tuple(np.concatenate([np.reshape(bound, shape)] * times, axis).flatten().tolist())
