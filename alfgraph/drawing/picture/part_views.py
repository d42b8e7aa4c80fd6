"""The parts of a picture: settings, sizes, and where each class is written."""

from __future__ import annotations

import inspect
import linecache
import re
from pathlib import Path
from typing import Any

from alfgraph.boards.settings_table import settings_of
from alfgraph.compiler.draft import Draft
from alfgraph.compiler.planning import count_parameters
from alfgraph.diagnostics.libraries import shown_in_package
from alfgraph.drawing.picture.view import (
    PartView,
    SettingView,
)
from alfgraph.families.buffer import Buffer
from alfgraph.families.graph import Graph
from alfgraph.families.learning import Target
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node
from alfgraph.wiring.tree import parts_below


def part_views(graph: Graph, draft: Draft, nodes: list[Node]) -> list[PartView]:
    """Every part of the board, by path."""
    rows = settings_of(graph)
    trained = {p: path for path, o in draft.ownership.items() for p in o.owned}
    used = {node.path: node.component for node in nodes if node.component is not None}
    used |= {
        p.socket_path: p
        for p in parts_below(draft.root)
        if isinstance(p, Graph | Target) and p.socket_path not in used
    }
    return [_part(draft, path, part, rows, trained) for path, part in used.items()]


def _part(draft: Draft, path: str, part: Component, rows: Any, trained: dict[str, str]) -> PartView:
    own = part.binding.parameters if part.binding.tracked_by else path
    prefix = f"{own}." if own else ""
    settings = {
        row.path.removeprefix(prefix): SettingView(
            value=row.value, origin=row.origin, default=row.is_default
        )
        for row in rows
        if row.path.startswith(prefix)
        and not row.is_part
        and "." not in row.path.removeprefix(prefix)
    }
    file, line = _defined(type(part))
    parent = part.binding.parent
    return PartView(
        path=path,
        kind=type(part).__name__,
        family=part.family,
        settings=settings,
        doc=(inspect.getdoc(type(part)) or "").split("\n\n")[0],
        source_file=file,
        source_line=line,
        temperature=part.heat,
        num_parameters=count_of(draft, part.binding.parameters),
        trained_by=trained.get(path),
        follows=part.binding.parameters if part.binding.tracked_by else None,
        parent=parent.socket_path if parent is not None else "",
        gradient=draft.gradient.get(path, "no grad") if isinstance(part, Buffer) else None,
    )


def _class_line(kind: type, file: str) -> int:
    """Where a class begins; `inspect` parses the whole file for it, which is rarely needed."""
    head = re.compile(rf"\s*class {kind.__name__}\b")
    found = [number for number, text in enumerate(linecache.getlines(file), 1) if head.match(text)]
    return found[0] if len(found) == 1 else inspect.getsourcelines(kind)[1]


def _defined(kind: type) -> tuple[str, int]:
    """The file of a class, as it is called from the package or the working directory; its line."""
    try:
        file = inspect.getsourcefile(kind) or ""
        line = _class_line(kind, file)
    except (OSError, TypeError):
        return "", 0
    if (shown := shown_in_package(file)) is not None:
        return shown, line
    here, below = Path(file).resolve(), Path.cwd().resolve()
    inside = here.is_relative_to(below)
    return (here.relative_to(below).as_posix() if inside else here.name), line


def count_of(draft: Draft, path: str) -> int:
    """Numbers in the parameters at a path."""
    return count_parameters(draft.modules.get(path))
