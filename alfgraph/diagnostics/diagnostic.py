"""What is wrong with a board, as data: both ends, the user's line, the facts, a fix to type.

A pass reports `Diagnostic`s to a `Reporter`; nothing is raised until all of a board's diagnostics
are known, so that one run shows them together, root cause first.

    error[E101]: `actor.logits` does not fit `env.action`
       ┌─ graphs/cart_pole.py:12:9
    12 │         self.env.feed(action=pi.logits)
       │                       ^^^^^^^^^^^^^^^^
       = actor.logits   gives   float32[B, 2]          (ActorDistributionNetwork)
       = env.action     expects int64[B] in [0, 2)     (GymEnv "CartPole-v1")
       help: `actor.action` is int64[B] in [0, 2) and fits; did you mean `.action`?
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from alfgraph.diagnostics.snippets import ansi, gutter_of, plain, snippet, table, wrapped
from alfgraph.diagnostics.source import Source

Severity = Literal["error", "warning", "note"]
_RANK = {"error": 0, "warning": 1, "note": 2}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(_Frozen):
    """What one end of a wire gives or expects.

    Attributes:
        subject: The pin, such as `actor.logits`.
        verb: `gives`, `expects`, `writes`, ...
        spec: The spec, as TensorSpec prints it.
        origin: Who says so, such as `GymEnv "CartPole-v1"`; printed in brackets.
    """

    subject: str
    verb: str
    spec: str
    origin: str = ""


class Edit(_Frozen):
    """Something a tool can replace: characters, from (line, column) up to (end_line, end_column).

    Lines and columns count characters from 1; the end column is excluded, so that an insertion
    ends where it starts.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str


class Retype(_Frozen):
    """What to type instead of what was given: an option, a file, a part's name.

    Whoever raises a diagnostic may not know what was typed or where: of a part's own setting,
    `given` is its name; the pass that knows the part's line makes edits of it, and the command
    line the whole option.
    """

    given: str
    instead: str


class Help(_Frozen):
    """What to do, as a sentence and, where that is known to the letter, for a tool to apply.

    Attributes:
        text: The sentence.
        edits: What to replace in the user's files; they belong together.
        retype: What to replace on the command line.
    """

    text: str
    edits: tuple[Edit, ...] = ()
    retype: Retype | None = None


class Diagnostic(_Frozen):
    """One thing that is wrong, complete enough to be shown, sorted, compared and fixed by a tool.

    Attributes:
        code: Stable code such as `E101` (`alfgraph.diagnostics.codes`); empty where there is none.
        severity: By default a warning for `W…`, else an error.
        message: One sentence naming both ends; names in backticks.
        source: The user's line.
        facts: What the ends give and expect.
        notes: Further sentences, such as what differs.
        help: Fixes, best first.
        path: Socket path of the part it is about, such as `algorithm.actor`.
        about: Which of that part's settings and pins it concerns: `num_envs`, `kwargs.gravity`.
        related: Other places, each with a label, such as `the first writer`.
    """

    code: str = ""
    message: str
    severity: Severity = "error"
    source: Source | None = None
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    help: tuple[Help, ...] = ()
    path: str = ""
    about: tuple[str, ...] = ()
    related: tuple[tuple[str, Source], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _severity_of_code(cls, fields: Any) -> Any:
        """W110 is a warning, everything else an error, where the author does not say."""
        if isinstance(fields, dict) and str(fields.get("code", "")).startswith("W"):
            return {"severity": "warning", **fields}
        return fields

    def __str__(self) -> str:
        """The report without colour."""
        return self.render()

    def render(self, color: bool = False, width: int = 100) -> str:
        """The report of this diagnostic, in lines of `width` where the user's names allow it.

        Args:
            color: Whether to write ANSI colours.
            width: Columns of the terminal.
        """
        paint = ansi if color else plain
        places = [place for _, place in self.related]
        gutter = gutter_of([self.source, *places] if self.source else places)
        indent = " " * (gutter + 1)
        lines = self._heading(color, width)
        if self.source is not None:
            lines += snippet(self.source, gutter, width, paint, self.severity)
        elif self.path:
            lines.append(f"{indent}{paint('┌─', 'frame')} {self.path}")
        for label, place in self.related:
            block = snippet(place, gutter, width, paint, "note")
            lines += [f"{block[0]} ({label})", *block[1:]]
        facts = [(fact.subject, fact.verb, fact.spec, fact.origin) for fact in self.facts]
        lines += table(facts, indent, width) if facts else []
        for note in self.notes:
            lines += wrapped(note, f"{indent}= ", f"{indent}  ", width)
        for fix in self.help:
            block = wrapped(fix.text, f"{indent}help: ", f"{indent}      ", width)
            lines += [block[0].replace("help:", paint("help:", "help"), 1), *block[1:]]
        return "\n".join(lines)

    def _heading(self, color: bool, width: int) -> list[str]:
        label = f"{self.severity}[{self.code}]" if self.code else self.severity
        first, *more = wrapped(self.message, f"{label}: ", "   ", width)
        if not color:
            return [first, *more]
        sentence = first.removeprefix(label)
        return [
            ansi(label, self.severity) + ansi(sentence, "bold"),
            *(ansi(line, "bold") for line in more),
        ]


def render_all(
    diagnostics: Iterable[Diagnostic], cap: int = 20, color: bool = False, width: int = 100
) -> str:
    """All diagnostics of a board in one report: errors first, else in the order given.

    Args:
        diagnostics: Root causes first.
        cap: How many are shown at most; the others are counted.
        color: Whether to write ANSI colours.
        width: Columns of the terminal.

    Returns:
        The report, empty where nothing is wrong.
    """
    ordered = by_severity(diagnostics)
    if not ordered:
        return ""
    blocks = [diagnostic.render(color, width) for diagnostic in ordered[:cap]]
    if len(ordered) > cap:
        blocks.append(f"… and {len(ordered) - cap} more")
    return "\n\n".join([*blocks, summary(ordered)])


def by_severity(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Errors, then warnings, then notes; each in the order given, which is root cause first."""
    return sorted(diagnostics, key=lambda diagnostic: _RANK[diagnostic.severity])


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """How many there are: `2 errors, 1 warning`."""
    counts = [(sum(d.severity == kind for d in diagnostics), kind) for kind in _RANK]
    return ", ".join(f"{n} {kind}{'s' * (n > 1)}" for n, kind in counts if n) or "no errors"
