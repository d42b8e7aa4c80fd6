"""Which graph a graph file means: `graph`, the single board defined there, or the one named."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import GraphFileError, SettingError
from alfgraph.diagnostics.libraries import exported_classes
from alfgraph.diagnostics.repairs.calls import plugged_into
from alfgraph.diagnostics.repairs.files import ended_with, imported, replaced_name
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.overrides.addressing import socket_families, takes_many
from alfgraph.wiring.component import Component


def choose_graph(module: ModuleType, path: Path, name: str = "") -> Graph:
    """The graph a loaded file means.

    Args:
        module: the file, executed.
        path: the file.
        name: the variable or class that was asked for, "" for none.

    Raises:
        GraphFileError: E403, there is none (of that name); E404, there are several.
        SettingError: the class needs settings that have no default.
    """
    if name:
        return _named(module, path, name)
    if "graph" in vars(module):
        return _as_graph(module, path, "graph")
    boards, instances = _boards(module), _instances(module)
    if len(boards) == 1 and not instances:
        return _as_graph(module, path, boards[0])
    if len(boards) + len(instances) > 1:
        raise _several(path, [*instances, *boards])
    raise _none(module, path, instances)


def _boards(module: ModuleType) -> list[str]:
    """Boards defined in the file: no algorithms or transforms, which are parts of one."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Graph)
        and value.__module__ == module.__name__
        and value.family == Graph.family
        and not value.has_forward()
        and not name.startswith("_")
    ]


def _instances(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, Graph) and value.family == Graph.family and not name.startswith("_")
    ]


def _named(module: ModuleType, path: Path, name: str) -> Graph:
    if name in vars(module):
        return _as_graph(module, path, name)
    known = [*_instances(module), *_boards(module)]
    near = did_you_mean(name, known)
    fixes: list[str | Help] = []
    if near:
        there = f"{_file(path)}:{near}"
        retype = Retype(given=f"{_file(path)}:{name}", instead=there)
        fixes = [Help(text=f"did you mean `{there}`?", retype=retype)]
    elif len(known) == 1:
        retype = Retype(given=f"{_file(path)}:{name}", instead=f"{_file(path)}:{known[0]}")
        raise _error(
            "E403",
            f"`{_file(path)}` has no graph `{name}`",
            [Help(text=f"its only graph is `{known[0]}`", retype=retype)],
            path,
        )
    fixes.append(f"its graphs are {listing(known)}" if known else "it holds no graph at all")
    raise _error("E403", f"`{_file(path)}` has no graph `{name}`", fixes, path)


def _as_graph(module: ModuleType, path: Path, name: str) -> Graph:
    """A variable that holds a graph or the class of one, as a graph."""
    value = vars(module)[name]
    if isinstance(value, Graph) and (value.family == Graph.family or _has_environment(value)):
        return value
    if not (isinstance(value, type) and issubclass(value, Graph)):
        raise _no_graph(module, path, name, value)
    try:
        return value()
    except SettingError as error:
        # It was made here, on nobody's line; what lacks a default is the class.
        where = {"source": _line_of(path, value.__name__)}
        raise SettingError([d.model_copy(update=where) for d in error.diagnostics]) from None


def _no_graph(module: ModuleType, path: Path, name: str, value: object) -> GraphFileError:
    if isinstance(value, Component):
        made = value.created_at
        kind = type(value).__name__
        message = f"`{name}` in `{_file(path)}` is a part ({kind}, {_a(value.family)}), not a board"
        fixes = [
            Help(
                text=f"plug it into one: `{name} = {board}({socket}={kind}(...))`",
                edits=plugged_into(made, board, socket),
            )
            for board, socket in itertools.islice(_boards_with_a_socket_for(type(value)), 1)
        ]
        return _error("E403", message, fixes, path, made)
    where = _line_of(path, name)
    if callable(value) and not isinstance(value, type):
        fix = Help(text=f"call it: `graph = {name}()`")
        if name == "graph":
            text = "name it otherwise, and end the file with its call: `graph = make_graph()`"
            fix = Help(text=text)
        message = f"`{name}` in `{_file(path)}` is a function, not a graph"
        return _error("E403", message, [fix], path, where)
    message = f"`{name}` in `{_file(path)}` is {value!r:.60}, not a graph"
    return _error("E403", message, [], path, where)


