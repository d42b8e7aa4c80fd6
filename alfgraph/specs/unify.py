"""Unification of specs: bidirectional, order-free, over ranks, dims, dtypes, bounds and trees.

A `Solver` holds what is known about unknowns: sizes (`n`), stars (`*r`), trees (`observation`)
and dtypes (`?`). `unify(given, expected)` either learns something or raises `Mismatch`, leaving
the solver as it was. What cannot be decided yet waits as a rule and is tried again by `settle`.
"""

from collections.abc import Callable

from alfgraph.specs.dims import UNKNOWN_DTYPE, Bound, Dim, Dims, Star, Symbol, each
from alfgraph.specs.spec import (
    DistributionSpec,
    RecordSpec,
    Spec,
    SymbolSpec,
    TensorSpec,
    leaves,
    map_leaves,
    symbols_of,
    with_batch,
)

Rule = Callable[["Solver"], bool]
"""Tries to conclude something; True when it has nothing left to say."""


Blame = Callable[["Mismatch"], None]
"""Told of a mismatch that a waiting rule finds later."""


class Mismatch(Exception):
    """Two specs cannot be equal; `aspect` says in what they differ."""

    def __init__(self, aspect: str) -> None:
        super().__init__(aspect)
        self.aspect = aspect


class Solver:
    """What is known about the unknowns of one board."""

    def __init__(self) -> None:
        self.sizes: dict[tuple[str, str], int | Symbol] = {}
        self.stars: dict[tuple[str, str], Dims] = {}
        self.trees: dict[tuple[str, str], Spec] = {}
        self.dtypes: dict[str, str] = {}
        self.waiting: list[tuple[Rule, Blame | None]] = []
        self._blame: Blame | None = None

    # ------------------------------------------------------------------ asking

    def dim(self, dim: int | Symbol) -> int | Symbol:
        """The dim with everything known put in."""
        while isinstance(dim, Symbol) and not dim.rigid and dim.key in self.sizes:
            known = self.sizes[dim.key]
            if isinstance(known, int):
                return dim.value(known)
            dim = known._replace(
                factor=known.factor * dim.factor, offset=known.offset * dim.factor + dim.offset
            )
        return dim

    def dims(self, dims: Dims) -> Dims:
        """The dims with sizes and stars put in."""
        result: list[Dim] = []
        for dim in dims:
            if isinstance(dim, Star):
                known = self.stars.get(dim.key)
                result.extend([dim] if known is None else self.dims(known))
            else:
                result.append(self.dim(dim))
        return tuple(result)

    def dtype(self, dtype: str) -> str:
        """The dtype, followed through unknowns."""
        while dtype in self.dtypes:
            dtype = self.dtypes[dtype]
        return dtype

    def bound(self, bound: Bound | None) -> Bound | None:
        """A bound with its symbol put in."""
        return self.dim(bound) if isinstance(bound, Symbol) else bound

    def resolve(self, spec: Spec) -> Spec:
        """The spec with everything known put in."""
        return map_leaves(spec, self._resolve_leaf)

    def _resolve_leaf(self, leaf: TensorSpec | SymbolSpec) -> Spec:
        if isinstance(leaf, SymbolSpec):
            known = self.trees.get(leaf.key)
            batch = self.dims(leaf.batch)
            if known is None:
                return leaf.model_copy(update={"batch": batch})
            return with_batch(self.resolve(known), batch)
        return leaf.model_copy(
            update={
                "dtype": self.dtype(leaf.dtype),
                "batch": self.dims(leaf.batch),
                "sample": self.dims(leaf.sample),
                "low": self.bound(leaf.low),
                "high": self.bound(leaf.high),
            }
        )

    def is_solved(self, spec: Spec) -> bool:
        """No unknown is left in it (rigid board axes are known)."""
        spec = self.resolve(spec)
        unknown = any(not (isinstance(s, Symbol) and s.rigid) for s in symbols_of(spec))
        event = spec.event if isinstance(spec, DistributionSpec) else spec
        return not unknown and not any(
            isinstance(leaf, TensorSpec) and leaf.dtype.startswith(UNKNOWN_DTYPE)
            for _, leaf in leaves(event)
        )

    # ---------------------------------------------------------------- learning

    def unify(self, given: Spec, expected: Spec, blame: Blame | None = None) -> None:
        """Make two specs equal.

        Args:
            given: what the producing end gives.
            expected: what the consuming end expects; its bounds must contain the given ones.
            blame: told of a mismatch found later, in what had to wait.

        Raises:
            Mismatch: they cannot be equal; nothing was learnt.
        """
        saved = (dict(self.sizes), dict(self.stars), dict(self.trees), dict(self.dtypes))
        count = len(self.waiting)
        self._blame = blame
        try:
            self._spec(given, expected)
        except Mismatch:
            self.sizes, self.stars, self.trees, self.dtypes = saved
            del self.waiting[count:]
            raise

    def wait(self, rule: Rule, blame: Blame | None = None) -> None:
        """Try `rule` at every `settle` until it returns True; a mismatch in it goes to `blame`."""
        self.waiting.append((rule, blame))

    def settle(self) -> None:
        """Try the waiting rules until none of them concludes anything more."""
        progress = True
        while progress and self.waiting:
            rules, self.waiting = self.waiting, []
            before = self._count()
            kept = [(rule, blame) for rule, blame in rules if not self._try(rule, blame)]
            progress = len(kept) < len(rules) or self._count() > before
            self.waiting = kept + self.waiting

    def _count(self) -> int:
        """How much is known: a rule may learn something and still have more to say."""
        return len(self.sizes) + len(self.stars) + len(self.trees) + len(self.dtypes)

    def _try(self, rule: Rule, blame: Blame | None) -> bool:
        self._blame = blame
        try:
            return rule(self)
        except Mismatch as mismatch:
            if blame is None:
                raise
            blame(mismatch)
            return True

    def _spec(self, given: Spec, expected: Spec) -> None:
        given, expected = self.resolve(given), self.resolve(expected)
        if isinstance(given, SymbolSpec):
            self._tree(given, expected)
        elif isinstance(expected, SymbolSpec):
            self._tree(expected, given)
        elif isinstance(given, DistributionSpec) and isinstance(expected, DistributionSpec):
            self._spec(given.event, expected.event)
        elif isinstance(given, RecordSpec) and isinstance(expected, RecordSpec):
            self._record(given, expected)
        elif isinstance(given, TensorSpec) and isinstance(expected, TensorSpec):
            self._dtype(given.dtype, expected.dtype)
            self._dims(given.batch, expected.batch)
            self._dims(given.sample, expected.sample)
            self._bounds(given, expected)
        else:
            raise Mismatch(f"kind: {_kind(given)} is not {_kind(expected)}")

    def _tree(self, symbol: SymbolSpec, other: Spec) -> None:
        event = other.event if isinstance(other, DistributionSpec) else other
        for _, leaf in list(leaves(event)):
            self._dims(symbol.batch, leaf.batch)
        if isinstance(other, SymbolSpec) and other.key == symbol.key:
            return
        if any(isinstance(s, SymbolSpec) and s.key == symbol.key for s in symbols_of(other)):
            raise Mismatch(f"kind: `{symbol.name}` would contain itself")
        self.trees[symbol.key] = with_batch(other, ())

    def _record(self, given: RecordSpec, expected: RecordSpec) -> None:
        missing = [name for name in expected.names if name not in given.names]
        if missing:
            raise Mismatch(f"fields: `{missing[0]}` is missing")
        extra = [name for name in given.names if name not in expected.names]
        if extra:
            raise Mismatch(f"fields: `{extra[0]}` is not expected")
        for name, field in given.fields:
            self._spec(field, expected[name])

    def _dtype(self, given: str, expected: str) -> None:
        given, expected = self.dtype(given), self.dtype(expected)
        if given == expected:
            return
        if expected.startswith(UNKNOWN_DTYPE):
            self.dtypes[expected] = given
        elif given.startswith(UNKNOWN_DTYPE):
            self.dtypes[given] = expected
        else:
            raise Mismatch("dtype")

    def _dims(self, given: Dims, expected: Dims) -> None:
        given, expected = self.dims(given), self.dims(expected)
        first, second = _star_index(given), _star_index(expected)
        if first is None and second is None:
            if len(given) != len(expected):
                raise Mismatch(_rank(given, expected))
            self._pairs(given, expected)
            return
        front = min(x for x in (first, second, len(given), len(expected)) if x is not None)
        after = [
            i for i in (_star_index(given[::-1]), _star_index(expected[::-1])) if i is not None
        ]
        back = min([*after, len(given) - front, len(expected) - front])
        self._pairs(given[:front], expected[:front])
        self._pairs(given[len(given) - back :], expected[len(expected) - back :])
        self._middle(
            self.dims(given[front : len(given) - back]),
            self.dims(expected[front : len(expected) - back]),
        )

    def _middle(self, given: Dims, expected: Dims) -> None:
        """What is left once both ends have been matched: at least one side may be a lone star."""
        if given == expected:
            return
        for one, other in ((given, expected), (expected, given)):
            if len(one) == 1 and isinstance(one[0], Star):
                if one[0] in other:
                    raise Mismatch("rank")
                self.stars[one[0].key] = other
                return
        for one, other in ((given, expected), (expected, given)):
            fixed = sum(not isinstance(dim, Star) for dim in one)
            if _star_index(other) is None and (fixed > len(other) or fixed == len(one)):
                raise Mismatch(_rank(given, expected))
        self.wait(lambda solver: solver._retry_dims(given, expected), self._blame)

    def _retry_dims(self, given: Dims, expected: Dims) -> bool:
        count = len(self.waiting)
        self._dims(given, expected)
        undecided = len(self.waiting) > count
        del self.waiting[count:]
        return not undecided

    def _pairs(self, given: Dims, expected: Dims) -> None:
        for one, other in zip(given, expected, strict=True):
            assert not isinstance(one, Star) and not isinstance(other, Star)
            self._dim(one, other)

    def _dim(self, given: int | Symbol, expected: int | Symbol) -> None:
        given, expected = self.dim(given), self.dim(expected)
        if given == expected:
            return
        if isinstance(given, int) and isinstance(expected, int):
            raise Mismatch("shape")
        if isinstance(given, Symbol) and isinstance(expected, Symbol) and _is_same(given, expected):
            self._crossing(given, expected)
            return
        ends = sorted(((expected, given), (given, expected)), key=lambda pair: _offset(pair[0]))
        for one, other in ends:
            if not isinstance(one, Symbol) or one.rigid:
                continue
            if isinstance(other, int):
                self.sizes[one.key] = _whole(other - one.offset, one.factor)
                return
            if one.factor == 1:  # the smaller offset goes: no size can then become negative
                self.sizes[one.key] = other.plus(-one.offset)
                return
        if _is_known(given) and _is_known(expected):
            raise Mismatch("shape")
        self.wait(lambda solver: solver._retry_dim(given, expected), self._blame)

    def _crossing(self, given: Symbol, expected: Symbol) -> None:
        """One unknown on both sides: `n+2 = 2*n` has a solution, `n+2 = n` has none."""
        if given.factor == expected.factor or given.rigid:
            raise Mismatch("shape")
        size = _whole(expected.offset - given.offset, given.factor - expected.factor)
        self.sizes[given.key] = size

    def _retry_dim(self, given: int | Symbol, expected: int | Symbol) -> bool:
        count = len(self.waiting)
        self._dim(given, expected)
        undecided = len(self.waiting) > count
        del self.waiting[count:]
        return not undecided

    def _bounds(self, given: TensorSpec, expected: TensorSpec) -> None:
        if not expected.is_bounded:
            return
        if not given.is_bounded:
            if given.is_discrete and given.dtype != "bool":
                raise Mismatch("bounds")
            return
        self._bound(given.low, expected.low, 1.0)
        self._bound(given.high, expected.high, -1.0)

    def _bound(self, given: Bound | None, expected: Bound | None, sign: float) -> None:
        if isinstance(given, Symbol) or isinstance(expected, Symbol):
            if isinstance(given, int | Symbol) and isinstance(expected, int | Symbol):
                self._dim(given, expected)
                return
            raise Mismatch("bounds")
        values, limits = _entries(given), _entries(expected)
        if len(values) != len(limits):
            values, limits = (_loosest(values, sign),), (_loosest(limits, -sign),)
        for value, limit in zip(values, limits, strict=True):
            if value * sign < limit * sign:
                raise Mismatch("bounds")


