"""Unification: bidirectional, order-free, and nothing is learnt from what does not fit."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec, parse_spec
from alfgraph.specs.unify import Mismatch, Solver

QUICK = settings(max_examples=80, deadline=None)

Pair = tuple[str, str]


def solved(*pairs: Pair | tuple[Spec, Spec], solver: Solver | None = None) -> Solver:
    """What follows from these wires."""
    solver = solver or Solver()
    for one, other in pairs:
        solver.unify(spec(one), spec(other))
    solver.settle()
    return solver


def spec(text: str | Spec) -> Spec:
    return parse_spec(text) if isinstance(text, str) else text


def shown(solver: Solver, text: str | Spec) -> str:
    return str(solver.resolve(spec(text)))


def aspect(*pairs: Pair | tuple[Spec, Spec]) -> str:
    """In what two ends differ; empty where they fit."""
    try:
        solved(*pairs)
    except Mismatch as mismatch:
        return mismatch.aspect
    return ""


# ------------------------------------------------------------------------------ both ways


@pytest.mark.parametrize(
    ("given", "expected", "asked", "answer"),
    [
        ("float32[B, 4]", "float32[*batch, n]", "float32[*batch, 2*n+1]", "float32[B, 9]"),
        ("float32[*batch, n]", "float32[B, 4]", "float32[*batch, n+1]", "float32[B, 5]"),
        ("float32[2*n, 3]", "float32[8, 3]", "float32[n]", "float32[4]"),
        ("float32[2*n+1, 3]", "float32[9, 3]", "float32[n]", "float32[4]"),
        ("float32[n+2, 3]", "float32[m+1, 3]", "float32[m]", "float32[n+1]"),
        ("?[B]", "int64[B]", "?[B]", "int64[B]"),
        ("observation[B]", "{a: float32[B, 3]}", "observation[T]", "{a: float32[T, 3]}"),
        ("x[*batch]", "distribution(int64[B])", "x[]", "distribution(int64[])"),
        ("int64[B] in [0, 2)", "int64[B] in [0, n)", "float32[n]", "float32[2]"),
        ("distribution(x[B])", "distribution(float32[B, 6])", "x[]", "float32[6]"),
    ],
)
def test_both_ends_learn(given: str, expected: str, asked: str, answer: str) -> None:
    assert shown(solved((given, expected)), asked) == answer


@pytest.mark.parametrize(
    ("one", "other", "stars"),
    [
        ("float32[*batch, *r]", "float32[B]", {"batch": "B", "r": ""}),
        ("float32[*batch, *r]", "float32[T, B, 2, 3]", {"batch": "T, B", "r": "2, 3"}),
        ("float32[*batch, 5, *r]", "float32[B, 5, 2, 3]", {"r": "2, 3"}),
        ("float32[*batch, *r, 5]", "float32[B, 2, 3, 5]", {"r": "2, 3"}),
        ("float32[*batch, 4, *r, 5]", "float32[B, 4, 2, 3, 5]", {"r": "2, 3"}),
        ("float32[*batch, 4, *r, 5]", "float32[B, 4, 5]", {"r": ""}),
        ("float32[T, *batch]", "float32[T, B]", {"batch": "B"}),
        ("float32[T, *batch]", "float32[T]", {"batch": ""}),
    ],
)
def test_stars_take_what_is_left(one: str, other: str, stars: dict[str, str]) -> None:
    for pair in ((one, other), (other, one)):
        solver = solved(pair)
        for name, dims in stars.items():
            assert shown(solver, f"float32[3, *{name}]") == f"float32[3{dims and ', ' + dims}]"


def test_two_stars_wait_until_one_is_known() -> None:
    solver = solved(("float32[*a, *b]", "float32[B, 2, 3]"))
    assert shown(solver, "float32[0, *b]") == "float32[0, 2, 3]"
    undecided = solved(("float32[9, *b, *c]", "float32[9, 2, 3]"))
    assert shown(undecided, "float32[1, *c]") == "float32[1, *c]"
    assert len(undecided.waiting) == 1
    solved(("float32[0, *b]", "float32[0, 2]"), solver=undecided)
    assert shown(undecided, "float32[1, *c]") == "float32[1, 3]"
    assert undecided.waiting == []


def test_waiting_rules_do_not_pile_up() -> None:
    solver = solved(("float32[9, 3, *b, *c]", "float32[9, *d, 4, *e]"), ("x[]", "float32[2]"))
    count = len(solver.waiting)
    for _ in range(5):
        solver.settle()
    assert len(solver.waiting) == count


def test_a_number_is_no_batch_axis() -> None:
    assert aspect(("float32[T, *batch]", "float32[8, B]")) == "rank"


def test_a_star_too_long_is_a_mismatch_at_once() -> None:
    assert aspect(("float32[9, *b, 2, *c]", "float32[9]")) == "rank"


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("float32[B]", "int64[B]", "dtype"),
        ("float32[B, 4]", "float32[B, 5]", "shape"),
        ("float32[B, 4]", "float32[B]", "rank"),
        ("float32[B, 4]", "float32[B, 4, *r, 2]", "rank"),
        ("float32[2*n]", "float32[5]", "shape"),
        ("float32[n+3]", "float32[2]", "shape"),
        ("float32[n+1]", "float32[n]", "shape"),
        ("float32[2*n, *r]", "float32[n+1, 4, *r]", "rank"),
        ("{a: float32[B]}", "float32[B]", "kind: a record is not a tensor"),
        ("distribution(float32[B])", "float32[B]", "kind: a distribution is not a tensor"),
        ("{a: float32[B]}", "{a: float32[B], b: float32[B]}", "fields: `b` is missing"),
        ("{a: float32[B], b: float32[B]}", "{a: float32[B]}", "fields: `b` is not expected"),
        ("x[B]", "{a: x[B]}", "kind: `x` would contain itself"),
    ],
)
def test_what_differs_is_named(one: str, other: str, differs: str) -> None:
    assert aspect((one, other)) == differs


def test_one_unknown_on_both_sides_is_solved() -> None:
    assert shown(solved(("float32[n+2]", "float32[2*n]")), "float32[n]") == "float32[2]"
    assert aspect(("float32[n+1]", "float32[3*n]")) == "shape"


def test_products_of_unknowns_wait() -> None:
    solver = solved(("float32[2*n]", "float32[3*m]"))
    assert len(solver.waiting) == 1
    solved(("float32[m]", "float32[4]"), solver=solver)
    assert shown(solver, "float32[n]") == "float32[6]"


def test_no_size_becomes_negative() -> None:
    for pair in (("float32[n+3]", "float32[m]"), ("float32[m]", "float32[n+3]")):
        assert aspect(pair, ("float32[m]", "float32[2]")) == "shape"
        assert aspect(("float32[m]", "float32[2]"), pair) == "shape"


# ---------------------------------------------------------------------------- board axes

T = Symbol("T", "rollout", rigid=True)
M = Symbol("M", "samples", rigid=True)


def rows(*batch: Symbol) -> TensorSpec:
    return TensorSpec(dtype="float32", batch=batch)


def test_axes_of_the_board_equal_only_themselves() -> None:
    assert aspect((rows(T), rows(T))) == ""
    assert aspect((rows(T), rows(M))) == "shape"
    assert aspect((rows(T.plus(1)), rows(T))) == "shape"
    assert aspect((rows(T), TensorSpec(dtype="float32", batch=(8,)))) == "shape"


def test_a_symbol_becomes_an_axis_with_its_offset() -> None:
    rows_of_return = Symbol("T", "returns#1")
    solver = solved((rows(T.plus(1)), rows(rows_of_return.plus(1))))
    assert solver.dim(rows_of_return) == T
    assert solver.dim(rows_of_return.plus(-1)) == T.plus(-1)
    assert solver.is_solved(rows(rows_of_return))


def test_the_first_application_does_not_bind_the_second() -> None:
    solver = solved((rows(T), rows(Symbol("T", "#1"))), (rows(M), rows(Symbol("T", "#2"))))
    assert solver.dim(Symbol("T", "#1")) == T
    assert solver.dim(Symbol("T", "#2")) == M


# --------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("gives", "expects", "fits"),
    [
        ("int64[B] in [0, 2)", "int64[B] in [0, 2)", True),
        ("int64[B] in [0, 2)", "int64[B] in [0, 3)", True),
        ("int64[B] in [0, 3)", "int64[B] in [0, 2)", False),
        ("int64[B] in [-1, 2)", "int64[B] in [0, 2)", False),
        ("int64[B]", "int64[B] in [0, 2)", False),
        ("int64[B] in [0, 2)", "int64[B]", True),
        ("float32[B] in [-2, 2]", "float32[B] in [-1, 1]", False),
        ("float32[B] in [-1, 1]", "float32[B] in [-inf, 1]", True),
        ("float32[B]", "float32[B] in [-1, 1]", True),
        ("float32[2] in [(0, -1), (1, 1)]", "float32[2] in [-1, 1]", True),
        ("float32[2] in [(0, -2), (1, 1)]", "float32[2] in [-1, 1]", False),
        ("float32[2] in [-1, 1]", "float32[2] in [(-1, 0), (1, 1)]", False),
        ("float32[2] in [(0, -1), (1, 2)]", "float32[2] in [(0, -1), (1, 2)]", True),
        ("float32[2] in [(0, -1), (1, 2)]", "float32[2] in [(0, -1), (2, 1)]", False),
    ],
)
def test_what_is_given_lies_within_what_is_expected(gives: str, expects: str, fits: bool) -> None:
    assert aspect((gives, expects)) == ("" if fits else "bounds")


# ------------------------------------------------------------------------------- rollback


def test_a_mismatch_teaches_nothing() -> None:
    solver = Solver()
    with pytest.raises(Mismatch, match="shape"):
        solver.unify(
            spec("{a: ?[*batch, n], b: x[B], c: float32[3, *p, *q]}"),
            spec("{a: float32[B, 3], b: int64[B], c: float32[4, 5, 5]}"),
        )
    assert (solver.sizes, solver.stars, solver.trees, solver.dtypes) == ({}, {}, {}, {})
    assert solver.waiting == []
    solver.unify(spec("float32[n]"), spec("float32[7]"))
    assert shown(solver, "float32[n]") == "float32[7]"


def test_a_mismatch_found_later_goes_to_who_waited() -> None:
    solver, told = Solver(), list[Mismatch]()
    solver.unify(spec("float32[9, *b, *c]"), spec("float32[9, 2, 3]"), told.append)
    solver.unify(spec("float32[0, *b]"), spec("float32[0, 5]"))
    solver.settle()
    assert [m.aspect for m in told] == ["shape"]
    assert solver.waiting == []


# -------------------------------------------------------------------------------- algebra

names = st.sampled_from(["n", "m", "k"])
dim = st.one_of(
    st.integers(1, 4),
    st.builds(Symbol, name=names, scope=st.just(""), rigid=st.just(False),
              factor=st.just(1), offset=st.integers(0, 2)),
)  # fmt: skip
plain_tensors = st.builds(
    TensorSpec,
    dtype=st.sampled_from(["float32", "int64", "?a", "?b"]),
    sample=st.lists(dim, max_size=3).map(tuple),
    batch=st.just(()),
    low=st.none(),
    high=st.none(),
    role=st.none(),
)
wires = st.tuples(plain_tensors, plain_tensors)


def outcome(pairs: Sequence[tuple[Spec, Spec]]) -> Any:
    """Everything known at the end, or that it does not fit."""
    try:
        solver = solved(*pairs)
    except Mismatch:
        return None
    return [[str(solver.resolve(end)) for end in pair] for pair in sorted(pairs, key=str)]


@QUICK
@given(wires)
def test_both_ends_of_a_tensor_are_equal_afterwards(pair: tuple[TensorSpec, TensorSpec]) -> None:
    try:
        solver = solved(pair)
    except Mismatch:
        assert outcome([(pair[1], pair[0])]) is None
        return
    if not solver.waiting:
        assert solver.resolve(pair[0]) == solver.resolve(pair[1])
    before = (dict(solver.sizes), dict(solver.dtypes))
    solved(pair, solver=solver)
    assert (solver.sizes, solver.dtypes) == before


@QUICK
@given(wires)
def test_without_bounds_unification_is_commutative(pair: tuple[TensorSpec, TensorSpec]) -> None:
    assert (outcome([pair]) is None) == (outcome([(pair[1], pair[0])]) is None)


@QUICK
@given(st.lists(wires, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_wires_does_not_matter(
    pairs: list[tuple[TensorSpec, TensorSpec]], random: Any
) -> None:
    """Closed by numbers for every symbol, so that what is learnt can be compared as text."""
    closing = [
        (TensorSpec(dtype="float32", sample=(Symbol(n),)), TensorSpec(dtype="float32", sample=(2,)))
        for n in ("n", "m", "k")
    ]
    all_pairs: list[tuple[Spec, Spec]] = [*pairs, *closing]
    first = outcome(all_pairs)
    for _ in range(3):
        random.shuffle(all_pairs)
        assert outcome(all_pairs) == first


CHAIN = [
    ("float32[T+1, B, 4]", "observation[T+1, B]"),
    ("observation[*batch]", "float32[*batch, n]"),
    ("float32[*one, 2*n, 3]", "float32[*two, m, k]"),
    ("float32[*two, m+1]", "float32[T, B, 9]"),
    ("x[*three]", "{a: float32[*three, k], b: ?[*three]}"),
    ("x[B]", "{a: float32[B, 3], b: int64[B]}"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(6)))[::23])
def test_a_chain_solves_in_every_order(order: tuple[int, ...]) -> None:
    for flip in (False, True):
        solver = solved(*[CHAIN[i][::-1] if flip else CHAIN[i] for i in order])
        assert solver.waiting == []
        assert shown(solver, "float32[n, m, k]") == "float32[4, 8, 3]"
        assert shown(solver, "x[]") == "{a: float32[3], b: int64[]}"
        assert shown(solver, "float32[*two]") == "float32[T, B]"


@QUICK
@given(st.permutations(["a[B]", "b[B]", "c[B]", "d[B]"]), st.sampled_from(["float32[B, 3]", "{}"]))
def test_chains_of_trees_are_associative(order: list[str], end: str) -> None:
    links = list(itertools.pairwise([*order, end]))
    left, right = solved(*links), solved(*reversed(links))
    for name in "abcd":
        assert shown(left, f"{name}[B]") == shown(right, f"{name}[B]") == end


def test_records_unify_field_by_field_whatever_their_order() -> None:
    solver = solved(("{a: x[B], b: int64[B]}", "{b: ?[B], a: float32[B, 2]}"))
    assert shown(solver, "x[]") == "float32[2]"
    assert shown(solver, "?[B]") == "int64[B]"


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("float32[B, n]", False),
        ("float32[3]", True),
        ("?[3]", False),
        ("x[]", False),
        ("{a: float32[3], b: int64[]}", True),
        ("distribution(float32[n])", False),
    ],
)
def test_what_is_solved(text: str, known: bool) -> None:
    assert Solver().is_solved(spec(text)) is known


def test_an_empty_record_fits_an_empty_record() -> None:
    assert aspect(("{}", "{}")) == ""
    assert solved(("x[B]", "{}")).resolve(spec("x[T]")) == RecordSpec()
