"""The spec grammar: printing and reading are inverse; errors say where; specs are values."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from alfgraph.specs.dims import DTYPES, Star, Symbol
from alfgraph.specs.grammar import SpecSyntaxError
from alfgraph.specs.spec import (
    DistributionSpec,
    RecordSpec,
    Spec,
    SymbolSpec,
    TensorSpec,
    batch_of,
    dtype_family,
    leaves,
    parse_spec,
    same_structure,
    spell,
    symbols_of,
    with_batch,
)

QUICK = settings(max_examples=60, deadline=None)

# ------------------------------------------------------------------------------ strategies

CAPITALS = st.sampled_from(["T", "B", "M"])
LOWER = st.sampled_from(["n", "width", "size_2", "hidden[-1]", "hidden[0]"])


def symbols(names: st.SearchStrategy[str]) -> st.SearchStrategy[Symbol]:
    return st.builds(
        Symbol,
        name=names,
        scope=st.just(""),
        rigid=st.just(False),
        factor=st.integers(1, 3),
        offset=st.integers(-3, 3),
    )


@st.composite
def dims(draw: st.DrawFn) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """A batch part and a sample part that the grammar tells apart."""
    capitals = [
        Symbol(draw(CAPITALS), offset=draw(st.integers(-1, 2)))
        for _ in range(draw(st.integers(0, 2)))
    ]
    star = draw(st.booleans())
    sample = draw(st.lists(st.one_of(st.integers(0, 99), symbols(LOWER)), max_size=3))
    if star:
        return (*capitals, Star("batch")), (*sample, *([Star("r")] if draw(st.booleans()) else []))
    return tuple(capitals), tuple(sample)


@st.composite
def tensors(draw: st.DrawFn) -> TensorSpec:
    dtype = draw(st.sampled_from([*DTYPES, "?"]))
    batch, sample = draw(dims())
    spec = TensorSpec(dtype=dtype, batch=batch, sample=sample)
    if dtype == "bool" or not draw(st.booleans()):
        return spec
    if spec.is_discrete:
        ends: list[Any] = sorted(draw(st.tuples(st.integers(-9, 9), st.integers(-9, 9))))
        if draw(st.booleans()):
            ends[1] = Symbol("n", offset=-1)
    elif dtype == "?":
        ends = [0, draw(st.integers(1, 9))]
    else:
        ends = sorted(draw(st.tuples(*[st.floats(width=32, allow_nan=False)] * 2)))
    return spec.model_copy(update={"low": ends[0], "high": ends[1]})


trees: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        tensors(),
        st.builds(
            SymbolSpec,
            name=st.sampled_from(["observation", "action"]),
            scope=st.just(""),
            batch=dims().map(lambda parts: parts[0]),
        ),
    ),
    lambda inner: st.one_of(
        st.builds(
            RecordSpec,
            fields=st.lists(
                st.tuples(st.sampled_from(["a", "b", "0", "two words", "x/y"]), inner),
                max_size=3,
                unique_by=lambda pair: pair[0],
            ).map(tuple),
        ),
        st.builds(
            DistributionSpec, event=inner, family=st.sampled_from([None, "normal", "categorical"])
        ),
    ),
    max_leaves=5,
)

# -------------------------------------------------------------------------------- grammar

CANONICAL = [
    "float32[]",
    "float32[B, 4]",
    "int64[B] in [0, 2)",
    "int64[*batch] in [0, n)",
    "int64[] in [-3, 6)",
    "float32[T+1, B]",
    "float32[*batch, 2*n, *r]",
    "float32[*batch, hidden[-1]]",
    "float32[2*n-1, n+1]",
    "float32[B, 3] in [-1, 1]",
    "float32[B] in [-inf, 0.5]",
    "?[*batch, *x]",
    "bool[B]",
    "observation[*batch]",
    "{}",
    "{position: float32[B, 3], camera: uint8[B, 3, 64, 64] in [0, 256)}",
    "{0: int64[B], 1: {x: float32[]}}",
    '{"two words": float32[B]}',
    "distribution(int64[B] in [0, 2))",
    "normal(float32[*batch, n])",
]


@pytest.mark.parametrize("text", CANONICAL)
def test_reading_then_printing_gives_the_text_back(text: str) -> None:
    assert str(parse_spec(text)) == text


@QUICK
@given(trees)
def test_what_is_spelt_exactly_reads_back_equal(spec: Spec) -> None:
    assert parse_spec(spell(spec, exact=True)) == spec


@QUICK
@given(trees)
def test_printing_is_stable(spec: Spec) -> None:
    assert str(parse_spec(str(spec))) == str(spec)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("int64[] in [0, 2)", 0, 1),
        ("int64[] in [0, 2]", 0, 2),
        ("uint8[3] in [0..255]", 0, 255),
        ("int64[] in [-4, -1)", -4, -2),
        ("float32[] in [-1, 1]", -1.0, 1.0),
        ("float32[] in [-inf, 2.5e3]", -math.inf, 2500.0),
        ("int64[] in [0, n)", 0, Symbol("n", offset=-1)),
        ("int64[] in [0, 2*n+1)", 0, Symbol("n", factor=2)),
        ("float32[2] in [(0, -1), (1, 2.5)]", (0.0, -1.0), (1.0, 2.5)),
    ],
)
def test_bounds_are_inclusive_inside(text: str, low: Any, high: Any) -> None:
    spec = TensorSpec.model_validate(text)
    assert (spec.low, spec.high) == (low, high)
    assert type(spec.low) is type(low)


def test_bounds_per_element_print_as_their_widest_range() -> None:
    spec = TensorSpec(dtype="float32", sample=(2,), low=(0.0, -1.0), high=(1.0, 2.5))
    assert str(spec) == "float32[2] in [-1..2.5]"
    assert spell(spec, exact=True) == "float32[2] in [(0, -1), (1, 2.5)]"
    endless = TensorSpec(dtype="float32", sample=(2,), low=(0.0, -math.inf), high=(1.0, 2.5))
    assert str(endless) == "float32[2]"


def test_what_is_unbounded_prints_without_bounds() -> None:
    assert str(TensorSpec(dtype="float32", low=-math.inf, high=math.inf)) == "float32[]"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a dtype or a name, found `the end`, at character 1"),
        ("float32", r"expected `\[`, found `the end`, at character 8"),
        ("float32[B", "expected `,`, found `the end`, at character 10"),
        ("float32[B 4]", "expected `,`, found `4`, at character 11"),
        ("float32[-3]", "`-3` is not a whole number, at character 9"),
        ("float32[1.5]", "`1.5` is not a whole number, at character 9"),
        ("float32[*]", r"expected the name of the star, found `\]`, at character 10"),
        ("float32[n+m]", "`m` is not a whole number, at character 11"),
        ("float32[2*3]", "expected a symbol, found `3`, at character 11"),
        ("float32[hidden[n]]", "`n` is not an index, at character 16"),
        ("float32[$]", r"unexpected `\$`, at character 9"),
        ("float32[B] in (0, 1]", r"expected `\[`, found `\(`, at character 15"),
        ("float32[] in [0, 1)", "an exclusive bound is for whole numbers; write `]`"),
        ("int64[] in [0.5, 2]", "`0.5` is no int64, at character 13"),
        ("int64[] in [3, 2]", "nothing lies between 3 and 2"),
        ("float32[] in [*x, 2]", "a bound is a number or a symbol"),
        ("float32[B] float32[B]", "`float32` follows the end, at character 12"),
        ("{a: x[B], a: y[B]}", "the field `a` is declared twice, at character 11"),
        ("{a x[B]}", "expected `:`, found `x`, at character 4"),
        ("{[: x[B]}", r"expected a field name, found `\[`, at character 2"),
        ("Float[B]", "`Float` is neither a dtype nor a lower-case spec symbol, at character 1"),
        ("observation[B, 3]", "a spec symbol takes batch dims only"),
    ],
)
def test_errors_name_the_place_and_show_an_example(text: str, reason: str) -> None:
    with pytest.raises(SpecSyntaxError, match=f"is not a spec: {reason}") as caught:
        parse_spec(text)
    assert f"`{text}`" in str(caught.value)
    assert "write for example `float32[B, 4]`" in str(caught.value)


# -------------------------------------------------------------------------- batch | sample


@pytest.mark.parametrize(
    ("text", "batch", "sample"),
    [
        ("float32[B, 4]", "B", "4"),
        ("float32[T, B]", "T, B", ""),
        ("float32[T+1, B, n]", "T+1, B", "n"),
        ("float32[*batch, *r]", "*batch", "*r"),
        ("float32[T, *batch, B]", "T, *batch", "B"),
        ("float32[4, B]", "", "4, B"),
        ("float32[*batch, size, *r]", "*batch", "size, *r"),
        ("float32[n, *batch]", "", "n, *batch"),
        ("float32[]", "", ""),
    ],
)
def test_leading_capitals_and_the_first_star_are_the_batch_part(
    text: str, batch: str, sample: str
) -> None:
    spec = TensorSpec.model_validate(text)
    assert ", ".join(map(str, spec.batch)) == batch
    assert ", ".join(map(str, spec.sample)) == sample


# --------------------------------------------------------------------------------- values


@QUICK
@given(trees)
def test_equal_specs_hash_equal(spec: Spec) -> None:
    twin = parse_spec(spell(spec, exact=True))
    assert hash(twin) == hash(spec)
    assert {spec: 1}[twin] == 1


def test_specs_cannot_be_changed() -> None:
    spec = TensorSpec.model_validate("float32[B]")
    with pytest.raises(ValidationError, match="Instance is frozen"):
        spec.dtype = "int64"


class Holder(BaseModel):
    one: TensorSpec
    any: Spec


def test_specs_are_text_in_json() -> None:
    holder = Holder.model_validate({"one": "float32[B, 4]", "any": "{a: int64[B] in [0, 2)}"})
    assert holder.model_dump_json() == '{"one":"float32[B, 4]","any":"{a: int64[B] in [0, 2)}"}'


@QUICK
@given(tensors())
def test_json_gives_equal_tensor_specs_back(spec: TensorSpec) -> None:
    text = spec.model_dump_json()
    assert TensorSpec.model_validate_json(text) == spec


@QUICK
@given(trees)
def test_json_gives_equal_trees_back(spec: Spec) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Spec)
    assert adapter.validate_json(adapter.dump_json(spec)) == spec


def test_a_spec_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError, match="is a RecordSpec, not a TensorSpec"):
        TensorSpec.model_validate("{a: float32[B]}")


# ------------------------------------------------------------------------------ questions


def test_discrete_is_integer() -> None:
    discrete = {name for name in DTYPES if TensorSpec(dtype=name).is_discrete}
    assert discrete == set(DTYPES) - {"float16", "bfloat16", "float32", "float64"}


def test_records_keep_the_order_declared() -> None:
    spec = parse_spec("{z: float32[B], a: {y: int64[B], b: bool[B]}}")
    assert isinstance(spec, RecordSpec)
    assert spec.names == ("z", "a")
    assert [path for path, _ in leaves(spec)] == ["z", "a.y", "a.b"]
    assert str(spec["z"]) == "float32[B]"


def test_another_batch_part_reaches_every_leaf() -> None:
    spec = parse_spec("{a: float32[B, 3], b: distribution(int64[B] in [0, 2)), c: x[B]}")
    moved = with_batch(spec, (Symbol("T"), Symbol("M")))
    assert str(moved) == (
        "{a: float32[T, M, 3], b: distribution(int64[T, M] in [0, 2)), c: x[T, M]}"
    )
    assert batch_of(moved) == (Symbol("T"), Symbol("M"))
    assert batch_of(parse_spec("{}")) is None


def test_every_unknown_is_found() -> None:
    spec = parse_spec("{a: float32[*batch, n, 3], b: x[B], c: int64[] in [0, m)}")
    assert [str(symbol) for symbol in symbols_of(spec)] == ["*batch", "n", "x[B]", "B", "m-1"]


def test_structure_is_dtype_and_dims() -> None:
    one, other = parse_spec("{a: int64[B] in [0, 2)}"), parse_spec("{a: int64[B]}")
    assert same_structure(one, other)
    assert not same_structure(one, parse_spec("{a: int32[B]}"))
    assert not same_structure(one, parse_spec("{b: int64[B]}"))


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("float32[B]", "float"),
        ("uint8[B]", "int"),
        ("bool[B]", "bool"),
        ("distribution(x[B])", "distribution"),
        ("{a: x[B]}", "record"),
        ("x[B]", "record"),
    ],
)
def test_the_colour_of_a_wire(text: str, family: str) -> None:
    assert dtype_family(parse_spec(text)) == family
