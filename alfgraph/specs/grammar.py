"""The words of the spec grammar, dims and bounds, and the sentence for what does not belong."""

import math
import re

from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.specs.dims import UNKNOWN_DTYPE, Bound, Dim, Star, Symbol, shown_number

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|-?inf)(?![A-Za-z_])"
    r"|(?P<word>[A-Za-z_][A-Za-z_0-9]*)|\"(?P<quoted>[^\"]*)\"|(?P<mark>\.\.|[\[\](){},:*+?-]))"
)


class SpecSyntaxError(AlfgraphError, ValueError):
    """A spec that does not follow the grammar of `alfgraph.specs.spec`."""


class SpecTokens:
    """The tokens of one text; the next one is looked at (`peek`, `kind`) or taken."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str]] = []
        self.places: list[int] = []
        self.index = 0
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            start = position + len(text[position:]) - len(text[position:].lstrip())
            self.places.append(start)
            if not match:
                self.index = len(self.tokens)
                raise self.error(f"unexpected `{text[start]}`")
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind)))
            position = match.end()

    def error(self, reason: str) -> SpecSyntaxError:
        """The sentence about the next token, and where it stands."""
        at = self.places[self.index] if self.index < len(self.places) else len(self.text)
        return SpecSyntaxError(
            f"`{self.text}` is not a spec: {reason}, at character {at + 1}; write for example "
            "`float32[B, 4]`, `int64[*batch] in [0, n)` or `observation[*batch]`"
        )

    @property
    def kind(self) -> str:
        """The kind of the next token: number, word, quoted or mark; empty at the end."""
        return self.tokens[self.index][0] if self.index < len(self.tokens) else ""

    def peek(self, ahead: int = 0) -> str:
        """The next token, or one after it; empty at the end."""
        at = self.index + ahead
        return self.tokens[at][1] if at < len(self.tokens) else ""

    @property
    def shown(self) -> str:
        """The next token as sentences name it."""
        return self.peek() or "the end"

    def take(self, expected: str = "") -> str:
        """The next token, which must be this one."""
        if not self.kind or (expected and self.peek() != expected):
            raise self.error(f"expected `{expected or 'more'}`, found `{self.shown}`")
        token = self.peek()
        self.index += 1
        return token

    def take_word(self, what: str) -> str:
        """The next token, which must be a name."""
        if self.kind != "word":
            raise self.error(f"expected {what}, found `{self.shown}`")
        return self.take()

    def take_size(self) -> int:
        """The next token, which must be a whole number from 0."""
        if self.kind != "number" or not re.fullmatch(r"\d+", self.peek()):
            raise self.error(f"`{self.shown}` is not a whole number")
        return int(self.take())

    def dim(self) -> Dim:
        """A size, a symbol with factor and offset, or a star."""
        if self.peek() == "*":
            self.take("*")
            return Star(self.take_word("the name of the star"))
        if self.kind == "number":
            number = self.take_size()
            if self.peek() != "*":
                return number
            self.take("*")
            return self.offset(Symbol(self.symbol(), factor=number))
        if self.kind != "word":
            raise self.error(f"`{self.shown}` is not a dim")
        return self.offset(Symbol(self.symbol()))

    def symbol(self) -> str:
        """The name of a size, maybe with an index."""
        name = self.take_word("a symbol")
        if self.peek() == "[":  # an entry of a tuple setting: hidden[-1]
            self.take("[")
            if not re.fullmatch(r"-?\d+", self.peek()):
                raise self.error(f"`{self.shown}` is not an index")
            name = f"{name}[{self.take()}]"
            self.take("]")
        return name

    def offset(self, symbol: Symbol) -> Symbol:
        """The same symbol with what is added to it."""
        if self.peek() == "+":
            self.take("+")
            return symbol.plus(self.take_size())
        following = self.peek()
        if self.kind == "number" and re.fullmatch(r"-\d+", following):
            return symbol.plus(int(self.take()))
        if following == "-":
            self.take("-")
            return symbol.plus(-self.take_size())
        return symbol

    def bounds(self, dtype: str) -> tuple[Bound | None, Bound | None]:
        """What follows `in`, both ends inclusive; None where nothing does."""
        if self.peek() != "in":
            return None, None
        self.take("in")
        self.take("[")
        low = self.bound(dtype)
        self.take("..") if self.peek() == ".." else self.take(",")
        high = self.bound(dtype)
        if self.peek() == ")":
            high = self.exclusive(high, dtype)
        elif self.peek() != "]":
            raise self.error(f"expected `]` or `)`, found `{self.shown}`")
        if _is_empty(low, high):
            raise self.error(f"nothing lies between {shown_number(low)} and {shown_number(high)}")
        self.index += 1
        return low, high

    def bound(self, dtype: str) -> Bound:
        """One end: a number, a symbol, or one number per element."""
        if self.peek() == "(":  # one bound per element, as JSON has them
            self.take("(")
            entries = [self.number(dtype)]
            while self.peek() == ",":
                self.take(",")
                entries.append(self.number(dtype))
            self.take(")")
            return tuple(entries)
        if self.kind == "number" and self.peek(1) != "*":
            return self.number(dtype)
        dim = self.dim()
        if isinstance(dim, Star):
            raise self.error("a bound is a number or a symbol")
        return dim

    def number(self, dtype: str) -> int | float:
        """A number that the dtype can hold."""
        if self.kind != "number":
            raise self.error(f"`{self.shown}` is not a number")
        value = float(self.peek())
        if dtype.startswith(("float", "bfloat")):
            self.take()
            return value
        if math.isfinite(value) and not value.is_integer() and dtype != UNKNOWN_DTYPE:
            raise self.error(f"`{self.peek()}` is no {dtype}")
        text = self.take()
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return int(value) if value.is_integer() else value

    def exclusive(self, high: Bound, dtype: str) -> Bound:
        """The last whole number below an end."""
        if isinstance(high, Symbol):
            return high.plus(-1)
        if isinstance(high, tuple) or dtype.startswith(("float", "bfloat")):
            raise self.error("an exclusive bound is for whole numbers; write `]`")
        return high - 1


def _is_empty(low: Bound, high: Bound) -> bool:
    return isinstance(low, int | float) and isinstance(high, int | float) and low > high
