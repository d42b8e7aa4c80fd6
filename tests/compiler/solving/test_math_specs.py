"""Spec rules of wire arithmetic: what they say is what torch then gives."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.compiler.solving.arithmetic import compute
from alfgraph.compiler.solving.math_specs import rule_of, without_bounds
from alfgraph.specs.spec import Spec, TensorSpec, parse_spec
from alfgraph.specs.unify import Mismatch, Solver
from alfgraph.wiring.trace import Trace, Value
from alfgraph.wiring.wires import Wire, wrap

QUICK = settings(max_examples=60, deadline=None)


def wire(spec: str | Spec, trace: Trace) -> Any:
    node = trace.add(kind="component", board="", path="part", component=None, call="forward")
    node.outputs["x"] = Value(node, "x", parse_spec(spec) if isinstance(spec, str) else spec)
    return wrap(node.outputs["x"], trace)


def solved(use: Any, *specs: str | Spec) -> str:
    """The spec of what an expression of wires gives."""
    trace, solver = Trace("update"), Solver()
    result: Wire = use(*(wire(spec, trace) for spec in specs))
    for node in trace.nodes:
        if node.kind != "component":
            assert rule_of(node)(solver)
    return str(solver.resolve(result.value.spec))


@pytest.mark.parametrize(
    ("use", "specs", "result"),
    [
        (lambda x, y: x + y, ("float32[T, B]", "float32[T, B]"), "float32[T, B]"),
        (lambda x, y: x * y, ("float32[]", "float32[T, B, 3]"), "float32[T, B, 3]"),
        (lambda x: 2 * x, ("int64[B]",), "int64[B]"),
        (lambda x: 0.5 * x, ("int64[B]",), "float32[B]"),
        (lambda x: x / 2, ("int64[B]",), "float32[B]"),
        (lambda x: x.exp(), ("int64[B]",), "float32[B]"),
        (lambda x, y: x + y, ("int32[B]", "int64[B]"), "int64[B]"),
        (lambda x, y: x + y, ("int64[B]", "int32[B]"), "int64[B]"),
        (lambda x, y: x * y, ("bool[B]", "float32[B]"), "float32[B]"),
        (lambda x, y: x * y, ("bool[B]", "bool[B]"), "bool[B]"),
        (lambda x: x + 1, ("bool[B]",), "int64[B]"),
        (lambda x, y: x + y, ("float16[B]", "float32[]"), "float16[B]"),
        (lambda x, y: x < y, ("float32[B]", "float32[B]"), "bool[B]"),
        (lambda x: x.equals(2), ("int32[B]",), "bool[B]"),
        (lambda x: x[1:], ("float32[T+1, B]",), "float32[T, B]"),
        (lambda x: x[:-1], ("float32[T+1, B]",), "float32[T, B]"),
        (lambda x: x[1:-1], ("float32[T+1, B]",), "float32[T-1, B]"),
        (lambda x: x[-2:], ("float32[T, B]",), "float32[2, B]"),
        (lambda x: x[:2], ("float32[T, B]",), "float32[2, B]"),
        (lambda x: x[0], ("{a: float32[T, B], b: int64[T, B]}",), "{a: float32[B], b: int64[B]}"),
        (lambda x: x[0], ("distribution(int64[T, B] in [0, 2))",),
         "distribution(int64[B] in [0, 2))"),
        (lambda x: x["b"], ("{a: float32[B], b: int64[B] in [0, 4)}",), "int64[B] in [0, 4)"),
        (lambda x: x.detach(), ("float32[B, 3]",), "float32[B, 3]"),
        (lambda x: x.min(axis=-1), ("float32[T, B, 2]",), "float32[T, B]"),
        (lambda x: x.max(axis=-2), ("float32[B, 2, 3]",), "float32[B, 3]"),
        (lambda x: x.mean(), ("float32[T, B]",), "float32[]"),
        (lambda x: x.sample(), ("distribution(int64[B] in [0, 2))",), "int64[B] in [0, 2)"),
        (lambda x: x.mode(), ("distribution(float32[B, 6])",), "float32[B, 6]"),
        (lambda x: x.log_prob(x.sample()), ("distribution(float32[T, B, 6])",), "float32[T, B]"),
        (lambda x: x.entropy(), ("distribution(float32[B, 6])",), "float32[B]"),
        (lambda x, y: x.kl(y), ("distribution(int64[B])", "distribution(int64[B])"), "float32[B]"),
    ],
)  # fmt: skip
def test_the_spec_of_an_expression(use: Any, specs: tuple[str, ...], result: str) -> None:
    assert solved(use, *specs) == result


@pytest.mark.parametrize(
    ("use", "specs", "aspect"),
    [
        (lambda x, y: x + y, ("float32[T, B]", "float32[T+1, B]"), "shape"),
        (lambda x, y: x + y, ("float32[B]", "float32[B, 3]"), "rank"),
        (lambda x: x + 1, ("{a: float32[B]}",), "kind: arithmetic takes tensors, not {a: fl"),
        (lambda x: x["c"], ("{a: float32[B], b: int64[B]}",), "fields: no `c` among a, b"),
        (lambda x: x["c"], ("float32[B]",), "kind: a TensorSpec has no keys"),
        (lambda x: x[0], ("float32[]",), "rank: it has no leading axis"),
        (lambda x: x.min(axis=0), ("float32[T, B]",), "rank: no sample axis 0; count from the l"),
        (lambda x: x.min(axis=-1), ("float32[T, B]",), "rank: no sample axis -1; count from the"),
        (lambda x: x.mean(), ("int64[B]",), "dtype: mean takes floats, not int64"),
        (lambda x: -x, ("bool[B]",), "dtype: negate takes numbers, not bool"),
        (lambda x, y: x - y, ("bool[B]", "bool[B]"), "dtype: subtract takes numbers, not bool"),
        (lambda x: x[-3:2], ("float32[T, B]",), "shape: the length of .-3:2. depends on T"),
        (lambda x, y: x.log_prob(y), ("distribution(float32[B, 6])", "float32[B]"), "rank"),
    ],
)
def test_what_does_not_fit_is_named(use: Any, specs: tuple[str, ...], aspect: str) -> None:
    with pytest.raises(Mismatch, match=aspect):
        solved(use, *specs)


def test_rules_wait_for_what_they_need() -> None:
    trace, solver = Trace("update"), Solver()
    x = wire("x[B]", trace)
    total = x + 1
    rule = rule_of(trace.nodes[-1])
    assert not rule(solver)
    solver.unify(parse_spec("x[B]"), parse_spec("float32[B, 4]"))
    assert rule(solver)
    assert str(solver.resolve(total.value.spec)) == "float32[B, 4]"


DTYPES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]
SHAPES = [(), (3,), (3, 2)]


@QUICK
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(DTYPES),
    st.sampled_from(["add", "multiply", "subtract", "divide", "less", "greater"]),
    st.sampled_from(SHAPES),
    st.booleans(),
)
def test_arithmetic_gives_what_torch_gives(
    one: str, other: str, call: str, shape: tuple[int, ...], spread: bool
) -> None:
    """Equal shapes, or a scalar on one side."""
    uses = {
        "add": lambda x, y: x + y, "multiply": lambda x, y: x * y, "subtract": lambda x, y: x - y,
        "divide": lambda x, y: x / y, "less": lambda x, y: x < y, "greater": lambda x, y: x > y,
    }  # fmt: skip
    first = TensorSpec(dtype=one, sample=() if spread else shape)
    second = TensorSpec(dtype=other, sample=shape)
    x = torch.ones(() if spread else shape, dtype=getattr(torch, one))
    y = torch.ones(shape, dtype=getattr(torch, other))
    try:
        expected = compute(call, {"x": x, "y": y}, {})
    except RuntimeError:
        with pytest.raises(Mismatch, match="dtype"):
            solved(uses[call], first, second)
        return
    dims = ", ".join(map(str, expected.shape))
    assert solved(uses[call], first, second) == f"{str(expected.dtype)[6:]}[{dims}]"


def test_bounds_can_be_lifted() -> None:
    spec = parse_spec("{a: int64[B] in [0, 2), b: x[B], c: distribution(float32[B] in [0, 1])}")
    numbers = "{a: int64[B] in [0, 2), b: x[B], c: distribution(float32[B])}"
    assert str(without_bounds(spec, of_choices=False)) == numbers
    everything = "{a: int64[B], b: x[B], c: distribution(float32[B])}"
    assert str(without_bounds(spec, of_choices=True)) == everything
