"""Tables of the terminal: aligned columns, wrapped inside their cells, within the width."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from collections.abc import Collection, Iterable, Sequence

from alfgraph.cli.reporting import terminal_width, uses_color
from alfgraph.overrides.setting_row import SettingRow

Cell = tuple[str, str]
"""A text and its style, as rich names styles."""


def table(
    rows: Iterable[Sequence[Cell | str]],
    heading: Sequence[str] = (),
    rigid: Collection[int] = (0,),
) -> str:
    """Rows in aligned columns; long cells are wrapped, the last column takes what is left.

    Args:
        rows: cells of equal number; a text, or a text with its style.
        heading: the columns' names.
        rigid: columns that are not wrapped where there are others.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = [tuple(row) for row in rows]
    width = terminal_width()
    number = max(map(len, (*listed, heading)), default=0)
    grid = Table(box=None, show_header=bool(heading), pad_edge=False, padding=(0, 3, 0, 0))
    for index in range(number):
        name = Text(heading[index], style="bold") if heading else ""
        widest = 60 if index < number - 1 else None
        grid.add_column(
            name, overflow="fold", no_wrap=number > 1 and index in rigid, max_width=widest
        )
    for row in listed:
        cells = [cell if isinstance(cell, tuple) else (cell, "") for cell in row]
        grid.add_row(*(Text(text, style=style) for text, style in cells))
    stream = io.StringIO()
    color = uses_color(sys.stdout)
    console = Console(
        file=stream,
        width=width,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        legacy_windows=False,
    )
    console.print(grid)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def styled(text: str, style: str) -> str:
    """A text in bold or dim, where standard output shows that."""
    codes = {"bold": "1", "dim": "2"}
    return f"\x1b[{codes[style]}m{text}\x1b[0m" if uses_color(sys.stdout) else text


def settings_text(rows: Iterable[SettingRow], idle: Collection[str] | None) -> str:
    """The table of `alfgraph config`: sockets in bold, defaults dim.

    Args:
        rows: the settings.
        idle: paths of those without effect; None if that is not known.
    """
    lines = []
    for row in rows:
        plain = "bold" if row.is_part else ""
        style = "dim" if row.is_default and not row.is_part else plain
        effect = "no effect" if idle and row.path in idle else ""
        lines.append([(row.path, style), (row.value, style), (row.origin, "dim"), (effect, "dim")])
    return table(lines, heading=("setting", "value", "origin", ""), rigid=(0, 3))


def settings_as_json(rows: Iterable[SettingRow], idle: Collection[str] | None) -> str:
    """The rows as a list of objects; `operative` is null if the board does not check."""
    objects = [
        {**dataclasses.asdict(row), "operative": None if idle is None else row.path not in idle}
        for row in rows
    ]
    return json.dumps(objects, indent=2, ensure_ascii=False)
