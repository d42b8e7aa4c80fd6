"""What is missing where Python cannot parse a file: one mark, tried until the file parses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from alfgraph.diagnostics import Edit
from alfgraph.source import Source

_MARKS = (",", ")", "]", "}", ":", '"', "'", "),")
_NEAR = 12
"""Lines around the one that Python names in which the mark is looked for."""


def parses_with(path: Path, line: int) -> Iterator[tuple[str, tuple[Edit, ...]]]:
    """The first mark at the end of a line, or left out of it, with which a file parses.

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
        for mark in _MARKS if content else ():
            changed = [*lines]
            changed[number - 1] = content + mark
            if _parses("\n".join(changed)):
                at = len(content) + 1
                edit = Edit(
                    file=Source(file=str(path), line=1).shown_file,
                    line=number,
                    column=at,
                    end_line=number,
                    end_column=at,
                    replacement=mark,
                )
                yield f"with a `{mark}` at the end of line {number} it parses", (edit,)
                return


def _nearest_first(line: int, count: int) -> list[int]:
    near = range(max(1, line - _NEAR), min(count, line + _NEAR) + 1)
    return sorted(near, key=lambda number: (abs(number - line), number))


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
