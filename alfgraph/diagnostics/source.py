"""Where in the user's files something was written: captured cheaply, read only when it is shown.

Every wire, socket and setting remembers its `Source`, so that a diagnostic can underline the very
characters a user typed. Capturing costs a walk over a few frames and never opens a file; the text
is read when (and only if) a diagnostic is shown.
"""

import ast
import functools
import itertools
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, TracebackType
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from alfgraph.diagnostics.libraries import CORE_FOLDER, in_library

_STDLIB = tuple(
    os.path.normpath(path) + os.sep
    for path in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
)
_SCRIPTS = os.path.normpath(sysconfig.get_path("scripts")) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# What may stand between a user's line and ours; other packages may hold a user's own parts.
_MACHINERY = frozenset(
    {"pydantic", "pydantic_core", "torch", "typer", "click", "pytest", "_pytest", "pluggy"}
    | {"hypothesis", "IPython", "ipykernel", "tornado"}
)


@functools.cache
def is_user_code(filename: str) -> bool:
    """Whether a frame of this file is one a user (or an author of components) wrote.

    alfgraph's core, the standard library, console scripts and the machinery of pydantic, torch,
    test runners and notebooks are not; everything else is, libraries of components included.
    """
    if filename.startswith("<frozen "):
        return False
    if in_library(filename):
        return True
    if filename.startswith(CORE_FOLDER):
        return False
    for installed in _INSTALLED:
        _, found, below = filename.partition(installed)
        if found:
            return below.split(os.sep, 1)[0].removesuffix(".py") not in _MACHINERY
    return not filename.startswith((*_STDLIB, _SCRIPTS))


def is_installed(filename: str) -> bool:
    """Whether a file came with an installed package."""
    return any(folder in filename for folder in _INSTALLED)


F = TypeVar("F", bound=Callable[..., Any])

# Code objects by identity (to hash one is slow, and to keep it keeps its identity its own).
_OUTERMOST: dict[int, CodeType] = {}
_PASSED_OVER: dict[int, CodeType] = {}


def outermost(function: F) -> F:
    """Lines that lead to this function say nothing of what is wrong: whoever asked for a check."""
    _OUTERMOST[id(function.__code__)] = function.__code__
    return function


def blames_caller(function: F) -> F:
    """What is wrong within this function is shown at the line that calls it.

    So are the words of a part that boards use, such as a buffer's `read` and `write`.
    """
    pending = [function.__code__]
    while pending:
        code = pending.pop()
        _PASSED_OVER[id(code)] = code
        pending += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
    return function


