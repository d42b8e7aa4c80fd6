"""What a program's buffers are built from."""

from __future__ import annotations

import math
from typing import Any

from alfgraph.compiler.draft import Draft
from alfgraph.compiler.schedule.loops import buffer_numbers
from alfgraph.families.buffer import Buffer
from alfgraph.families.storage import LeafLayout
from alfgraph.specs.spec import DistributionSpec, Spec, TensorSpec, batch_of, with_batch


def buffer_layout(draft: Draft, part: Buffer, device: str) -> LeafLayout:
    """What a buffer stores, in numbers."""
    contents = part.binding.slot.contents[part.socket_path]
    node = contents.node
    names: tuple[str, ...] = node.settings.get("leaves", tuple(node.inputs))
    specs: dict[str, Spec] = {}
    examples: dict[str, Any] = {}
    for name in names:
        value = node.inputs[name]
        spec = draft.spec(value)
        example = draft.examples.get(value)
        if isinstance(spec, DistributionSpec) and example is not None:
            spec = _with_parameters(spec, example)
            examples[name] = example
        specs[name] = with_batch(spec, ())
    numbers = buffer_numbers(draft, part)
    grads = draft.gradient.get(part.socket_path) == "with grad"
    crossing = {
        leaf
        for ownership in draft.ownership.values()
        for path, leaf in ownership.crossing
        if path == part.socket_path
    }
    return LeafLayout(
        names=names,
        specs=specs,
        examples=examples,
        batch=math.prod(numbers.written[-1:]) if numbers.written else 1,
        unroll_length=numbers.unroll_length,
        written=numbers.written,
        mini_batch_size=numbers.mini_batch_size,
        mini_batch_length=numbers.mini_batch_length,
        step_fields=tuple(node.settings.get("steps", ())),
        with_gradient=frozenset(crossing & set(names)) if grads else frozenset(),
        device=device,
    )


def _with_parameters(spec: DistributionSpec, example: Any) -> DistributionSpec:
    batch = len(batch_of(spec) or ())
    return spec.model_copy(
        update={
            "family": type(example).__name__,
            "parameters": tuple(
                TensorSpec(dtype=str(t.dtype).removeprefix("torch."), sample=tuple(t.shape[batch:]))
                for t in example.tensors
            ),
        }
    )
