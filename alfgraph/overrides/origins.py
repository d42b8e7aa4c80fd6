"""Where settings come from: remembered beside a part's settings, and copied with the part.

A setting that was given when the part was made comes from that line (`created_at`). What changes it
later, a swap or a `--set`, is written here, and so is the file a board was loaded from and what was
decided for the user on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.libraries import in_library
from alfgraph.diagnostics.source import Source
from alfgraph.wiring.component import Component

Origin = str | Source
"""What gave a setting its value: words such as `--set #2`, or a line."""

DEFAULT = "default"


def recorded_origins(part: BaseModel) -> Mapping[str, Origin]:
    """Origins of the settings that were changed after the part was made, by dotted name."""
    found: Mapping[str, Origin] = _private(part).get("_origins", {})
    return found


def record_origins(part: BaseModel, origins: Mapping[str, Origin]) -> None:
    """Write origins on a part that nobody else holds yet."""
    _remember(part, "_origins", {**recorded_origins(part), **origins})


def origin_of(part: Component, name: str, below_default: bool = False) -> Origin:
    """Where one setting's value comes from, `configure` left aside.

    Args:
        part: the component.
        name: the setting's name.
        below_default: whether the part sits in a socket that was left at its default.

    Returns:
        `default`, what changed it, or the line that made the part.
    """
    changed = recorded_origins(part)
    if name in changed:
        return changed[name]
    if name not in part.model_fields_set:
        return DEFAULT
    if below_default:
        return class_body_origin(part)
    return part.created_at.argument(name) if part.created_at else "code"


def is_chosen(part: Component, name: str) -> bool:
    """Whether a user gave a setting its value; what a library comes with is nobody's choice.

    Args:
        part: a bound part.
        name: the setting's name.
    """
    return origin_of(part.binding.original, name, below_default=True) != DEFAULT


def class_body_origin(part: Component) -> Origin:
    """The origin of what a class comes with: the user's line, or `default` for a library."""
    made = part.created_at
    return DEFAULT if made is None or in_library(made.file) else made


def notes_of(graph: Component) -> tuple[Diagnostic, ...]:
    """What swaps and overrides decided for the user, in order; warnings included."""
    found: tuple[Diagnostic, ...] = _private(graph).get("_notes", ())
    return found


def add_note(graph: Component, note: Diagnostic) -> None:
    """Write a note on a board that nobody else holds yet."""
    _remember(graph, "_notes", (*notes_of(graph), note))


def graph_file(graph: Component) -> Path | None:
    """The file the board was loaded from; None for one made in a notebook or a script."""
    found = _private(graph).get("_file")
    return None if found is None else found[0]


def graph_name(graph: Component) -> str:
    """What runs of the board are called: its file, with the name picked there, or its class."""
    found = _private(graph).get("_file")
    if found is None:
        return type(graph).__name__
    path, name = found
    return f"{path.stem}-{name}" if name else str(path.stem)


def record_file(graph: Component, path: Path, name: str = "") -> None:
    """Write on a board which file it was loaded from, and the name picked there."""
    _remember(graph, "_file", (path, name))


def _private(part: BaseModel) -> dict[str, Any]:
    return part.__pydantic_private__ or {}


def _remember(part: BaseModel, name: str, value: object) -> None:
    """Private attributes are what `model_copy` carries along, and what equality may ignore."""
    object.__setattr__(part, "__pydantic_private__", {**_private(part), name: value})
