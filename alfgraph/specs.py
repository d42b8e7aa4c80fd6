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
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator

from alfgraph.errors import AlfgraphError


class SpecSyntaxError(AlfgraphError, ValueError):
    """A spec that does not follow the grammar of this module."""


class Symbol(NamedTuple):
    """A size `factor * name + offset`; `rigid` symbols are axes of the board, equal only to themselves."""

    name: str
    scope: str = ""
    factor: int = 1
    offset: int = 0
    rigid: bool = False

    def __str__(self) -> str:
        scaled = self.name if self.factor == 1 else f"{self.factor}*{self.name}"
        return scaled if self.offset == 0 else f"{scaled}{self.offset:+d}"

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the unknown, without factor and offset."""
        return (self.scope, self.name)

    def plus(self, offset: int) -> "Symbol":
        """The same size, `offset` larger."""
        return self._replace(offset=self.offset + offset)

    def value(self, size: int) -> int:
        """The number when the bare symbol is `size`."""
        return self.factor * size + self.offset


class Star(NamedTuple):
    """Any number of axes."""

    name: str
    scope: str = ""

    def __str__(self) -> str:
        return f"*{self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the unknown."""
        return (self.scope, f"*{self.name}")


Dim = int | Symbol | Star
Dims = tuple[Dim, ...]
Bound = int | float | Symbol | tuple[float, ...]

DTYPES = (
    "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64"
).split()
UNKNOWN_DTYPE = "?"


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
        return str(self)

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

    def __str__(self) -> str:
        return f"{self.dtype}[{_show_dims(self.dims)}]{_show_bounds(self)}"


class SymbolSpec(_SpecModel):
    """Any tree of tensors with this batch part, named so that it can be equal elsewhere."""

    name: str
    scope: str = ""
    batch: Dims = ()

    @property
    def key(self) -> tuple[str, str]:
        """Identity of the unknown."""
        return (self.scope, self.name)

    def __str__(self) -> str:
        return f"{self.name}[{_show_dims(self.batch)}]"


class RecordSpec(_SpecModel):
    """A tree: named specs, in the order declared."""

    fields: tuple[tuple[str, "Spec"], ...] = ()

    def __getitem__(self, name: str) -> "Spec":
        return dict(self.fields)[name]

    @property
    def names(self) -> tuple[str, ...]:
        """Field names in order."""
        return tuple(name for name, _ in self.fields)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {spec}" for name, spec in self.fields) + "}"


class DistributionSpec(_SpecModel):
    """A distribution over `event`; family and parameters are known after the trial run."""

    event: "Spec"
    family: str | None = None
    parameters: tuple[TensorSpec, ...] = ()

    def __str__(self) -> str:
        return f"{self.family or 'distribution'}({self.event})"


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
        isinstance(x, TensorSpec) and isinstance(y, TensorSpec)
        and (x.dtype, x.dims) == (y.dtype, y.dims)
        for (_, x), (_, y) in zip(first, second, strict=True)
    )


# -------------------------------------------------------------------------------- printing


def _show_dims(dims: Dims) -> str:
    return ", ".join(str(dim) for dim in dims)


def _show_number(value: Bound) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(_show_number(v) for v in value) + ")"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _show_bounds(spec: TensorSpec) -> str:
    low, high = spec.low, spec.high
    if low is None or high is None:
        return ""
    if isinstance(low, tuple) or isinstance(high, tuple):
        lows = low if isinstance(low, tuple) else (low,)
        highs = high if isinstance(high, tuple) else (high,)
        if any(isinstance(v, Symbol) for v in lows + highs):
            return f" in [{_show_number(low)}, {_show_number(high)}]"
        low, high = min(lows), max(highs)  # type: ignore[type-var]
        if low == -math.inf or high == math.inf:
            return ""
        return f" in [{_show_number(low)}..{_show_number(high)}]"
    if spec.is_discrete:
        end = high.plus(1) if isinstance(high, Symbol) else int(high) + 1
        return f" in [{_show_number(low)}, {end})"
    if low == -math.inf and high == math.inf:
        return ""
    return f" in [{_show_number(low)}, {_show_number(high)}]"


