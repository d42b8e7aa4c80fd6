"""Sizes and bounds: numbers, symbols and stars, and how they are spelt."""

from typing import NamedTuple


class Symbol(NamedTuple):
    """A size `factor * name + offset`; a `rigid` one is a board's axis, equal only to itself."""

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
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "bfloat16", "float32", "float64"),
)
UNKNOWN_DTYPE = "?"
_LONGEST_WHOLE = 1e15  # floats beyond are written with an exponent


def each(bound: Bound | None) -> tuple[float, ...] | None:
    """The entries of a bound that is given per element; a Symbol is none, though a tuple."""
    return bound if isinstance(bound, tuple) and not isinstance(bound, Symbol) else None


def shown_number(value: Bound, exact: bool = False) -> str:
    """A bound as specs spell it; `exact` writes every digit."""
    entries = each(value)
    if entries is not None:
        return "(" + ", ".join(shown_number(v, exact) for v in entries) + ")"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LONGEST_WHOLE:
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if exact else f"{value:.6g}"
    return str(value)


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
