"""The words of the spec grammar, one by one, and the sentence for the one that does not belong."""

import re

from alfgraph.diagnostics.errors import AlfgraphError

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
