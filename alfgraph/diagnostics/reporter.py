"""The reporter of one check: what was found so far, without what only follows from it."""

from collections.abc import Callable, Iterable

from alfgraph.diagnostics.diagnostic import Diagnostic, by_severity


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
