"""The exceptions of alfgraph; catch `AlfgraphError` to catch them all.

    AlfgraphError              anything alfgraph has to say to its user
    ├── UsageError             a wrong call: of the command line, of a function
    ├── BoardError             the board is wrong; `.diagnostics` says what and where
    │   ├── GraphFileError     a graph file cannot be loaded
    │   ├── SettingError       a setting, swap or override is wrong
    │   └── WiringError        wires, specs, gradients, phases or schedules do not fit
    └── RunError               something failed while a board runs
        └── CheckpointError    a checkpoint cannot be written or read

All are made from one sentence, from one `Diagnostic`, or from several; `str()` is the report a user
reads, and the command line prints that and nothing else. A failure inside a user's component is
none of these: it keeps its own type and traceback and gains the place on the board as a note
(`add_board_path`).
"""

from collections.abc import Iterable

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, render_all
from alfgraph.diagnostics.source import Source


class AlfgraphError(Exception):
    """The root of all exceptions alfgraph raises on purpose.

    Attributes:
        diagnostics: What is wrong, root cause first.
    """

    diagnostics: tuple[Diagnostic, ...]

    def __init__(
        self,
        what: str | Diagnostic | Iterable[Diagnostic],
        *,
        code: str = "",
        help: str | Help = "",
        about: Iterable[str] = (),
        source: Source | None = None,
    ) -> None:
        """Make the error from a sentence, a diagnostic or several.

        Args:
            what: A sentence that names the fix, or what a pass found.
            code: The code of a sentence.
            help: A fix to print below a sentence.
            about: Settings of a part that a sentence concerns.
            source: The user's line, for a sentence.
        """
        if isinstance(what, str):
            fix = Help(text=help) if isinstance(help, str) else help
            fixes = (fix,) if fix.text else ()
            one = Diagnostic(code=code, message=what, help=fixes, about=tuple(about), source=source)
            self.diagnostics = (one,)
        else:
            self.diagnostics = (what,) if isinstance(what, Diagnostic) else tuple(what)
        super().__init__(self.diagnostics)

    def report(self, color: bool = False, width: int = 100) -> str:
        """What the user reads: every diagnostic, then how many there are if there are several."""
        if len(self.diagnostics) == 1:
            return self.diagnostics[0].render(color, width)
        return render_all(self.diagnostics, color=color, width=width)

    def __str__(self) -> str:
        """The report without colour; a bare sentence stays a bare sentence."""
        if len(self.diagnostics) == 1:
            only = self.diagnostics[0]
            if only == Diagnostic(message=only.message):
                return only.message
        return self.report()


class UsageError(AlfgraphError):
    """alfgraph was called in a way that cannot work, whatever the board is."""


class BoardError(AlfgraphError):
    """The board has errors; nothing was run."""


class GraphFileError(BoardError):
    """A graph file is missing, is not Python, fails when imported, or leaves no graph."""


class SettingError(BoardError):
    """A setting or a swap names something that is not there, or gives it a value it cannot take."""


class WiringError(BoardError):
    """The wiring of the board is wrong: specs, pins, gradients, phases or the schedule."""


class RunError(AlfgraphError):
    """Something failed while a board was run, played or resumed."""


class CheckpointError(RunError):
    """A checkpoint cannot be written, is damaged, or belongs to something else."""


def add_board_path(error: BaseException, path: str, source: Source | None = None) -> None:
    """Note on an exception, once, on which part of the board a user's code failed.

    Args:
        error: What the user's code raised.
        path: Socket path of the component, such as `algorithm.actor`.
        source: The line that wired it.
    """
    note = f"on the board: {path}" + (f", wired at {source}" if source else "")
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
