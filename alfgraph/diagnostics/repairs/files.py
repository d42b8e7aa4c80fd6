"""Repairs of a file as a whole: a name that it uses, a line at its end, an import."""

from __future__ import annotations

import ast

from alfgraph.diagnostics.libraries import exporter_of
from alfgraph.diagnostics.repairs.trees import (
    Edits,
    edited,
    end_of,
    is_docstring,
    lines_of,
    span_of,
    tree_of,
)
from alfgraph.diagnostics.source import Source


def replaced_name(source: Source | None, name: str, new: str) -> Edits:
    """The name `name`, wherever the file has it, becomes `new`."""
    tree = tree_of(source.file) if source else None
    if source is None or tree is None:
        return ()
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    spans = [span_of(n) for n in found]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            spans += [span_of(alias) for alias in node.names if alias.name == name]
    return tuple(
        edited(source.file, start, (start[0], start[1] + len(name.encode())), new)
        for start, _ in sorted(spans)
    )


def ended_with(file: str, line: str) -> Edits:
    """The file with one more line at its end."""
    lines = lines_of(file)
    if not lines:
        return ()
    last = lines[-1]
    at = (len(lines), len(last.rstrip("\r\n").encode()))
    return (edited(file, at, at, f"\n{line}"),)


def imported(file: str, name: str, home: str = "") -> Edits:
    """The file with an import of `name`; none is needed where it is imported already.

    Args:
        file: the user's file.
        name: what to import.
        home: where from; by default the library that exports it.
    """
    tree, home = tree_of(file), home or exporter_of(name)
    if tree is None or not home:
        return ()
    froms = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == home]
    if any((alias.asname or alias.name) == name for n in froms for alias in n.names):
        return ()
    if froms:
        end = end_of(froms[0].names[-1])
        return (edited(file, end, end, f", {name}"),)
    first = tree.body[0] if tree.body else None
    line = first.lineno if first is not None and not is_docstring(first) else 1
    if first is not None and is_docstring(first):
        line = (first.end_lineno or 1) + 1
    return (edited(file, (line, 0), (line, 0), f"from {home} import {name}\n"),)