def _whole(total: int, factor: int) -> int:
    """The size `total / factor`, which must be a whole number from 0."""
    size, rest = divmod(total, factor)
    if rest or size < 0:
        raise Mismatch("shape")
    return size


def _offset(dim: int | Symbol) -> int:
    return dim.offset if isinstance(dim, Symbol) else 0


def _is_same(one: Symbol, other: Symbol) -> bool:
    return one.key == other.key and one.rigid == other.rigid


def _is_known(dim: int | Symbol) -> bool:
    return isinstance(dim, int) or dim.rigid


def _entries(bound: Bound | None) -> tuple[float, ...]:
    """The numbers of a bound without symbols."""
    entries = each(bound)
    if entries is not None:
        return entries
    return (bound,) if isinstance(bound, int | float) else ()


def _loosest(values: tuple[float, ...], sign: float) -> float:
    """The least of lower bounds (sign 1), the greatest of upper ones (sign -1)."""
    return sign * min(sign * value for value in values)


def _star_index(dims: Dims) -> int | None:
    return next((i for i, dim in enumerate(dims) if isinstance(dim, Star)), None)


def _rank(given: Dims, expected: Dims) -> str:
    return "rank" if len(given) != len(expected) else "shape"


def _kind(spec: Spec) -> str:
    return {
        TensorSpec: "a tensor",
        RecordSpec: "a record",
        DistributionSpec: "a distribution",
        SymbolSpec: "a tree",
    }[type(spec)]
