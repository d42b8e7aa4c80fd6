"""Spec rules of the small nodes: wire arithmetic and the methods of distributions."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch

from alfgraph.compiler.solving.arithmetic import compute
from alfgraph.specs.dims import Dims, Star, Symbol
from alfgraph.specs.spec import (
    DistributionSpec,
    RecordSpec,
    Spec,
    SymbolSpec,
    TensorSpec,
    batch_of,
    map_leaves,
    with_batch,
)
from alfgraph.specs.unify import Mismatch, Solver
from alfgraph.wiring.trace import Node

COMPARISONS = {"less", "greater", "equals"}
ELEMENTWISE = {
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "negate",
    "exp",
    "log",
    *COMPARISONS,
}


def rule_of(node: Node) -> Callable[[Solver], bool]:
    """The rule that solves the output of a small node."""
    rules = _DISTRIBUTION if node.kind == "distribution" else _MATH
    rule = rules.get(node.call, _elementwise)
    return lambda solver: rule(node, solver)


def guess_elementwise(node: Node, solver: Solver) -> bool:
    """When nothing else is known: the operands of arithmetic have one shape.

    Returns:
        Whether that taught the solver something.
    """
    if node.kind != "math" or node.call not in ELEMENTWISE:
        return False
    specs = [solver.resolve(value.spec) for value in node.inputs.values()]
    unknown = [spec for spec in specs if isinstance(spec, SymbolSpec)]
    if not unknown or len(unknown) == len(specs):
        return False
    one, other = specs
    solver.unify(one, other)
    return True


def _elementwise(node: Node, solver: Solver) -> bool:
    specs = [solver.resolve(value.spec) for value in node.inputs.values()]
    for spec in specs:
        if isinstance(spec, SymbolSpec):
            return False
        if not isinstance(spec, TensorSpec):
            raise Mismatch(f"kind: arithmetic takes tensors, not {spec}")
        if spec.dtype.startswith("?"):
            return False
    tensors = [spec for spec in specs if isinstance(spec, TensorSpec)]
    for one, other in itertools.combinations([spec for spec in tensors if spec.dims], 2):
        solver.unify(_shape(one), _shape(other))
    widest = max(tensors, key=lambda spec: len(spec.dims))
    dtype = _dtype(node, dict(zip(node.inputs, tensors, strict=True)))
    solver.unify(
        TensorSpec(dtype=dtype, batch=widest.batch, sample=widest.sample), node.outputs["out"].spec
    )
    return True


def _shape(spec: TensorSpec) -> TensorSpec:
    return TensorSpec(dtype="float32", batch=spec.batch, sample=spec.sample)


def _dtype(node: Node, specs: dict[str, TensorSpec]) -> str:
    """What torch makes of these dtypes: asked of tensors of one element."""
    inputs = {
        name: torch.ones([1] * bool(spec.dims), dtype=getattr(torch, spec.dtype))
        for name, spec in specs.items()
    }
    try:
        result = compute(node.call, inputs, dict(node.settings))
    except RuntimeError:
        dtypes = " and ".join(dict.fromkeys(spec.dtype for spec in specs.values()))
        raise Mismatch(f"dtype: {node.call} takes numbers, not {dtypes}") from None
    return str(result.dtype).removeprefix("torch.")


def _key(node: Node, solver: Solver) -> bool:
    spec = solver.resolve(node.inputs["x"].spec)
    if isinstance(spec, SymbolSpec):
        return False
    key = node.settings["key"]
    if not isinstance(spec, RecordSpec):
        raise Mismatch(f"kind: a {type(spec).__name__} has no keys")
    if key not in spec.names:
        raise Mismatch(f"fields: no `{key}` among {', '.join(spec.names)}")
    solver.unify(spec[key], node.outputs["out"].spec)
    return True


def _rows(node: Node, solver: Solver) -> bool:
    spec = solver.resolve(node.inputs["x"].spec)
    if isinstance(spec, RecordSpec) and not spec.fields:
        solver.unify(spec, node.outputs["out"].spec)
        return True
    batch = batch_of(spec)
    if batch is None or not batch or isinstance(batch[0], Star):
        if batch == ():
            raise Mismatch("rank: it has no leading axis")
        return False
    result: Dims = batch[1:] if node.call == "index" else (_sliced(node, batch[0]), *batch[1:])
    _check_row(node, batch[0])
    solver.unify(with_batch(spec, result), node.outputs["out"].spec)
    return True


def _check_row(node: Node, axis: int | Symbol | Star) -> None:
    if node.call == "index" and isinstance(axis, int):
        index = int(node.settings["index"])
        if not -axis <= index < axis:
            raise Mismatch(f"shape: no row {index} among {axis}")


def _sliced(node: Node, axis: int | Symbol | Star) -> int | Symbol:
    start, stop = node.settings["start"] or 0, node.settings["stop"]
    step = node.settings.get("step")
    if isinstance(axis, int):
        return len(range(axis)[slice(start, stop, step)])
    if isinstance(axis, Star):
        raise Mismatch("rank")
    if step is not None and step > 1:
        raise Mismatch(f"shape: the length of every {step}th row depends on {axis}")
    if (start < 0) == (stop is not None and stop < 0) and stop is not None:
        return max(int(stop) - int(start), 0)
    if start >= 0:  # [1:], [:-1], [1:-1]
        return axis.plus((stop or 0) - start)
    if stop is None:
        return -int(start)
    raise Mismatch(f"shape: the length of [{start}:{stop}] depends on {axis}")


def _reduced(node: Node, solver: Solver) -> bool:
    spec = solver.resolve(node.inputs["x"].spec)
    if isinstance(spec, SymbolSpec):
        return False
    if not isinstance(spec, TensorSpec):
        raise Mismatch(f"kind: {node.call} takes a tensor")
    if node.call == "mean" and spec.is_discrete:
        raise Mismatch(f"dtype: mean takes floats, not {spec.dtype}")
    if node.settings["axis"] is None:
        solver.unify(TensorSpec(dtype=spec.dtype), node.outputs["out"].spec)
        return True
    if any(isinstance(dim, Star) for dim in spec.sample):
        return False
    axis = int(node.settings["axis"])
    if not spec.sample or not -len(spec.sample) <= axis < 0:
        raise Mismatch(f"rank: no sample axis {axis}; count from the last one, as axis=-1")
    at = axis + len(spec.sample)
    sample = spec.sample[:at] + spec.sample[at + 1 :]
    reduced = TensorSpec(dtype=spec.dtype, batch=spec.batch, sample=sample)
    solver.unify(reduced, node.outputs["out"].spec)
    return True


def _same(node: Node, solver: Solver) -> bool:
    solver.unify(node.inputs["x"].spec, node.outputs["out"].spec)
    return True


def _packed(node: Node, solver: Solver) -> bool:
    return True


def _event(node: Node, solver: Solver) -> Spec | None:
    spec = solver.resolve(node.inputs["self"].spec)
    if isinstance(spec, DistributionSpec):
        return spec.event
    if isinstance(spec, SymbolSpec):
        return None
    raise Mismatch(f"kind: {spec} is no distribution")


def _drawn(node: Node, solver: Solver) -> bool:
    event = _event(node, solver)
    if event is None:
        return False
    solver.unify(event, node.outputs["out"].spec)
    return True


def _scored(node: Node, solver: Solver) -> bool:
    event = _event(node, solver)
    if event is None:
        return False
    if "other" in node.inputs:
        other = solver.resolve(node.inputs["other"].spec)
        _let_be_alike(solver, other, event, is_kl=node.call == "kl")
    batch = batch_of(event)
    if batch is None:
        raise Mismatch("kind: a distribution over nothing")
    solver.unify(TensorSpec(dtype="float32", batch=batch), node.outputs["out"].spec)
    return True


def _let_be_alike(solver: Solver, other: Spec, event: Spec, is_kl: bool) -> None:
    """What is scored, or another distribution's event, fits the event.

    Any number may be scored by a policy over numbers, but only its choices by one over choices.
    """
    given = other.event if isinstance(other, DistributionSpec) else other
    if is_kl != isinstance(other, DistributionSpec):
        raise Mismatch(f"kind: {other} is {'no' if is_kl else 'a'} distribution")
    if isinstance(given, SymbolSpec) or isinstance(event, SymbolSpec):
        solver.unify(given, event)  # one end decides the other, bounds included
    else:
        given, event = (without_bounds(spec, of_choices=is_kl) for spec in (given, event))
        solver.unify(given, event)


def without_bounds(spec: Spec, *, of_choices: bool) -> Spec:
    """The spec with the bounds of numbers lifted; those of choices, in integers, if asked."""
    return map_leaves(
        spec,
        lambda leaf: (
            leaf.model_copy(update={"low": None, "high": None})
            if isinstance(leaf, TensorSpec) and (of_choices or not leaf.is_discrete)
            else leaf
        ),
    )


_MATH = {
    "key": _key,
    "slice": _rows,
    "index": _rows,
    "detach": _same,
    "min": _reduced,
    "max": _reduced,
    "mean": _reduced,
    "record": _packed,
}
_DISTRIBUTION = {
    "sample": _drawn,
    "rsample": _drawn,
    "mode": _drawn,
    "log_prob": _scored,
    "entropy": _scored,
    "kl": _scored,
    "detach": _same,
    "slice": _rows,
    "index": _rows,
}