class Source(BaseModel):
    """A stretch of a user's file; lines and columns start at 1, the end column is excluded.

    Columns count UTF-8 bytes, as CPython does; everything that is shown (`in_characters`, reports,
    JSON) counts characters.

    Attributes:
        file: Path as Python knows it, or a name such as `<stdin>`. line: First line. column: First
        column; None where Python kept no columns. end_line: Last line. end_column: One past the
        last column, on the last line. focus: The narrower stretch to underline, such as one
        argument of the call this source names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    line: int
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    focus: "Source | None" = None

    @classmethod
    def of_caller(cls, skip: Callable[[str], bool] | None = None) -> Self | None:
        """The innermost line of user code that led here, with the columns of the running call.

        Args:
            skip: Files to pass over as well, by name.

        Returns:
            The source, or None where no user code is on the stack (a command line tool working by
            itself).
        """
        return next(cls._of_frames(sys._getframe(1), skip), None)

    @classmethod
    def stack_of_caller(
        cls, limit: int = 8, skip: Callable[[str], bool] | None = None
    ) -> tuple[Self, ...]:
        """The chain of user lines that led here, innermost first.

        An error in a library board's wiring can so name the user's file that plugged the wrong
        part.
        """
        return tuple(itertools.islice(cls._of_frames(sys._getframe(1), skip), limit))

    @classmethod
    def of_exception(
        cls, error: BaseException, skip: Callable[[str], bool] | None = None
    ) -> Self | None:
        """The innermost user line an exception passed through; where a SyntaxError points.

        A line of an installed package is shown only where no line of a user's own led to it.
        """
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            return cls._of_syntax_error(error, error.filename, error.lineno)
        installed: Self | None = None
        own: Self | None = None
        traceback: TracebackType | None = error.__traceback__
        while traceback is not None:
            code = traceback.tb_frame.f_code
            if is_user_code(code.co_filename) and not (skip and skip(code.co_filename)):
                found = cls._of_instruction(code, traceback.tb_lasti, traceback.tb_lineno)
                if is_installed(code.co_filename):
                    installed = found
                else:
                    own = found
            traceback = traceback.tb_next
        return own or installed

    @classmethod
    def _of_frames(
        cls, frame: FrameType | None, skip: Callable[[str], bool] | None
    ) -> Iterator[Self]:
        while frame is not None and id(frame.f_code) not in _OUTERMOST:
            name = frame.f_code.co_filename
            is_shown = is_user_code(name) and id(frame.f_code) not in _PASSED_OVER
            if is_shown and not (skip and skip(name)):
                yield cls._of_instruction(frame.f_code, frame.f_lasti, frame.f_lineno)
            frame = frame.f_back

    @classmethod
    def _of_instruction(cls, code: CodeType, offset: int, line: int) -> Self:
        span = next(itertools.islice(code.co_positions(), max(offset, 0) // 2, None), None)
        match span:
            case (int(first), int(last), int(start), int(end)):
                return cls(
                    file=code.co_filename,
                    line=first,
                    column=start + 1,
                    end_line=last,
                    end_column=end + 1,
                )
            case _:  # python -X no_debug_ranges
                return cls(file=code.co_filename, line=max(line or 1, 1))

    @classmethod
    def _of_syntax_error(cls, error: SyntaxError, file: str, line: int) -> Self:
        """A SyntaxError's place, which counts characters and may be missing, zero or -1."""
        if not error.offset or error.offset < 1:
            return cls(file=file, line=line)
        column = _bytes_before(error.text or "", error.offset - 1) + 1
        if error.end_lineno != line or not error.end_offset or error.end_offset <= error.offset:
            return cls(file=file, line=line, column=column)
        end = _bytes_before(error.text or "", error.end_offset - 1) + 1
        return cls(file=file, line=line, column=column, end_line=line, end_column=end)

    def text(self, line: int | None = None) -> str:
        """The user's line as it stands in the file; empty where it cannot be read."""
        linecache.checkcache(self.file)
        return linecache.getline(self.file, self.line if line is None else line).rstrip("\r\n")

    @property
    def shown_file(self) -> str:
        """The path as it is printed: relative where it lies below the working directory."""
        if not os.path.isabs(self.file):
            return self.file
        try:
            below = os.path.relpath(self.file)
        except (ValueError, OSError):  # another drive, or a working directory that is gone
            return self.file
        return self.file if below.startswith(os.pardir) else below.replace(os.sep, "/")

    def __str__(self) -> str:
        """`file:line:column`, as editors and terminals make it clickable."""
        shown = self.in_characters()
        place = f"{self.shown_file}:{self.line}"
        return place if shown.column is None else f"{place}:{shown.column}"

    def in_characters(self) -> "Source":
        """This place with columns that count characters instead of bytes."""
        focus = self.focus.in_characters() if self.focus else None
        return self.model_copy(
            update={
                "column": _characters(self.text(), self.column),
                "end_column": _characters(self.text(self.end_line), self.end_column),
                "focus": focus,
            }
        )

    def argument(self, which: str | int) -> "Source":
        """This call, with one of its arguments in focus: a keyword's name or a position.

        The file is parsed for it, so call it when a diagnostic is made, not when a wire is. Where
        the argument cannot be found (spread by `**`, no columns, no text) the call itself stays in
        focus.
        """
        argument = _argument(self, which)
        if argument is None or argument.end_col_offset is None:
            return self
        focus = Source(
            file=self.file,
            line=argument.lineno,
            column=argument.col_offset + 1,
            end_line=argument.end_lineno,
            end_column=argument.end_col_offset + 1,
        )
        return self.model_copy(update={"focus": focus})


def names_of_caller() -> dict[str, Any]:
    """The local variables where the innermost line of user code stands."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_user_code(frame.f_code.co_filename):
            return dict(frame.f_locals)
        frame = frame.f_back
    return {}


def _argument(source: Source, which: str | int) -> ast.expr | ast.keyword | None:
    """The node of one argument of the call that ends where this source ends."""
    if source.end_line is None or source.end_column is None:
        return None
    linecache.checkcache(source.file)
    calls = _calls_in("".join(linecache.getlines(source.file)))
    call = calls.get((source.end_line, source.end_column - 1))
    if call is None:
        return None
    if isinstance(which, str):
        return next((word for word in call.keywords if word.arg == which), None)
    plain = list(itertools.takewhile(lambda arg: not isinstance(arg, ast.Starred), call.args))
    return plain[which] if which < len(plain) else None


@functools.lru_cache(maxsize=32)
def _calls_in(text: str) -> dict[tuple[int | None, int | None], ast.Call]:
    """The calls of a file by where they end, the outermost one; none if it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return {}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {(call.end_lineno, call.end_col_offset): call for call in reversed(calls)}


def _characters(text: str, column: int | None) -> int | None:
    """A 1-based byte column as a character column; unchanged where there is no text."""
    if column is None or not text or text.isascii():
        return column
    return len(text.encode()[: column - 1].decode(errors="ignore")) + 1


def _bytes_before(text: str, count: int) -> int:
    """The number of bytes the first `count` characters take; `count` where the text is shorter."""
    return len(text[:count].encode()) + max(count - len(text), 0)
