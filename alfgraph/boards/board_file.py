"""A board as JSON: what is plugged where, with every setting; and how two boards differ.

    {"kind": "their_library:Board", "env": {"kind": ..., "num_envs": 30}, ...}

A part plugged into several sockets is described once and referred to by its first path:
`{"same_as": "algorithm.actor.encoder"}`. The description is what a run's lock file holds.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alfgraph.boards.loading import MODULE_PREFIX
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.libraries import public_home
from alfgraph.diagnostics.repairs.calls import named_function
from alfgraph.diagnostics.value_text import shown
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.overrides.addressing import joined
from alfgraph.wiring.binding import bind
from alfgraph.wiring.component import Component

Description = dict[str, Any]
"""JSON: dicts, lists, texts, numbers."""

CONTINUABLE = frozenset(
    {
        "num_iterations",
        "num_env_steps",
        "summary_interval",
        "summarize_first_interval",
        "eval_interval",
        "num_eval_episodes",
        "num_eval_environments",
        "keep_checkpoints",
        "keep_best",
        "progress",
    }
)
"""Settings of the trainer that may change between a run and its continuation."""

_ABSENT: object = object()


def describe(graph: Component) -> Description:
    """The board as plain JSON: equal boards have equal descriptions.

    Args:
        graph: the board, as a user made it.

    Returns:
        Nested dicts with a `kind` each: `module:Class`, or `file.py:Class` for what a graph file
        defines. Defaults and what `configure` gave are written out.

    Raises:
        SettingError: E302, a setting cannot be written, such as a lambda.
    """
    return _part(bind(graph), "", {})


def board_hash(description: Mapping[str, object]) -> str:
    """SHA-256 of a description, in hexadecimal; independent of the order of keys."""
    text = json.dumps(description, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def kind_of(kind: type | Callable[..., object]) -> str:
    """The name of a class or a function in a description: where a reader would import it from."""
    if kind.__module__.startswith(MODULE_PREFIX):
        file = getattr(sys.modules.get(kind.__module__), "__file__", None) or kind.__module__
        return f"{Path(file).name}:{kind.__qualname__}"
    return f"{public_home(kind)}:{kind.__qualname__}"


def _part(part: Component, path: str, known: dict[int, str]) -> Description:
    first = known.setdefault(id(part), path)
    if first != path:
        return {"same_as": first}
    found: Description = {"kind": kind_of(type(part))}
    for name in type(part).model_fields:
        found[name] = _value(getattr(part, name), joined(path, name), known, part)
    if isinstance(part, Graph) and part.replaced_phases:
        found["replaced"] = {
            phase: _callable(by, joined(path, phase), part)
            for phase, by in part.replaced_phases.items()
        }
    return found


def _value(value: object, path: str, known: dict[int, str], holder: Component) -> object:
    if isinstance(value, Component):
        return _part(value, path, known)
    if isinstance(value, BaseModel):
        entries = {name: _value(v, f"{path}.{name}", known, holder) for name, v in value}
        return {"kind": kind_of(type(value)), **entries}
    if isinstance(value, tuple | list):
        return [_value(v, f"{path}.{i}", known, holder) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {str(k): _value(v, f"{path}.{k}", known, holder) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((_value(v, path, known, holder) for v in value), key=str)
    return _plain(value, path, holder)


def _plain(value: object, path: str, holder: Component) -> object:
    """A value without parts: numbers, words, arrays by their content, functions by their name."""
    match value:
        case Enum():
            found = _plain(value.value, path, holder)
        case None | bool() | int() | str():
            found = value
        case float():
            found = value if math.isfinite(value) else str(value)
        case Path() | complex():
            found = str(value)
        case bytes():
            found = {"sha256": hashlib.sha256(value).hexdigest()}
        case _ if type(value).__name__.lower().endswith("dtype"):  # numpy's and torch's
            found = str(value)
        case _ if hasattr(value, "dtype") and hasattr(value, "tolist"):  # an array, or its number
            found = {"dtype": str(value.dtype), "values": value.tolist()}
        case _ if callable(value):
            found = _callable(value, path, holder)
        case _:
            raise _unwritable(path, _object(value), holder)
    return found


def _callable(value: Callable[..., object], path: str, holder: Component) -> str:
    name = getattr(value, "__qualname__", "")
    if not name or "<lambda>" in name:
        raise _unwritable(path, "a lambda" if name else _object(value), holder)
    return kind_of(value)


def _object(value: object) -> str:
    """What an object prints, but no address in memory."""
    text = repr(value)
    return f"a plain {type(value).__name__}" if " at 0x" in text else f"{text:.60}"


def _unwritable(path: str, given: str, holder: Component) -> SettingError:
    made = holder.created_at
    below = path.split(".")
    name = next((n for n in below if n in type(holder).model_fields), below[-1])
    return SettingError(
        Diagnostic(
            code="E302",
            message=f"`{path}` cannot be {given}: a run writes its board to a file, by names",
            source=made.argument(name) if made else None,
            help=(
                Help(
                    text="define a function or a class with a name, and give that",
                    edits=named_function(made, name),
                ),
            ),
            path=path.rpartition(".")[0],
            about=(below[-1],),
        )
    )


# --------------------------------------------------------------------------------- differences


def difference(
    a: Mapping[str, object], b: Mapping[str, object], *, continuing: bool = False
) -> list[str]:
    """What differs between two boards, a line each, such as `env.num_envs`: 30 → 16.

    Args:
        a: description of the one.
        b: description of the other.
        continuing: leave out what may change when a run is continued: how long it lasts, what is
            logged and kept.

    Returns:
        Lines in the order of the boards; none if they are equal.
    """
    return [
        f"`{path}`: {_shown(old)} → {_shown(new)}" if path else f"{_shown(old)} → {_shown(new)}"
        for path, old, new in _differences(a, b, "", continuing)
    ]


def _differences(
    a: object, b: object, path: str, continuing: bool
) -> Iterator[tuple[str, object, object]]:
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        kind = a.get("kind")
        if kind != b.get("kind") or ("same_as" in a) != ("same_as" in b):
            yield path, a, b
            return
        for name in {**a, **b}:
            may_change = continuing and kind == kind_of(Trainer) and name in CONTINUABLE
            if not may_change:
                old, new = a.get(name, _ABSENT), b.get(name, _ABSENT)
                yield from _differences(old, new, joined(path, name), continuing)
    elif _holds_parts(a) or _holds_parts(b):
        both = (a if isinstance(a, list) else [], b if isinstance(b, list) else [])
        for index in range(max(map(len, both))):
            old, new = (side[index] if index < len(side) else _ABSENT for side in both)
            yield from _differences(old, new, f"{path}.{index}", continuing)
    elif a != b:
        yield path, a, b


def _holds_parts(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value)


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, Mapping) and "kind" in value:
        return str(value["kind"]).rpartition(":")[2]
    if isinstance(value, Mapping) and "same_as" in value:
        return f"the same as `{value['same_as']}`"
    return shown(value)
