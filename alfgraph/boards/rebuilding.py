"""A board from its description: what `board_file.describe` wrote, as components again.

A description names classes and functions as `module:Class`, or as `file.py:Class` for what a graph
file defines. Modules are imported and graph files executed, as `load` does; nothing else of a
description is: names are looked up, values are validated by the fields they are for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, TypedDict, Union, get_args, get_origin

import numpy as np
import torch
from pydantic import BaseModel, ValidationError

from alfgraph.boards.board_file import Description, describe, difference
from alfgraph.boards.loading import MODULE_PREFIX, load_module
from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.families.graph import Graph
from alfgraph.overrides.addressing import joined
from alfgraph.wiring.binding import bind
from alfgraph.wiring.component import Component
from alfgraph.wiring.tree import parts_below


class Provenance(TypedDict):
    """What a description leaves out and rebuilding needs.

    Attributes:
        files: where the graph files lie, by name.
        given: settings that were set, by path of the part. A schedule or a size that was set is not
            the same as a default of equal value.
    """

    files: dict[str, str]
    given: dict[str, list[str]]


def provenance(board: Component) -> Provenance:
    """What a description leaves out and rebuilding needs.

    Args:
        board: as its author wrote it.
    """
    parts = parts_below(bind(board))
    given = {part.socket_path: sorted(part.binding.original.model_fields_set) for part in parts}
    loaded = [name for name in list(sys.modules) if name.startswith(MODULE_PREFIX)]
    own = [name for name in loaded if any(type(part).__module__ == name for part in parts)]
    files = {}
    for name in (*loaded, *own):  # of two files with one name, the one this board is made of
        file = getattr(sys.modules[name], "__file__", None)
        if file:
            files[Path(file).name] = str(file)
    return {"files": files, "given": given}


def rebuild(description: Description, origin: Provenance) -> Graph:
    """The board that was described.

    Args:
        description: what `describe` gave.
        origin: what `provenance` gave of the same board.

    Returns:
        A board with an equal description.

    Raises:
        CheckpointError: E601, a class is gone or has changed, or a setting cannot be written down.
    """
    board = _Rebuilding(origin).part(description, "")
    if not isinstance(board, Graph):
        raise _impossible(f"`{description.get('kind')}` is no board")
    changed = difference(description, describe(board))
    if changed:
        raise _impossible(f"it has changed since: {'; '.join(changed)}")
    return board


class _Rebuilding:
    """One walk over a description; remembers parts by path, for those plugged twice."""

    def __init__(self, origin: Provenance) -> None:
        self._files = origin["files"]
        self._given = origin["given"]
        self._parts: dict[str, object] = {}
        self._modules: dict[str, ModuleType] = {}

    def part(self, described: Description, path: str) -> object:
        """A component, or another described model."""
        kind = self._named(described["kind"])
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            raise _impossible(f"`{described['kind']}` is no component")
        fields = {
            name: self._value(value, joined(path, name), kind.model_fields[name].annotation)
            for name, value in described.items()
            if name in kind.model_fields
        }
        unset: set[str] = set()
        if issubclass(kind, Component) and path in self._given:
            unset = _unset(kind, fields, self._given[path], described)
        try:
            made = kind(**{k: v for k, v in fields.items() if k not in unset})
        except ValidationError as error:
            raise _impossible(f"`{described['kind']}` refuses its settings: {error}") from None
        for phase, function in described.get("replaced", {}).items():
            made = _replaced(made, phase, self._named(function))
        self._parts[path] = made
        return made

    def _value(self, value: object, path: str, annotation: object) -> object:
        if isinstance(value, dict):
            return self._mapping(value, path, annotation)
        if isinstance(value, list):
            inner = _inner(annotation)
            return tuple(self._value(v, f"{path}.{i}", inner) for i, v in enumerate(value))
        if isinstance(value, str) and _takes_functions(annotation) and ":" in value:
            return self._named(value)
        return value

    def _mapping(self, value: Description, path: str, annotation: object) -> object:
        if "kind" in value:
            return self.part(value, path)
        if set(value) == {"same_as"}:
            return self._parts[value["same_as"]]
        if set(value) == {"dtype", "values"}:
            return _array(value["dtype"], value["values"])
        if set(value) == {"sha256"}:
            raise _impossible(f"`{path}` holds bytes, of which only the checksum was kept")
        inner = _inner(annotation)
        return {k: self._value(v, f"{path}.{k}", inner) for k, v in value.items()}

    def _named(self, name: str) -> object:
        """The class or function of a name."""
        place, _, qualified = name.partition(":")
        found: object = self._module(place)
        for attribute in qualified.split("."):
            found = getattr(found, attribute, None)
        if found is None:
            raise _impossible(f"`{name}` is not there any more")
        return found

    def _module(self, place: str) -> ModuleType:
        if place not in self._modules:
            try:
                file = self._files.get(place)
                self._modules[place] = (
                    load_module(Path(file)) if file else importlib.import_module(place)
                )
            except ImportError as error:
                raise _impossible(f"`{place}` cannot be imported ({error})") from None
            except OSError as error:
                raise _impossible(f"{place} cannot be read ({error.strerror})") from None
        return self._modules[place]


def _unset(
    kind: type[Component], fields: Mapping[str, object], given: list[str], described: Description
) -> set[str]:
    """Settings that nobody set: left out, unless `configure` gave them another value."""
    loose = {name for name in fields if name not in given}
    if not loose:
        return loose
    try:
        default = kind(**{name: value for name, value in fields.items() if name in given})
        plain = describe(default)
    except (ValidationError, ValueError):
        return set()
    return {name for name in loose if plain.get(name) == described[name]}


def _array(dtype: str, values: object) -> object:
    if dtype.startswith("torch."):
        return torch.tensor(values, dtype=getattr(torch, dtype.removeprefix("torch.")))
    return np.array(values, dtype=dtype)


def _alternatives(annotation: object) -> tuple[object, ...]:
    """The members of a union; of anything else itself."""
    if get_origin(annotation) in {Union, UnionType}:
        return tuple(a for member in get_args(annotation) for a in _alternatives(member))
    return (annotation,)


def _takes_functions(annotation: object) -> bool:
    kinds = _alternatives(annotation)
    return any(get_origin(k) is Callable or k is Callable for k in kinds) or any(
        getattr(get_origin(k), "__name__", "") == "Callable" for k in kinds
    )


def _inner(annotation: object) -> object:
    """What the entries of a container are annotated with."""
    for kind in _alternatives(annotation):
        arguments = [a for a in get_args(kind) if a is not Ellipsis]
        if get_origin(kind) is not None and arguments and not _takes_functions(kind):
            return arguments[-1]
    return Any


def _impossible(why: str) -> CheckpointError:
    return CheckpointError(
        f"the board of this run cannot be made again: {why}",
        code="E601",
        help="restore the files the run was started with",
    )


def _replaced(board: BaseModel, phase: str, by: object) -> BaseModel:
    if not isinstance(board, Graph):
        raise _impossible(f"`{type(board).__name__}` has no phases")
    if not callable(by):
        raise _impossible(f"`{by!r}`, which ran for `{phase}`, is no function any more")
    return board.replace(getattr(type(board), phase), by)
