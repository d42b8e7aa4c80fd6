"""Overrides: other components in sockets, other values in settings, by path.

    swap(graph, {"algorithm": PPO(), "transforms.0": None})
    set_values(graph, {"env.id": "Pendulum-v1", "algorithm.actor.hidden": "[128, 128]"})

Every value is validated against the very field it is for; nothing is evaluated. The graph given
stays as it is. What was decided on the way is in `notes_of(graph)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from alfgraph.diagnostics.errors import SettingError, UsageError
from alfgraph.diagnostics.source import Source
from alfgraph.overrides import errors as wrong
from alfgraph.overrides.addressing import (
    MISSING,
    Place,
    Replacement,
    Scope,
    classes_in,
    copied_with,
    entries_of,
    entry_of,
    joined,
    locate,
    own_copy,
    socket_families,
    split_path,
    takes_many,
    takes_none,
    with_entry,
)
from alfgraph.overrides.origins import DEFAULT, Origin, add_note, record_origins
from alfgraph.overrides.rebinding import revised
from alfgraph.overrides.schedules import replace_unfit_schedule, schedule_put_into
from alfgraph.overrides.swap_notes import dropped_note
from alfgraph.wiring.component import Component
from alfgraph.wiring.setting_group import SettingGroup

G = TypeVar("G", bound=Component)

Plug = Component | tuple[Component, ...] | None
"""What a socket holds."""


class _By:
    """Who overrides: the origin that is remembered, the line that errors show, what for."""

    def __init__(self, origin: Origin | None, source: Source | None, path: str, verb: str) -> None:
        self.origin: Origin = origin or source or verb
        self.source = source.argument(path) if source else None
        self.plugs = verb == "swap"


def parse_assignment(text: str) -> tuple[str, str]:
    """Split `a.b=1` of the command line into path and value.

    Raises:
        UsageError: there is no `=`, or nothing before it.
    """
    path, sign, value = text.partition("=")
    if not sign or not path.strip():
        raise UsageError(f"`{text}` is no assignment", help="write it as `PATH=VALUE`")
    return path.strip(), value.strip()


# ------------------------------------------------------------------------------------- sockets


def swap(graph: G, sockets: Mapping[str, Plug], *, origin: Origin | None = None) -> G:
    """This graph with other components in some sockets.

    A schedule that the old algorithm ran under and the new one cannot use is replaced, in its
    socket, by the new one's own; a note says what was kept of it. Another note names settings that
    went with the old component.

    Args:
        graph: the board; it stays as it is.
        sockets: a component, a tuple of components or None by socket path (`algorithm.actor`,
            `transforms.0`; one past the end of a tuple appends). Outer sockets come first.
        origin: what `alfgraph config` names as the origin; by default the line that calls this.

    Raises:
        SettingError: E303, there is no such socket; E304, the component does not fit.
    """
    source = None if origin else Source.of_caller()
    chosen = {split_path(path) for path in sockets}
    for path, new in sorted(sockets.items(), key=lambda item: len(split_path(item[0]))):
        by = _By(origin, source, path, "swap")
        place = _socket(graph, path, by)
        graph = replace_unfit_schedule(_plugged(graph, place, new, by), place, chosen)
        if isinstance(place.value, Component) and isinstance(new, Component):
            note = dropped_note(place.path, place.value, new)
            if note is not None:
                add_note(graph, note)
    return graph


def _socket(graph: Component, path: str, by: _By) -> Place:
    place = locate(graph, path)
    if not place.exists or place.rest or not socket_families(place.annotation):
        raise wrong.no_socket(graph, place, by.source)
    if place.value is MISSING and not _is_free(place):
        raise wrong.no_entry(place, by.source)
    return place


def _is_free(place: Place) -> bool:
    """Whether the path names the place behind a tuple's last entry, or a new key of a dict."""
    held = getattr(place.holder, place.field)
    return len(place.keys) == 1 and (isinstance(held, dict) or place.keys[0] == str(len(held)))


def _plugged(graph: G, place: Place, new: object, by: _By) -> G:
    if takes_many(place.annotation) and not place.keys and isinstance(new, Component):
        new = (new,)
    if isinstance(place.value, Component) and isinstance(new, Component):
        return _replaced(graph, place.scope, place.value, new, by)
    holder = _own(place)
    held = with_entry(getattr(holder, place.field), place.keys, new)
    plugged = _with_sockets(holder, {place.field: held}, place.holder_path, by)
    return _replaced(graph, place.holder_scope, place.holder, plugged, by)


def _own(place: Place) -> Component:
    """The holder, to be changed: what it was given as somebody's default counts as default."""
    return own_copy(place.holder) if place.holder_scope else place.holder


def _replaced(graph: G, scope: Scope, old: Component, new: Component, by: _By) -> G:
    """The graph with one component replaced wherever it is plugged."""

    def check(holder: Component, sockets: Mapping[str, object], path: str) -> Component:
        return _with_sockets(holder, sockets, path, by)

    whole = Replacement(scope, old, new, check).within(graph)
    if not isinstance(whole, type(graph)):
        raise TypeError(f"{type(graph).__name__} became {type(whole).__name__}")
    return whole


def _with_sockets(
    holder: Component, sockets: Mapping[str, object], path: str, by: _By
) -> Component:
    """A copy of a holder with other parts in its sockets; who does not fit is named."""
    origins: dict[str, Origin] = {}
    for name, held in sockets.items():
        annotation = type(holder).model_fields[name].annotation
        families = socket_families(annotation)
        allowed = (*families, type(None)) if takes_none(annotation) else families
        before = dict(entries_of(getattr(holder, name), name))
        for step, part in _plugs(held, name):
            if not isinstance(part, allowed):
                raise wrong.unfit_component(
                    joined(path, step), part, families, by.source, before.get(step)
                )
            if by.plugs and part is not before.get(step):
                origins[step] = by.origin
        if by.plugs and not held:
            origins[name] = by.origin
    new = revised(holder, sockets, path, by.source)
    record_origins(new, origins)
    return new


