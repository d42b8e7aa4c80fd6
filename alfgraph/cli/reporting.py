"""How the command line says what went wrong: reports, annotations, cut tracebacks, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from collections.abc import Iterable
from typing import IO

from alfgraph.diagnostics.diagnostic import Diagnostic, by_severity
from alfgraph.diagnostics.errors import AlfgraphError, UsageError
from alfgraph.diagnostics.formats import to_json
from alfgraph.diagnostics.snippets import Paint, ansi, plain
from alfgraph.diagnostics.source import is_user_code

FAILED, USAGE = 1, 2
WIDTH = 100
"""Columns that no line exceeds, however wide the terminal is."""


def terminal_width() -> int:
    """Columns to write in: those of the terminal, at most `WIDTH`."""
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH) if _is_terminal() else WIDTH


def uses_color(stream: IO[str]) -> bool:
    """Whether a stream shows colours, and the user wants them (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def paint_of(stream: IO[str]) -> Paint:
    """Colours where a stream shows them, nothing elsewhere."""
    return ansi if uses_color(stream) else plain


def report_failure(error: Exception, as_json: bool = False) -> int:
    """Print what a failed command has to say; no traceback of ours for a user's error.

    Args:
        error: what ended the command.
        as_json: whether a tool reads standard output.

    Returns:
        The exit code: 2 for a wrong call, else 1.
    """
    if isinstance(error, AlfgraphError):
        if as_json:
            print_diagnostics_as_json(error.diagnostics)
        else:
            print(error.report(uses_color(sys.stderr), terminal_width()), file=sys.stderr)
        return USAGE if isinstance(error, UsageError) else FAILED
    print(_users_traceback(error), file=sys.stderr)
    return FAILED


def print_diagnostics_as_json(diagnostics: Iterable[Diagnostic]) -> None:
    """`{"ok": …, "diagnostics": […]}` on standard output."""
    found = list(diagnostics)
    ok = not any(diagnostic.severity == "error" for diagnostic in found)
    print(json.dumps({"ok": ok, "diagnostics": to_json(found)}, indent=2, ensure_ascii=False))


def print_notes(diagnostics: Iterable[Diagnostic]) -> None:
    """Warnings, then notes, on standard error; each once."""
    for diagnostic in by_severity(dict.fromkeys(diagnostics)):
        text = diagnostic.render(uses_color(sys.stderr), terminal_width())
        print(text, end="\n\n", file=sys.stderr, flush=True)


def _users_traceback(error: Exception) -> str:
    """The traceback without our frames; whole, and as our own fault, where no others are in it."""
    whole = traceback.TracebackException.from_exception(error, compact=True)
    frames = [frame for frame in whole.stack if is_user_code(frame.filename)]
    if not frames:
        lines = "".join(whole.format())
        return f"{lines}\nThis is a defect of alfgraph, not of your board; please report it."
    whole.stack = traceback.StackSummary.from_list(frames)
    whole.__cause__ = whole.__context__ = None
    return "".join(whole.format()).rstrip()


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
