"""What came out of a call: as a list, compared, shown."""

from __future__ import annotations

from typing import Any

import torch

from alfgraph.compiler.solving.mismatches import place
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.execution import leaf_tensors
from alfgraph.specs.dims import Star, Symbol
from alfgraph.specs.spec import Spec, TensorSpec, batch_of
from alfgraph.specs.unify import Mismatch
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value


def as_list(result: Any, count: int, part: Component, node: Node) -> list[Any]:
    """The results of a call, one for each output."""
    results = list(result) if isinstance(result, tuple) else [result] if count else []
    if len(results) != count:
        names = ", ".join(node.outputs) or "none"
        raise Mismatch(f"number of outputs: {len(results)} came, {count} are declared ({names})")
    return results


def equal(first: list[Any], second: list[Any]) -> bool:
    """Whether two calls gave the same numbers."""
    pairs = zip(first, second, strict=True)
    return all(
        torch.equal(torch.nan_to_num(a), torch.nan_to_num(b))
        for one, other in pairs
        for a, b in zip(leaf_tensors(one), leaf_tensors(other), strict=True)
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)
    )


def refuse_open_axes(value: Value, declared: Spec) -> None:
    """An axis that only an output names has no size until the component runs."""
    for axis in batch_of(declared) or ():
        if isinstance(axis, Star) or (isinstance(axis, Symbol) and not axis.rigid):
            raise AlfgraphError(
                Diagnostic(
                    code="E108",
                    message=f"nothing on the board decides `{axis.name}` of `{value.label}`",
                    source=value.node.component.created_at or place(value.node)[0],
                    path=value.node.path,
                    help=(Help(text="name an axis of an input, or `*batch`"),),
                )
            )


def check_bounds(declared: TensorSpec, result: torch.Tensor) -> None:
    """Refuse numbers outside declared bounds."""
    if not declared.is_bounded or result.dtype == torch.bool or result.numel() == 0:
        return
    low, high = declared.low, declared.high
    if isinstance(low, int | float) and float(result.min()) < low:
        raise Mismatch(f"bounds: {result.min().item()} came")
    if isinstance(high, int | float) and float(result.max()) > high:
        raise Mismatch(f"bounds: {result.max().item()} came")


def kind_of(result: Any) -> str:
    """What a result is, in words: `float32[3, 5]`."""
    if isinstance(result, torch.Tensor):
        return f"{str(result.dtype).removeprefix('torch.')}{list(result.shape)}"
    return "nothing" if result is None else f"a {type(result).__name__}"


def shown(result: Any, tensor: torch.Tensor | None) -> str:
    """A result in words; a tree by the tensor at fault."""
    if isinstance(result, torch.Tensor) or tensor is None or not isinstance(tensor, torch.Tensor):
        return kind_of(result)
    return f"{type(result).__name__} of {kind_of(tensor)}"
