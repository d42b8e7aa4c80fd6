"""The syntax trees of a user's files, and edits that replace what stands in them.

Files of the parts bin and of installed packages have none: nobody is to repair those.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Sequence

from alfgraph.diagnostics.diagnostic import Edit
from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.source import Source, is_installed, is_user_code

Edits = tuple[Edit, ...]
Position = tuple[int, int]
"""A line counted from 1 and a column in bytes counted from 0, as `ast` has them."""

BINDS_TIGHTLY = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)
"""What an attribute or a call can follow without brackets."""


def is_docstring(node: ast.stmt) -> bool:
    """Whether a statement is only a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def tree_of(file: str) -> ast.Module | None:
    """The tree of a user's file; None where it is no Python."""
    try:
        return ast.parse("".join(lines_of(file)))
    except (SyntaxError, ValueError):
        return None


def lines_of(file: str) -> Sequence[str]:
    """The lines of a file that is the user's own; none of others, which nobody is to repair."""
    if not is_user_code(file) or is_installed(file) or in_library(file):
        return ()
    linecache.checkcache(file)
    return linecache.getlines(file)


Located = ast.expr | ast.stmt | ast.keyword | ast.alias


def start_of(node: Located) -> Position:
    """Where a node begins."""
    return node.lineno, node.col_offset


def end_of(node: Located) -> Position:
    """Where a node ends."""
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def span_of(node: Located) -> tuple[Position, Position]:
    """Where a node begins and ends."""
    return start_of(node), end_of(node)


def edited(file: str, start: Position, end: Position, replacement: str) -> Edit:
    """An edit in characters, counted from 1."""
    shown = Source(file=file, line=1).shown_file
    return Edit(
        file=shown,
        line=start[0],
        column=_characters(file, start),
        end_line=end[0],
        end_column=_characters(file, end),
        replacement=replacement,
    )


def _characters(file: str, position: Position) -> int:
    lines = lines_of(file)
    text = lines[position[0] - 1] if position[0] <= len(lines) else ""
    return len(text.encode()[: position[1]].decode(errors="ignore")) + 1
