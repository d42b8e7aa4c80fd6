"""What a buffer is built from: its leaves in numbers, and how values become tensors and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from alfgraph.specs.spec import DistributionSpec, RecordSpec, Spec, TensorSpec


@dataclass(frozen=True)
class LeafLayout:
    """What a buffer stores, in numbers.

    Attributes:
        names: leaves in the order they are written.
        specs: sample spec of each leaf (a tree, or a distribution with its parameters).
        examples: a distribution of the right family for each distribution leaf.
        batch: environments.
        unroll_length: T.
        written: shape of what is written at once.
        mini_batch_size: sequences per mini-batch.
        mini_batch_length: transitions per sequence.
        step_fields: fields of the record that hold time steps.
        with_gradient: leaves whose autograd graph must survive.
        device: where the tensors live.
    """

    names: tuple[str, ...]
    specs: dict[str, Spec]
    examples: dict[str, Any]
    batch: int
    unroll_length: int
    written: tuple[int, ...]
    mini_batch_size: int
    mini_batch_length: int
    step_fields: tuple[str, ...] = ()
    with_gradient: frozenset[str] = field(default_factory=frozenset)
    device: str = "cpu"

    def tensors_of(self, name: str, value: Any) -> list[Tensor]:
        """The tensors of a leaf's value, in the order of its spec."""
        return _flatten(self.specs[name], value)

    def join(self, name: str, tensors: Sequence[Tensor]) -> Any:
        """A leaf's value from its tensors."""
        return _join(self.specs[name], iter(tensors), self.examples.get(name))

    def copy(self, name: str, target: Sequence[Tensor], value: Any) -> None:
        """Copy a value into rows."""
        for row, tensor in zip(target, self.tensors_of(name, value), strict=True):
            row.copy_(tensor.detach())

    def stack(self, values: Sequence[Any]) -> Any:
        """Values along a new leading axis, with their graph."""
        first = values[0]
        if isinstance(first, dict):
            return {key: self.stack([v[key] for v in values]) for key in first}
        if isinstance(first, Tensor):
            return torch.stack(list(values))
        columns = zip(*(value.tensors for value in values), strict=True)
        return first.like(*(torch.stack(column) for column in columns))


def _flatten(spec: Spec, value: Any) -> list[Tensor]:
    if isinstance(spec, RecordSpec):
        return [t for name, part in spec.fields for t in _flatten(part, value[name])]
    if isinstance(spec, DistributionSpec):
        return list(value.tensors)
    return [value]


def _join(spec: Spec, tensors: Any, example: Any) -> Any:
    if isinstance(spec, RecordSpec):
        return {name: _join(part, tensors, None) for name, part in spec.fields}
    if isinstance(spec, DistributionSpec):
        return example.like(*(next(tensors) for _ in spec.parameters))
    return next(tensors)


def tensor_specs(spec: Spec) -> list[TensorSpec]:
    """The tensors a leaf is stored as."""
    if isinstance(spec, RecordSpec):
        return [leaf for _, part in spec.fields for leaf in tensor_specs(part)]
    if isinstance(spec, DistributionSpec):
        return list(spec.parameters)
    return [spec] if isinstance(spec, TensorSpec) else []


def sample_bytes(layout: LeafLayout) -> int:
    """Bytes of one record, without leading axes."""
    tensors = [spec for name in layout.names for spec in tensor_specs(layout.specs[name])]
    counts = [math.prod(d for d in spec.sample if isinstance(d, int)) for spec in tensors]
    sizes = [getattr(torch, spec.dtype).itemsize for spec in tensors]
    return sum(count * size for count, size in zip(counts, sizes, strict=True))
