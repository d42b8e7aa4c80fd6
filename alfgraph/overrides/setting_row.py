"""SettingRow: one setting of a board, its value, and where that comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SettingRow:
    """One line of the table.

    Attributes:
        path: what `--set` (or `--swap`, for a part) takes.
        value: as a user would type it.
        origin: `default`, `file:line`, `configure at file:line`, `--set #2`, `--swap #1`.
        is_default: whether nobody chose the value.
        is_part: the row of a socket; its value is the class plugged there.
        reference: for a part plugged a second time: the path under which its settings are.
    """

    path: str
    value: str
    origin: str
    is_default: bool
    is_part: bool = False
    reference: str = ""