def _plugs(held: object, path: str) -> Iterator[tuple[str, object]]:
    """What a socket holds, fitting or not, with paths."""
    if isinstance(held, tuple | list):
        for index, entry in enumerate(held):
            yield from _plugs(entry, f"{path}.{index}")
    elif isinstance(held, dict):
        for key, entry in held.items():
            yield from _plugs(entry, f"{path}.{key}")
    else:
        yield path, held


# ------------------------------------------------------------------------------------ settings


def set_values(graph: G, values: Mapping[str, object], *, origin: Origin | None = None) -> G:
    """This graph with other values in some settings.

    Args:
        graph: the board; it stays as it is.
        values: by path. A string is read as JSON where that fits the setting, else as it is.
        origin: what `alfgraph config` names as the origin; by default the line that calls this.

    Raises:
        SettingError: E301, there is no such setting; E302, it cannot have this value; E303, the
            path names no socket on the way; E304, a component is wanted.
    """
    source = None if origin else Source.of_caller()
    for path, raw in values.items():
        by = _By(origin, source, path, "set")
        graph, place = _setting(graph, path, by)
        changed = _with_value(_own(place), place, raw, by)
        graph = _replaced(graph, place.holder_scope, place.holder, changed, by)
    return graph


def _setting(graph: G, path: str, by: _By) -> tuple[G, Place]:
    """Where a setting is; an empty schedule socket on the way is filled first."""
    place = locate(graph, path)
    if place.exists and place.value is None and place.rest:
        schedule = schedule_put_into(graph, place)
        if schedule is None:
            raise wrong.within_an_empty_socket(place, by.source)
        filled = copied_with(_own(place), {place.field: schedule})
        record_origins(filled, {place.field: DEFAULT})
        graph = _replaced(graph, place.holder_scope, place.holder, filled, by)
        place = locate(graph, path)
    if not place.exists:
        raise wrong.no_setting(graph, place, by.source)
    if place.value is MISSING and (socket_families(place.annotation) or place.rest):
        raise wrong.no_entry(place, by.source)
    return graph, place


def _with_value(holder: Component, place: Place, raw: object, by: _By) -> Component:
    """A copy of the holder with the first reading of the value that its field accepts."""
    refused: SettingError | None = None
    steps = (*place.keys, *place.rest)
    for value in _readings(raw):
        try:
            if socket_families(place.annotation) and not _empties(place, value):
                raise wrong.value_for_a_socket(place, raw, by.source)
            held = _updated(getattr(holder, place.field), steps, value, place, by.source)
            new = revised(holder, {place.field: held}, place.holder_path, by.source)
        except SettingError as error:
            refused = refused or error
            continue
        record_origins(new, {joined(place.field, *steps): by.origin})
        return new
    raise refused or SettingError(f"`{place.path}` was given no value")


def _empties(place: Place, value: object) -> bool:
    """Whether a plain value may stand in a socket: null and [] empty it."""
    many = takes_many(place.annotation) and not place.keys
    return (value is None and takes_none(place.annotation)) or (value == [] and many)


def _readings(raw: object) -> Iterator[object]:
    """What a string may mean: its JSON, then itself."""
    if isinstance(raw, str):
        try:
            value = json.loads(raw, parse_constant=_no_constant)
        except ValueError:
            pass
        else:
            yield value
    yield raw


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _updated(
    value: object, steps: tuple[str, ...], new: object, place: Place, source: Source | None
) -> object:
    """A field's value with what lies `steps` below it set; models on the way validate theirs."""
    if not steps:
        return _of_its_kind(new, place, source)
    if isinstance(value, BaseModel):
        name, *rest = steps
        path = joined(place.path, *place.rest[: len(place.rest) - len(steps)])
        if name not in type(value).model_fields:
            raise wrong.no_setting_inside(value, name, path, source)
        inner = _updated(getattr(value, name), tuple(rest), new, place, source)
        return revised(value, {name: inner}, path, source)
    if not isinstance(value, tuple | list | dict):
        raise wrong.value_without_settings(place, source)
    entry = entry_of(value, steps[0])
    try:
        return with_entry(value, steps[:1], _updated(entry, steps[1:], new, place, source))
    except KeyError:
        raise wrong.no_entry(place, source) from None


def _of_its_kind(value: object, place: Place, source: Source | None) -> object:
    """A JSON object with a `kind` is the group of settings of that class; all else is itself."""
    wanted = classes_in(place.annotation, SettingGroup)
    if not (wanted and isinstance(value, dict) and "kind" in value):
        return value
    kinds = {kind.__name__: kind for base in wanted for kind in _subclasses(base)}
    kind = kinds.get(str(value["kind"]))
    if kind is None:
        raise wrong.unknown_kind(place, str(value["kind"]), wanted[0], kinds, source)
    try:
        given = {name: entry for name, entry in value.items() if name != "kind"}
        return kind.__pydantic_validator__.validate_python(given, self_instance=kind.__new__(kind))
    except ValidationError as error:
        raise wrong.refused_value(kind, error, place.path, source) from None


def _subclasses(kind: type[SettingGroup]) -> Iterator[type[SettingGroup]]:
    for subclass in kind.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
