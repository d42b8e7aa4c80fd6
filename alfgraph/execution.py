"""Small functions that emitted programs call: registers, sequences, trees of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from alfgraph.distributions import TensorDistribution
from alfgraph.specs.step_types import FIRST

Tree = Any
"""A tensor, a distribution, or a dict of trees."""


def map_tree(function: Callable[[Tensor], Tensor], tree: Tree) -> Tree:
    """Apply a function to every tensor of a tree."""
    if isinstance(tree, dict):
        return {name: map_tree(function, part) for name, part in tree.items()}
    if isinstance(tree, TensorDistribution):
        return tree.like(*(function(tensor) for tensor in tree.tensors))
    return function(tree)


def rows(tree: Tree, key: int | slice) -> Tree:
    """Index or slice the leading axis of every tensor of a tree."""
    return map_tree(lambda tensor: tensor[key], tree)


def detached(tree: Tree) -> Tree:
    """The same values without gradient."""
    return map_tree(torch.Tensor.detach, tree)


def stacked(trees: Sequence[Tree]) -> Tree:
    """Stack equal trees along a new leading axis."""
    first = trees[0]
    if isinstance(first, dict):
        return {name: stacked([tree[name] for tree in trees]) for name in first}
    if isinstance(first, TensorDistribution):
        columns = zip(*(tree.tensors for tree in trees), strict=True)
        return first.like(*(torch.stack(column) for column in columns))
    return torch.stack(list(trees))


def leaf_tensors(tree: Tree) -> list[Tensor]:
    """The tensors of a tree, in order."""
    if isinstance(tree, dict):
        return [tensor for part in tree.values() for tensor in leaf_tensors(part)]
    if isinstance(tree, TensorDistribution):
        return list(tree.tensors)
    return [tree]


def reset_where_first(
    state: Mapping[str, Tensor], initial: Mapping[str, float], step_type: Tensor
) -> dict[str, Tensor]:
    """Registers at their initial value wherever an episode begins.

    Args:
        state: registers, each [B, ...].
        initial: initial value of each register.
        step_type: [B] int32.
    """
    first = step_type == FIRST
    return {
        name: value.masked_fill(first.reshape(-1, *([1] * (value.dim() - 1))), initial[name])
        for name, value in state.items()
    }


def step_once(
    module: Callable[..., Any],
    inputs: Sequence[Tree],
    state: Mapping[str, Tensor],
    initial: Mapping[str, float],
    step_type: Tensor | None,
    outputs: int,
) -> tuple[Any, ...]:
    """One step of a part with registers, on [B].

    Args:
        module: called with the inputs, then the registers; gives the outputs, then the registers.
        inputs: what its ports read.
        state: registers before the step.
        initial: their initial values.
        step_type: [B] int32; registers are reset where it is FIRST. None: never.
        outputs: number of output ports.

    Returns:
        The outputs, then the registers before the step (after a reset), then those after it.
    """
    before = dict(state) if step_type is None else reset_where_first(state, initial, step_type)
    results = module(*inputs, *before.values())
    results = results if isinstance(results, tuple) else (results,)
    after = dict(zip(before, results[outputs:], strict=True))
    return (*results[:outputs], before, after)


def scan(
    module: Callable[..., Any],
    inputs: Sequence[Tree],
    state: Mapping[str, Tensor],
    initial: Mapping[str, float],
    step_type: Tensor | None,
    outputs: int,
) -> tuple[Any, ...]:
    """A part with registers over the leading axis of [T, B]; as `step_once`, row by row.

    Returns:
        The outputs stacked [T, B, ...], then the registers before row 0, then after the last row.
    """
    length = leaf_tensors(inputs[0])[0].shape[0]
    collected: list[tuple[Any, ...]] = []
    first = dict(state)
    for t in range(length):
        at = [rows(tree, t) if tree is not None else None for tree in inputs]
        *results, before, state = step_once(
            module, at, state, initial, None if step_type is None else step_type[t], outputs
        )
        first = before if t == 0 else first
        collected.append(tuple(results))
    return (*(stacked(column) for column in zip(*collected, strict=True)), first, dict(state))


def initial_state(
    shapes: Mapping[str, tuple[tuple[int, ...], torch.dtype, float]],
    batch: tuple[int, ...],
    device: torch.device | str,
) -> dict[str, Tensor]:
    """Registers at their initial values.

    Args:
        shapes: (sample shape, dtype, initial value) by register.
        batch: leading axes.
        device: where they live.
    """
    return {
        name: torch.full((*batch, *shape), value, dtype=dtype, device=device)
        for name, (shape, dtype, value) in shapes.items()
    }


class Recurrent:
    """A part with registers, as a program calls it.

    Attributes:
        module: called with inputs, then registers; gives outputs, then registers.
    """

    def __init__(
        self,
        module: Callable[..., Any],
        shapes: Mapping[str, tuple[tuple[int, ...], torch.dtype, float]],
        outputs: int,
        step_type_at: int | None,
        device: str = "cpu",
    ) -> None:
        """Wrap a module.

        Args:
            module: what computes.
            shapes: (sample shape, dtype, initial value) by register.
            outputs: number of output ports.
            step_type_at: which input is `step_type`; None: registers are never reset.
            device: where registers live.
        """
        self.module = module
        self.shapes = dict(shapes)
        self.values = {name: value for name, (_, _, value) in self.shapes.items()}
        self.outputs = outputs
        self.step_type_at = step_type_at
        self.device = device

    def initial(self, like: Tree, axis: int) -> dict[str, Tensor]:
        """Registers at their initial values for as many rows as axis `axis` of `like` has."""
        count = leaf_tensors(like)[0].shape[axis]
        return initial_state(self.shapes, (count,), self.device)

    def step(self, state: Mapping[str, Tensor], *inputs: Tree) -> tuple[Any, ...]:
        """One step on [B]: outputs, registers before, registers after."""
        return step_once(
            self.module, inputs, state, self.values, self._step_type(inputs), self.outputs
        )

    def scan(self, state: Mapping[str, Tensor], *inputs: Tree) -> tuple[Any, ...]:
        """Row by row on [T, B]: outputs, registers before, registers after.

        A module may know a faster way: a method `scan` that takes whole inputs and the registers
        of row 0, resets them itself at later rows, and gives whole outputs and the last registers.
        """
        step_type = self._step_type(inputs)
        whole = getattr(self.module, "scan", None)
        if whole is None:
            return scan(self.module, inputs, state, self.values, step_type, self.outputs)
        before = dict(state)
        if step_type is not None:
            before = reset_where_first(before, self.values, step_type[0])
        results = whole(*inputs, *before.values())
        after = dict(zip(before, results[self.outputs :], strict=True))
        return (*results[: self.outputs], before, after)

    def _step_type(self, inputs: Sequence[Tree]) -> Tensor | None:
        at = self.step_type_at
        return None if at is None or at >= len(inputs) else inputs[at]