def _has_environment(graph: Graph) -> bool:
    """An algorithm that brings its environment along is a whole board."""
    return any(isinstance(part, Environment) for _, part in graph)


def _library_boards() -> Iterator[type[Graph]]:
    """The boards that libraries of components offer."""
    for kind in exported_classes():
        if issubclass(kind, Graph) and kind.family == Graph.family and not kind.has_forward():
            yield kind


def _boards_with_a_socket_for(kind: type[Component]) -> Iterator[tuple[str, str]]:
    """Boards of libraries in which a part can be all there is to say, each with the socket."""
    for board in _library_boards():
        for socket, field in board.model_fields.items():
            if not takes_many(field.annotation) and issubclass(
                kind, socket_families(field.annotation)
            ):
                yield board.__name__, socket


def _none(module: ModuleType, path: Path, instances: list[str]) -> GraphFileError:
    message = f"`{_file(path)}` leaves no variable `graph` and defines no board"
    if instances:
        name = instances[0]
        where = _line_of(path, name)
        edits = replaced_name(where, name, "graph")
        fix = Help(text=f"rename `{name}` to `graph`, or load `{_file(path)}:{name}`", edits=edits)
        return _error("E403", message, [fix], path, where)
    parts = _defined_parts(module)
    notes = [f"it defines the parts {listing(parts)}"] if parts else []
    return _error("E403", message, list(_boards_to_end_with(module, path)), path, None, notes)


def _boards_to_end_with(module: ModuleType, path: Path) -> Iterator[Help]:
    """A last line that makes a board, of a part that the file defines if there is one for it."""
    for board in itertools.islice(_library_boards(), 1):
        line, text = f"graph = {board.__name__}()", f"graph = {board.__name__}(...)"
        text = f"end the file with `{text}`"
        for part in _defined_parts(module):
            kind = vars(module)[part]
            for name, socket in _boards_with_a_socket_for(kind):
                if name == board.__name__:
                    line = f"graph = {name}({socket}={part}())"
                    text = f"plug it into a board: `{line}`"
        edits = (*imported(str(path), board.__name__), *ended_with(str(path), line))
        yield Help(text=text, edits=edits)


def _defined_parts(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Component)
        and value.__module__ == module.__name__
    ]


def _several(path: Path, names: list[str]) -> GraphFileError:
    ordered = sorted(names, key=lambda name: _line_of(path, name).line)
    return GraphFileError(
        Diagnostic(
            code="E404",
            message=f"`{_file(path)}` holds several graphs and no variable `graph` that picks one",
            source=_line_of(path, ordered[-1]),
            notes=tuple(
                f"`{_file(path)}:{name}` is made in line {_line_of(path, name).line}"
                for name in ordered
            ),
            help=(
                Help(
                    text=f"name the one you mean: `{_file(path)}:{ordered[-1]}`",
                    retype=Retype(given=_file(path), instead=f"{_file(path)}:{ordered[-1]}"),
                ),
                Help(
                    text=f"or end the file with `graph = {ordered[-1]}`",
                    edits=ended_with(str(path), f"graph = {ordered[-1]}"),
                ),
            ),
        )
    )


def _line_of(path: Path, name: str) -> Source:
    """The last line at the top of the file that gives a name its value."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        body = []
    line = 1
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if name in names or getattr(node, "name", None) == name:
            line = node.lineno
    return Source(file=str(path), line=line)


def _file(path: Path) -> str:
    return Source(file=str(path), line=1).shown_file


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _error(
    code: str,
    message: str,
    fixes: Sequence[str | Help],
    path: Path,
    source: Source | None = None,
    notes: list[str] | None = None,
) -> GraphFileError:
    return GraphFileError(
        Diagnostic(
            code=code,
            message=message,
            source=source or Source(file=str(path), line=1),
            help=tuple(fix if isinstance(fix, Help) else Help(text=fix) for fix in fixes),
            notes=tuple(notes or ()),
        )
    )
