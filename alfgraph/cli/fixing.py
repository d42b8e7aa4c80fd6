"""`check --fix`: the edits that diagnostics come with, shown as a diff, then put into the files.

Of every error the first help is taken, if it is an edit; its edits belong together. What does not
go with those taken before, or would leave a file that Python cannot read, waits for the next check.
"""

from __future__ import annotations

import ast
import difflib
import io
import os
import re
import sys
import tempfile
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import typer

from alfgraph.boards.loading import forget_modules
from alfgraph.cli.reporting import paint_of, report_failure
from alfgraph.diagnostics.diagnostic import Diagnostic, Edit
from alfgraph.diagnostics.errors import AlfgraphError, UsageError

_COLORS = {"+": "help", "-": "error", "@": "frame"}


@dataclass(frozen=True)
class FileChange:
    """One file, before and after.

    Attributes:
        path: as it is printed.
        encoding: what Python reads it with.
        old: its text, with its own ends of lines.
        new: the text that it gets.
    """

    path: str
    encoding: str
    old: str
    new: str

    def diff(self) -> list[str]:
        """The change as a unified diff, a line each."""
        old, new = (_lines(text) for text in (self.old, self.new))
        name = self.path.lstrip("/")
        found = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
        return [line.rstrip("\r\n") for line in found]

    def write(self) -> None:
        """Put the new text into the file, at once or not at all.

        Raises:
            UsageError: it has changed since the change was made.
        """
        if _read(self.path) != (self.old, self.encoding):
            raise UsageError(f"{self.path} has changed meanwhile; nothing was written to it")
        path = Path(self.path).resolve()
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with open(handle, "w", encoding=self.encoding, newline="") as file:
                file.write(self.new)
            os.chmod(draft, path.stat().st_mode)
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise


def changes_for(diagnostics: Iterable[Diagnostic]) -> tuple[FileChange, ...]:
    """What the edits of these diagnostics make of the files, as far as they go together."""
    taken: list[Edit] = []
    files: dict[str, FileChange] = {}
    for diagnostic in diagnostics:
        edits = diagnostic.help[0].edits if diagnostic.help else ()
        fresh = [edit for edit in edits if edit not in taken]
        if diagnostic.severity != "error" or not fresh or _clash(fresh, taken):
            continue
        names = dict.fromkeys(edit.file for edit in fresh)
        try:
            changed = {name: _changed(name, [*taken, *fresh]) for name in names}
        except (OSError, SyntaxError, ValueError):
            continue
        files |= changed
        taken += fresh
    return tuple(change for change in files.values() if change.new != change.old)


def repair(error: AlfgraphError, yes: bool, for_a_tool: bool) -> bool:
    """Say what is wrong and show what would change; apply it if the user says so.

    Args:
        error: what the check found.
        yes: do not ask.
        for_a_tool: standard output is a tool's, and the caller says what is wrong.

    Returns:
        Whether files were changed, so that the board is to be checked again.
    """
    if not for_a_tool:
        report_failure(error)
        print(file=sys.stderr)
    changes = changes_for(error.diagnostics)
    if not changes:
        print("no error comes with an edit to apply", file=sys.stderr)
        return False
    _show(changes, sys.stderr if for_a_tool else sys.stdout)
    if not yes and not sys.stdin.isatty():
        print("nothing was changed; `--yes` changes it without asking", file=sys.stderr)
        return False
    if not yes and not typer.confirm("Change it?", err=True):
        return False
    for change in changes:
        change.write()
    forget_modules()
    return True


def _show(changes: Sequence[FileChange], out: IO[str]) -> None:
    paint = paint_of(out)
    for line in (line for change in changes for line in change.diff()):
        style = _COLORS.get(line[:1])
        print(paint(line, style) if style else line, file=out, flush=True)


def _clash(edits: Sequence[Edit], taken: Sequence[Edit]) -> bool:
    """Whether any of these touches what others replace, or stands at the same place."""
    return any(
        one.file == other.file and _start(one) <= _end(other) and _start(other) <= _end(one)
        for one in edits
        for other in taken
    )


def _start(edit: Edit) -> tuple[int, int]:
    return edit.line, edit.column


def _end(edit: Edit) -> tuple[int, int]:
    return edit.end_line, edit.end_column


def _changed(file: str, edits: Sequence[Edit]) -> FileChange:
    """A file with these edits in it.

    Raises:
        OSError: it cannot be read.
        SyntaxError: Python could not read what would come out.
        ValueError: an edit is of a place that is not there.
    """
    old, encoding = _read(file)
    lines = _lines(old)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    own = [edit for edit in edits if edit.file == file]
    if any(edit.end_line > len(starts) for edit in own):
        raise ValueError(f"{file} is shorter than that")
    new, end_of_line = old, "\r\n" if "\r\n" in old else "\n"
    for edit in sorted(own, key=_start, reverse=True):  # the last first: places stay where they are
        start = starts[edit.line - 1] + edit.column - 1
        end = starts[edit.end_line - 1] + edit.end_column - 1
        new = new[:start] + edit.replacement.replace("\n", end_of_line) + new[end:]
    ast.parse(new)
    return FileChange(file, encoding, old, new)


def _read(file: str) -> tuple[str, str]:
    """A Python file's text, with its own ends of lines, and its encoding."""
    content = Path(file).read_bytes()
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding), encoding


def _lines(text: str) -> list[str]:
    """Lines as Python counts them, with their ends; form feeds and the like end none."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
