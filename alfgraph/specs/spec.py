"""Specs describe tensors before they exist: dtype, dims, bounds, role.

One grammar serves declarations, errors, edge labels, JSON and the command line:

    float32[B, 4]                      a tensor
    int64[B] in [0, 2)                 a discrete one; bounds are inclusive inside
    float32[*batch, *r]                any leading axes, any sample shape
    observation[*batch]                a spec symbol: any tree of tensors
    {position: float32[B, 3], camera: uint8[B, 3, 64, 64]}
    distribution(int64[B] in [0, 2))   a distribution over such a value

A spec is **batch | sample**: leading CAPITALS (`T`, `T+1`, `B`, `M`) and the first `*star` are
the batch part, the rest the sample part; the two are unified separately (see `unify`).
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from alfgraph.specs.dims import (
    DTYPES,
    UNKNOWN_DTYPE,
    Bound,
    Dim,
    Dims,
    Star,
    Symbol,
    each,
    shown_number,
    split_dims,
)
from alfgraph.specs.grammar import SpecSyntaxError, SpecTokens


class _SpecModel(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if isinstance(data, str):
            spec = parse_spec(data)
            if not isinstance(spec, cls):
                raise SpecSyntaxError(f"`{data}` is a {type(spec).__name__}, not a {cls.__name__}")
            return dict(spec)
        return data

    @model_serializer
    def _to_text(self) -> str:
        return spell(cast("Spec", self), exact=True)

    def __str__(self) -> str:
        return spell(cast("Spec", self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class TensorSpec(_SpecModel):
    """One tensor: dtype, batch dims, sample dims, optional inclusive bounds, optional role."""

    dtype: str
    batch: Dims = ()
    sample: Dims = ()
    low: Bound | None = None
    high: Bound | None = None
    role: str | None = None

    @property
    def dims(self) -> Dims:
        """Batch dims, then sample dims."""
        return self.batch + self.sample

    @property
    def is_discrete(self) -> bool:
        """Integer dtypes are discrete, as in ALF."""
        return self.dtype.startswith(("int", "uint", "bool"))

    @property
    def is_bounded(self) -> bool:
        """Both ends are declared."""
        return self.low is not None and self.high is not None


class SymbolSpec(_SpecModel):
    """Any tree of tensors with this batch part, named so that it can be equal elsewhere."""

    name: str
    scope: str = ""
    batch: Dims = ()

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the unknown."""
        return (self.scope, self.name)


