"""Storage of records: one preallocated tensor per leaf tensor, trees and distributions included."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from alfgraph.families.protocols import State
from alfgraph.families.storage import LeafLayout, tensor_specs

__all__ = ["LeafLayout", "Leaves", "tensor_specs"]


class Leaves:
    """Preallocated tensors [*leading, *sample], by leaf."""

    def __init__(self, layout: LeafLayout, leading: tuple[int, ...]) -> None:
        """Allocate zeros for every leaf without gradient."""
        self.layout = layout
        self.tensors: dict[str, list[Tensor]] = {
            name: [
                torch.zeros(
                    (*leading, *(int(d) for d in spec.sample if isinstance(d, int))),
                    dtype=getattr(torch, spec.dtype),
                    device=layout.device,
                )
                for spec in tensor_specs(layout.specs[name])
            ]
            for name in layout.names
            if name not in layout.with_gradient
        }

    def row(self, name: str, index: int) -> list[Tensor]:
        """Views of one row of a leaf."""
        return [tensor[index] for tensor in self.tensors[name]]

    def rows(self, name: str, start: int, stop: int) -> Any:
        """A view of some rows of a leaf."""
        return self.layout.join(name, [tensor[start:stop] for tensor in self.tensors[name]])

    def shift(self, count: int) -> None:
        """Move all rows `count` to the front; the first ones leave."""
        for tensors in self.tensors.values():
            for tensor in tensors:
                tensor[:-count] = tensor[count:].clone()

    def repeat(self, count: int, rows: int) -> None:
        """Let the last `count` of `rows` rows stand for all before them."""
        for tensors in self.tensors.values():
            for tensor in tensors:
                for start in range(0, rows - count, count):
                    tensor[start : start + count] = tensor[rows - count : rows]

    def state(self) -> State:
        """The tensors, by leaf."""
        return {name: list(tensors) for name, tensors in self.tensors.items()}

    def load_state(self, state: State) -> None:
        """Copy tensors back."""
        for name, tensors in self.tensors.items():
            for tensor, saved in zip(tensors, state[name], strict=True):
                tensor.copy_(torch.as_tensor(saved))
