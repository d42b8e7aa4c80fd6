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

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from alfgraph.diagnostics.snippets import ansi, gutter_of, plain, snippet, table, wrapped
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean, listing

__all__ = [
    "Diagnostic",
    "Edit",
    "Fact",
    "Help",
    "Reporter",
    "Retype",
    "Severity",
    "Source",
    "did_you_mean",
    "listing",
    "render_all",
    "to_github",
    "to_json",
]

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


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Plain, JSON-able dicts with the same keys for every diagnostic; columns count characters."""
    return [
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "path": diagnostic.path,
            "about": list(diagnostic.about),
            "source": _place(diagnostic.source),
            "facts": [fact.model_dump() for fact in diagnostic.facts],
            "notes": list(diagnostic.notes),
            "help": [fix.model_dump() for fix in diagnostic.help],
            "related": [{"label": label, "source": _place(it)} for label, it in diagnostic.related],
        }
        for diagnostic in by_severity(diagnostics)
    ]


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands, one a line, that GitHub shows as annotations beside the user's lines."""
    return "\n".join(_annotation(diagnostic) for diagnostic in by_severity(diagnostics))


def _place(source: Source | None) -> dict[str, Any] | None:
    """The stretch that is underlined, with the path as it is printed."""
    if source is None:
        return None
    shown = source.in_characters()
    focus = shown.focus or shown
    return {
        "file": source.shown_file,
        "line": focus.line,
        "column": focus.column,
        "end_line": focus.end_line,
        "end_column": focus.end_column,
    }


def _annotation(diagnostic: Diagnostic) -> str:
    command = "notice" if diagnostic.severity == "note" else diagnostic.severity
    place = _place(diagnostic.source) or {}
    properties = {
        "file": place.get("file"),
        "line": place.get("line"),
        "col": place.get("column"),
        "title": diagnostic.code or None,
    }
    listed = ",".join(
        f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    facts = (f"{fact.subject} {fact.verb} {fact.spec}" for fact in diagnostic.facts)
    helps = (f"help: {fix.text}" for fix in diagnostic.help)
    text = "\n".join([diagnostic.message, *facts, *diagnostic.notes, *helps])
    return f"::{command} {listed}::{_escaped(text)}" if listed else f"::{command}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


class Reporter:
    """Collects a board's diagnostics: drops what was said before and what only follows from it.

    After a failure a pass poisons what it concerned (`poison("env.observation")`); later
    diagnostics that name it, or something below it, are follow-ups and dropped, so that one wrong
    dtype is not reported on every wire behind it.
    """

    def __init__(self) -> None:
        """Start with nothing reported and nothing poisoned."""
        self._kept: dict[Diagnostic, frozenset[str]] = {}
        self._poisoned: set[str] = set()

    def report(self, diagnostic: Diagnostic, subjects: Iterable[str] = ()) -> bool:
        """Take a diagnostic in, unless it is a duplicate or a follow-up.

        Args:
            diagnostic: What is wrong.
            subjects: What it is about, besides the subjects of its facts and its path.

        Returns:
            Whether it was kept.
        """
        subjects = frozenset(subjects)
        named = {diagnostic.path, *(fact.subject for fact in diagnostic.facts), *subjects}
        if diagnostic in self._kept or any(self.is_poisoned(subject) for subject in named):
            return False
        self._kept[diagnostic] = subjects
        return True

    def poison(self, *subjects: str) -> None:
        """Drop later diagnostics that name these (pins, symbols, paths) or anything below them."""
        self._poisoned.update(subject for subject in subjects if subject)

    def blame(self, diagnostics: Iterable[Diagnostic], subject: str) -> None:
        """Take in the cause of what was and will be reported about a subject; that is dropped.

        Args:
            diagnostics: The cause.
            subject: What goes wrong because of it.
        """
        if self.is_poisoned(subject):
            return
        self._kept = {kept: about for kept, about in self._kept.items() if subject not in about}
        self.extend(diagnostics)
        self.poison(subject)

    def is_poisoned(self, subject: str) -> bool:
        """Whether this subject, or what it is a part of, was poisoned."""
        parts = subject.split(".")
        return any(".".join(parts[: n + 1]) in self._poisoned for n in range(len(parts)))

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take in several, in order."""
        for diagnostic in diagnostics:
            self.report(diagnostic)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything kept: errors, then warnings, then notes."""
        return tuple(by_severity(self._kept))

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What stops the board."""
        return tuple(d for d in self._kept if d.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is probably not meant."""
        return tuple(d for d in self._kept if d.severity == "warning")

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What was decided for the user."""
        return tuple(d for d in self._kept if d.severity == "note")

    def raise_if_errors(self, exception: Callable[[tuple[Diagnostic, ...]], Exception]) -> None:
        """Raise what was reported, warnings included, if any of it is an error.

        Args:
            exception: Usually a class: `reporter.raise_if_errors(WiringError)`.

        Raises:
            Exception: The one `exception` makes of the diagnostics.
        """
        if self.errors:
            raise exception(self.diagnostics)