class RecordSpec(_SpecModel):
    """A tree: named specs, in the order declared."""

    fields: tuple[tuple[str, "Spec"], ...] = ()

    def __getitem__(self, name: str) -> "Spec":
        return dict(self.fields)[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in order."""
        return tuple(name for name, _ in self.fields)


class DistributionSpec(_SpecModel):
    """A distribution over `event`; family and parameters are known after the trial run."""

    event: "Spec"
    family: str | None = None
    parameters: tuple[TensorSpec, ...] = ()


Spec = TensorSpec | SymbolSpec | RecordSpec | DistributionSpec
RecordSpec.model_rebuild()
DistributionSpec.model_rebuild()


def map_leaves(spec: Spec, function: Callable[[TensorSpec | SymbolSpec], Spec]) -> Spec:
    """Rebuild a spec with `function` applied to its tensors and symbols."""
    if isinstance(spec, RecordSpec):
        return RecordSpec(fields=tuple((k, map_leaves(s, function)) for k, s in spec.fields))
    if isinstance(spec, DistributionSpec):
        parameters = tuple(function(p) for p in spec.parameters)
        return DistributionSpec(
            event=map_leaves(spec.event, function),
            family=spec.family,
            parameters=tuple(p for p in parameters if isinstance(p, TensorSpec)),
        )
    return function(spec)


def leaves(spec: Spec, prefix: str = "") -> Iterator[tuple[str, TensorSpec | SymbolSpec]]:
    """Yield `(dotted path, tensor or symbol)`; a distribution yields its parameters."""
    if isinstance(spec, RecordSpec):
        for name, field in spec.fields:
            yield from leaves(field, f"{prefix}.{name}" if prefix else name)
    elif isinstance(spec, DistributionSpec):
        for index, parameter in enumerate(spec.parameters):
            yield f"{prefix}.{index}" if prefix else str(index), parameter
    else:
        yield prefix, spec


def with_batch(spec: Spec, batch: Dims) -> Spec:
    """The same tree with another batch part on every leaf."""
    return map_leaves(spec, lambda leaf: leaf.model_copy(update={"batch": batch}))


def batch_of(spec: Spec) -> Dims | None:
    """The batch part of the first leaf, or None for an empty tree."""
    for _, leaf in leaves(spec.event if isinstance(spec, DistributionSpec) else spec):
        return leaf.batch
    return None


def symbols_of(spec: Spec) -> Iterator[Symbol | Star | SymbolSpec]:
    """Every unknown in a spec."""
    for _, leaf in leaves(spec.event if isinstance(spec, DistributionSpec) else spec):
        if isinstance(leaf, SymbolSpec):
            yield leaf
        dims = leaf.dims if isinstance(leaf, TensorSpec) else leaf.batch
        for dim in dims:
            if not isinstance(dim, int):
                yield dim
        if isinstance(leaf, TensorSpec):
            for bound in (leaf.low, leaf.high):
                if isinstance(bound, Symbol):
                    yield bound


def same_structure(a: Spec, b: Spec) -> bool:
    """Whether dtype and dims agree leaf by leaf (bounds and roles aside)."""
    first, second = list(leaves(a)), list(leaves(b))
    return [p for p, _ in first] == [p for p, _ in second] and all(
        isinstance(x, TensorSpec)
        and isinstance(y, TensorSpec)
        and (x.dtype, x.dims) == (y.dtype, y.dims)
        for (_, x), (_, y) in zip(first, second, strict=True)
    )


# -------------------------------------------------------------------------------- printing


def spell(spec: "Spec", exact: bool = False) -> str:
    """A spec in the grammar of this module.

    Args:
        spec: what to write.
        exact: write every digit and every element's bounds, so that `parse_spec` gives back an
            equal spec (roles and scopes aside, which have no spelling); else what a reader wants.
    """
    if isinstance(spec, RecordSpec):
        fields = (f"{_show_name(name)}: {spell(field, exact)}" for name, field in spec.fields)
        return "{" + ", ".join(fields) + "}"
    if isinstance(spec, DistributionSpec):
        return f"{spec.family or 'distribution'}({spell(spec.event, exact)})"
    if isinstance(spec, SymbolSpec):
        return f"{spec.name}[{_show_dims(spec.batch)}]"
    return f"{spec.dtype}[{_show_dims(spec.dims)}]{_show_bounds(spec, exact)}"


def _show_name(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else f'"{name}"'


def _show_dims(dims: Dims) -> str:
    return ", ".join(str(dim) for dim in dims)


def _show_bounds(spec: TensorSpec, exact: bool) -> str:
    low, high = spec.low, spec.high
    if low is None or high is None:
        return ""
    per_element = each(low) is not None or each(high) is not None
    if per_element and not exact:
        return _show_widest(each(low) or (low,), each(high) or (high,))
    if low == -math.inf and high == math.inf and not exact:
        return ""
    if spec.is_discrete and not per_element and high != math.inf:
        end = high.plus(1) if isinstance(high, Symbol) else int(high) + 1  # type: ignore[arg-type]
        return f" in [{shown_number(low)}, {end})"
    return f" in [{shown_number(low, exact)}, {shown_number(high, exact)}]"


def _show_widest(lows: Sequence[Bound], highs: Sequence[Bound]) -> str:
    """The least and the greatest of bounds that differ from element to element."""
    least = min((v for v in lows if isinstance(v, int | float)), default=-math.inf)
    most = max((v for v in highs if isinstance(v, int | float)), default=math.inf)
    if least == -math.inf or most == math.inf:
        return ""
    return f" in [{shown_number(least)}..{shown_number(most)}]"


# --------------------------------------------------------------------------------- parsing


class _Parser(SpecTokens):
    """Recursive descent over the spec grammar."""

    def spec(self) -> Spec:
        if self.peek() == "{":
            return self.record()
        start = self.index
        word = self.take() if self.peek() == UNKNOWN_DTYPE else self.take_word("a dtype or a name")
        if self.peek() == "(":
            self.take("(")
            event = self.spec()
            self.take(")")
            return DistributionSpec(event=event, family=None if word == "distribution" else word)
        self.take("[")
        dims: list[Dim] = []
        while self.peek() != "]":
            dims.append(self.dim())
            if self.peek() != "]":
                self.take(",")
        self.take("]")
        batch, sample = split_dims(tuple(dims))
        if word not in DTYPES and word != UNKNOWN_DTYPE:
            if not re.fullmatch(r"[a-z_]\w*", word):
                self.index = start
                raise self.error(f"`{word}` is neither a dtype nor a lower-case spec symbol")
            if sample:
                raise self.error("a spec symbol takes batch dims only")
            return SymbolSpec(name=word, batch=batch)
        low, high = self.bounds(word)
        return TensorSpec(dtype=word, batch=batch, sample=sample, low=low, high=high)

    def record(self) -> RecordSpec:
        self.take("{")
        fields: list[tuple[str, Spec]] = []
        while self.peek() != "}":
            if self.kind not in {"word", "quoted", "number"}:
                raise self.error(f"expected a field name, found `{self.shown}`")
            if self.peek() in {known for known, _ in fields}:
                raise self.error(f"the field `{self.peek()}` is declared twice")
            name = self.take()
            self.take(":")
            fields.append((name, self.spec()))
            if self.peek() != "}":
                self.take(",")
        self.take("}")
        return RecordSpec(fields=tuple(fields))


def parse_spec(text: str) -> Spec:
    """Read a spec in the grammar of this module.

    Raises:
        SpecSyntaxError: the text is not a spec; the message says where and shows an example.
    """
    parser = _Parser(text)
    spec = parser.spec()
    if parser.peek():
        raise parser.error(f"`{parser.peek()}` follows the end")
    return spec


DtypeFamily = Literal["float", "int", "bool", "distribution", "record"]


def dtype_family(spec: Spec) -> DtypeFamily:
    """The colour of a wire: float, int, bool, distribution or record."""
    if isinstance(spec, DistributionSpec):
        return "distribution"
    if isinstance(spec, TensorSpec):
        if spec.dtype == "bool":
            return "bool"
        return "int" if spec.is_discrete else "float"
    return "record"
