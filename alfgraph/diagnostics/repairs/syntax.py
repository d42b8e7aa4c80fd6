"""What is missing where Python cannot parse a file: one mark, tried until the file parses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from alfgraph.diagnostics.diagnostic import Edit
from alfgraph.diagnostics.source import Source

_MARKS = (",", ")", "]", "}", ":", '"', "'", "),")
_QUOTES, _CLOSING = ('"', "'"), ")]},:"
_NEAR = 12
"""Lines around the one that Python names in which the mark is looked for."""


def parses_with(path: Path, line: int) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The first mark at the end of a line, or a quote before its brackets, that lets a file parse.

    Args:
        path: the file.
        line: where Python noticed; the mark is usually missing there or before.

    Yields:
        A sentence and its edit; nothing where one mark is not enough.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    lines = text.splitlines()
    for number in _nearest_first(line, len(lines)):
        content = lines[number - 1].partition("  #")[0].rstrip()
        for mark, at in _insertions(content) if content else ():
            changed = [*lines]
            changed[number - 1] = content[:at] + mark + content[at:]
            if _parses("\n".join(changed)):
                edit = Edit(
                    file=Source(file=str(path), line=1).shown_file,
                    line=number,
                    column=at + 1,
                    end_line=number,
                    end_column=at + 1,
                    replacement=mark,
                )
                behind = content[at:]
                where = f"before `{behind}`" if behind else f"at the end of line {number}"
                yield f"with a `{mark}` {where} it parses", (edit,)
                return


def _insertions(content: str) -> Iterator[tuple[str, int]]:
    """Marks and where to put them: at the end, and quotes before what closes the line."""
    yield from ((mark, len(content)) for mark in _MARKS)
    closing = len(content) - len(content.rstrip(_CLOSING))
    for back in range(1, closing + 1):
        yield from ((quote, len(content) - back) for quote in _QUOTES)


def _nearest_first(line: int, count: int) -> list[int]:
    near = range(max(1, line - _NEAR), min(count, line + _NEAR) + 1)
    return sorted(near, key=lambda number: (abs(number - line), number))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
