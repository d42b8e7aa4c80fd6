"""The blocks a diagnostic is made of: the user's line underlined, aligned facts, wrapped text."""

import textwrap
import unicodedata
from collections.abc import Callable, Sequence

from alfgraph.diagnostics.source import Source

Paint = Callable[[str, str], str]
"""Colours a text: `paint(text, style)`."""

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "bold": "1",
    "frame": "34",
    "help": "1;32",
    "dim": "2",
}

_WIDE_GAP, _GAP = 5, 2
"""Between a spec and who says so: the wide one where it fits."""


def plain(text: str, style: str) -> str:
    """The paint of files and pipes: none."""
    del style
    return text


def ansi(text: str, style: str) -> str:
    """The paint of terminals."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if text else text


def gutter_of(sources: Sequence[Source]) -> int:
    """The width of the line numbers of several snippets, at least two so that most line up."""
    lines = [line for source in sources for line in (source.line, (source.focus or source).line)]
    return max(2, *(len(str(line)) for line in lines)) if lines else 2


def snippet(source: Source, gutter: int, width: int, paint: Paint, style: str) -> list[str]:
    """The place of a source, its line, the underline; only the place if the text is not there."""
    shown = source.in_characters()
    focus = shown.focus or shown
    frame = " " * gutter
    lines = [f"{frame} {paint('┌─', 'frame')} {source}"]
    if not focus.text():
        return lines
    if focus.line != shown.line and shown.text():
        lines.append(
            _numbered(
                shown.line, _clip(_expand(shown.text()), 0, width - gutter - 3)[0], gutter, paint
            )
        )
        if focus.line > shown.line + 1:
            lines.append(f"{frame} {paint('┆', 'frame')}")
    start, end = _cells_of(focus)
    text, cut = _clip(_expand(focus.text()), end, width - gutter - 3)
    lines.append(_numbered(focus.line, text, gutter, paint))
    if focus.column is not None:
        blank, marks = _width(text[: start - cut]), _width(text[start - cut : end - cut])
        underline = paint("^" * max(marks, 1), style)
        lines.append(f"{frame} {paint('│', 'frame')} {' ' * blank}{underline}")
    return lines


def wrapped(text: str, first: str, following: str, width: int) -> list[str]:
    """A sentence in lines of `width`; line ends in the text are kept, words are never broken."""
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        lead = following if lines else first
        indent = following + " " * (len(part) - len(part.lstrip()))
        lines += textwrap.wrap(
            part,
            width,
            initial_indent=lead,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [lead.rstrip()]
    return lines


def table(rows: Sequence[tuple[str, str, str, str]], indent: str, width: int) -> list[str]:
    """Facts in columns: subject, verb, spec, origin in brackets.

    Where a line would be too long, origins go to lines of their own, and specs are wrapped at their
    commas.
    """
    subjects, verbs, specs, _ = (
        max(map(len, column), default=0) for column in zip(*rows, strict=True)
    )
    margin = " " * (len(indent) + subjects + verbs + 6)
    origins = max((len(row[3]) + 2 for row in rows if row[3]), default=0)
    gap = _WIDE_GAP if len(margin) + specs + _WIDE_GAP + origins <= width else _GAP
    lines: list[str] = []
    for subject, verb, spec, origin in rows:
        head = f"{indent}= {subject:{subjects}}   {verb:{verbs}} "
        bracket = f"({origin})" if origin else ""
        if len(head) + specs + gap + len(bracket) <= width:
            lines.append(f"{head}{spec:{specs}}{' ' * gap}{bracket}".rstrip())
        else:
            lines += wrapped(spec, head, margin + " ", width)
            lines += wrapped(bracket, margin, margin + " ", width) if bracket else []
    return lines


def _numbered(line: int, text: str, gutter: int, paint: Paint) -> str:
    return f"{paint(f'{line:>{gutter}} │', 'frame')} {text}".rstrip()


def _expand(text: str) -> str:
    """Tabs as four spaces, so that the underline stands below what it means."""
    return text.replace("\t", "    ")


def _cells_of(focus: Source) -> tuple[int, int]:
    """Where the underline starts and ends in the expanded line; it never leaves its first line."""
    text = focus.text()
    start = (focus.column or 1) - 1
    whole = focus.end_line is not None and focus.end_line > focus.line
    end = len(text.rstrip()) if whole else (focus.end_column or start + 2) - 1
    return len(_expand(text[:start])), len(_expand(text[: max(end, start)]))


def _clip(text: str, end: int, room: int) -> tuple[str, int]:
    """Cut a long line so that what is before `end` stays visible; also what went at the front."""
    cut = 0
    if len(text) > room and end > room:
        cut = min(end, len(text)) - room + 1
        text = "…" + text[cut + 1 :]
    return (text if len(text) <= room else text[: room - 1] + "…"), cut


def _width(text: str) -> int:
    """Terminal columns of a text: wide East Asian characters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