# --------------------------------------------------------------------------------- parsing

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?inf)(?![A-Za-z_])"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|(?P<mark>\.\.|[\[\](){},:*+?-]))"
)


class _Parser:
    """Recursive descent over the spec grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if not match:
                raise self.error(f"unexpected `{text[position:].strip()[:10]}`")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind)))
            position = match.end()
        self.index = 0

    def error(self, reason: str) -> SpecSyntaxError:
        return SpecSyntaxError(
            f"`{self.text}` is not a spec: {reason}; write for example `float32[B, 4]`, "
            "`int64[*batch] in [0, n)` or `observation[*batch]`"
        )

    def peek(self, ahead: int = 0) -> str:
        at = self.index + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise self.error(f"expected `{expected or 'more'}`, found `{token or 'the end'}`")
        self.index += 1
        return token

    def spec(self) -> Spec:
        if self.peek() == "{":
            return self.record()
        word = self.take()
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
            name = self.take()
            self.take(":")
            fields.append((name, self.spec()))
            if self.peek() != "}":
                self.take(",")
        self.take("}")
        return RecordSpec(fields=tuple(fields))

    def dim(self) -> Dim:
        kind = self.tokens[self.index][0] if self.index < len(self.tokens) else ""
        if self.peek() == "*":
            self.take("*")
            return Star(self.take())
        if kind == "number":
            number = int(self.take())
            if self.peek() != "*":
                return number
            self.take("*")
            return self.offset(Symbol(self.take(), factor=number))
        if kind != "word":
            raise self.error(f"`{self.peek() or 'the end'}` is not a dim")
        name = self.take()
        if self.peek() == "[":  # an entry of a tuple setting: hidden[-1]
            self.take("[")
            name = f"{name}[{self.take()}]"
            self.take("]")
        return self.offset(Symbol(name))

    def offset(self, symbol: Symbol) -> Symbol:
        if self.peek() == "+":
            self.take("+")
            return symbol.plus(int(self.take()))
        following = self.peek()
        if re.fullmatch(r"-\d+", following):
            return symbol.plus(int(self.take()))
        if following == "-":
            self.take("-")
            return symbol.plus(-int(self.take()))
        return symbol

    def bounds(self, dtype: str) -> tuple[Bound | None, Bound | None]:
        if self.peek() != "in":
            return None, None
        self.take("in")
        self.take("[")
        low = self.bound()
        self.take("..") if self.peek() == ".." else self.take(",")
        high = self.bound()
        if self.take() == ")":
            high = high.plus(-1) if isinstance(high, Symbol) else _exclusive(high)
        return _as_number(low, dtype), _as_number(high, dtype)

    def bound(self) -> Bound:
        kind, text = self.tokens[self.index] if self.index < len(self.tokens) else ("", "")
        if kind == "number":
            self.take()
            return float(text)
        dim = self.dim()
        if isinstance(dim, Star):
            raise self.error("a bound is a number or a symbol")
        return dim


def _exclusive(high: Bound) -> Bound:
    if isinstance(high, float | int):
        return high - 1
    raise SpecSyntaxError("an exclusive bound is a number or a symbol")


def _as_number(value: Bound, dtype: str) -> Bound:
    if isinstance(value, float) and not dtype.startswith("float") and value.is_integer():
        return int(value)
    return value


def split_dims(dims: Dims) -> tuple[Dims, Dims]:
    """Split into the batch part (leading CAPITALS, the first leading star) and the sample part."""
    cut = 0
    for dim in dims:
        if isinstance(dim, Star):
            cut += 1
            break
        if not (isinstance(dim, Symbol) and dim.name[:1].isupper()):
            break
        cut += 1
    return dims[:cut], dims[cut:]


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
