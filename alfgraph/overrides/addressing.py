"""Paths such as `algorithm.actor.hidden`: finding what they name, and trees with it replaced.

Trees of frozen parts are never changed: what lies above a replaced part is copied. The same object
plugged into two sockets is one part and is replaced in both; a socket left at its default holds a
part of its own, whoever else was given the same default (as in `alfgraph.wiring.binding`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import TypeVar, cast, get_args, get_origin

from pydantic import BaseModel

from alfgraph.overrides.origins import (
    DEFAULT,
    class_body_origin,
    record_origins,
    recorded_origins,
)
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Schedule

V = TypeVar("V")
M = TypeVar("M", bound=BaseModel)

Scope = tuple[object, ...]
"""Where objects are shared: `()` for what was plugged in; one more for every default socket."""

MISSING: object = object()
"""What a path beyond the end of a tuple or dict leads to."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a path leads.

    Attributes:
        holder: the component whose field it is.
        holder_path: the holder's own path, "" for the board.
        holder_scope: where the holder is shared.
        field: name of the field; it may not exist.
        scope: where the field's value is shared.
        keys: indices and keys taken inside the field.
        value: what is there, or `MISSING`.
        rest: steps that lead further, into values that are no components.
    """

    holder: Component
    holder_path: str
    holder_scope: Scope
    field: str
    scope: Scope
    keys: tuple[str, ...]
    value: object
    rest: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether the holder has the field."""
        return self.field in type(self.holder).model_fields

    @property
    def annotation(self) -> object:
        """What the field takes; None if there is no such field."""
        return type(self.holder).model_fields[self.field].annotation if self.exists else None

    @property
    def path(self) -> str:
        """The path up to the value, without the rest."""
        return joined(self.holder_path, self.field, *self.keys)


def split_path(path: str) -> tuple[str, ...]:
    """The steps of a path; `transforms[0].scale` is `transforms.0.scale`."""
    return tuple(re.sub(r"\[\s*['\"]?([^\]'\"]*)['\"]?\s*\]", r".\1", path).strip().split("."))


def joined(*steps: str) -> str:
    """Steps as a path; empty ones are left out."""
    return ".".join(step for step in steps if step)


def locate(root: Component, path: str) -> Place:
    """Follow a path from a board down to the last field that belongs to a component."""
    steps = split_path(path)
    holder, holder_path = root, ""
    scope: Scope = ()
    while True:
        field, *rest = steps
        inner: Scope = scope if field in holder.model_fields_set else (scope, id(holder), field)
        value = getattr(holder, field) if field in type(holder).model_fields else MISSING
        keys: list[str] = []
        while rest and isinstance(value, tuple | list | dict):
            keys.append(rest.pop(0))
            value = entry_of(value, keys[-1])
        if not (rest and isinstance(value, Component)):
            place = (holder, holder_path, scope, field, inner, tuple(keys), value, tuple(rest))
            return Place(*place)
        holder, holder_path, scope = value, joined(holder_path, field, *keys), inner
        steps = tuple(rest)


def socket_families(annotation: object) -> tuple[type[Component], ...]:
    """The component classes a field takes; none if it is a plain setting."""
    return classes_in(annotation, Component)


def classes_in(annotation: object, kind: type[M]) -> tuple[type[M], ...]:
    """Subclasses of a class anywhere in an annotation: unions, tuples and dicts are searched."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return (annotation,) if issubclass(annotation, kind) else ()
    found = (entry for arg in get_args(annotation) for entry in classes_in(arg, kind))
    return tuple(dict.fromkeys(found))


def takes_many(annotation: object) -> bool:
    """Whether a socket takes a tuple of components."""
    own = get_origin(annotation) in {tuple, list}
    return own or any(takes_many(arg) for arg in get_args(annotation))


def takes_none(annotation: object) -> bool:
    """Whether a field may stay empty."""
    return annotation is NoneType or NoneType in get_args(annotation)


def parts_of(root: Component, path: str = "") -> Iterator[tuple[str, Component]]:
    """Every component with its path, the root first; shared ones under their first path only."""
    seen: set[tuple[Scope, int]] = set()

    def visit(part: Component, path: str, scope: Scope) -> Iterator[tuple[str, Component]]:
        if (scope, id(part)) in seen:
            return
        seen.add((scope, id(part)))
        yield path, part
        for name in type(part).model_fields:
            inner = scope if name in part.model_fields_set else (scope, id(part), name)
            for step, value in entries_of(getattr(part, name), joined(path, name)):
                yield from visit(value, step, inner)

    yield from visit(root, path, ())


def with_entry(value: object, keys: tuple[str, ...], new: object) -> object:
    """A tuple or dict with one entry replaced, however deep; the end of a tuple is appended to.

    Raises:
        KeyError: the first key leads nowhere.
    """
    if not keys:
        return new
    key, *rest = keys
    if isinstance(value, dict):
        return {**value, key: with_entry(value.get(key, MISSING), tuple(rest), new)}
    if not isinstance(value, tuple | list) or not key.isdecimal() or int(key) > len(value):
        raise KeyError(key)
    old = entry_of(value, key)
    return (*value[: int(key)], with_entry(old, tuple(rest), new), *value[int(key) + 1 :])


def copied_with(model: M, updates: Mapping[str, object]) -> M:
    """A copy with other settings, unchecked; caches that were filled before are left behind."""
    new = model.model_copy(update=updates)
    for stale in set(new.__dict__) - set(type(new).model_fields):
        del new.__dict__[stale]
    return new


Check = Callable[[Component, Mapping[str, object], str], Component]
"""Copy a holder with other parts in its sockets, checked: `check(holder, sockets, path)`."""


class Replacement:
    """Puts another component in the place of one, wherever that one is plugged."""

    def __init__(self, scope: Scope, old: Component, new: Component, check: Check) -> None:
        """Say what is replaced.

        Args:
            scope: where the old one is shared.
            old: the component that goes.
            new: the component that comes.
            check: makes the copies of those that hold it.
        """
        self._new = new
        self._check = check
        self._known: dict[tuple[Scope, int], Component] = {(scope, id(old)): new}

    def within(self, part: Component, scope: Scope = (), path: str = "") -> Component:
        """The tree below a component with the replacement made; the same object if none was."""
        key = (scope, id(part))
        if key not in self._known:
            self._known[key] = self._rebuilt(part, scope, path)
        return self._known[key]

    def _rebuilt(self, part: Component, scope: Scope, path: str) -> Component:
        changed: dict[str, object] = {}
        for name in type(part).model_fields:
            explicit = name in part.model_fields_set
            inner = scope if explicit else (scope, id(part), name)
            old = getattr(part, name)
            new = self._value(old, inner, joined(path, name))
            if new is not old:
                changed[name] = new if explicit else own_copy(new, self._new)
        if not changed:
            return part
        direct = any(v is self._new for new in changed.values() for _, v in entries_of(new, ""))
        whole = self._check(part, changed, path) if direct else copied_with(part, changed)
        left = set(changed) - part.model_fields_set - set(recorded_origins(whole))
        record_origins(whole, dict.fromkeys(sorted(left), DEFAULT))
        return whole

    def _value(self, value: object, scope: Scope, path: str) -> object:
        if isinstance(value, Component):
            return self.within(value, scope, path)
        if isinstance(value, tuple | list):
            values = [self._value(v, scope, f"{path}.{i}") for i, v in enumerate(value)]
            same = all(a is b for a, b in zip(values, value, strict=True))
            return value if same else tuple(values)
        if isinstance(value, dict):
            entries = {k: self._value(v, scope, f"{path}.{k}") for k, v in value.items()}
            return value if all(entries[k] is value[k] for k in value) else entries
        return value


def own_copy(value: V, keep: Component | None = None) -> V:
    """A default part made one's own: new objects below it, so that nothing is shared by accident.

    What it was given in the class's body keeps counting as default, for schedules also where it
    matters whether the user set a length.

    Args:
        value: what a default socket holds, possibly with a part replaced already.
        keep: that part; the user's own object stays the same object.
    """
    known: dict[int, Component] = {}

    def copy(value: object) -> object:
        if isinstance(value, Component):
            if value is keep:
                return value
            if id(value) not in known:
                known[id(value)] = _own(value, copy)
            return known[id(value)]
        if isinstance(value, tuple | list):
            return tuple(copy(entry) for entry in value)
        return {k: copy(v) for k, v in value.items()} if isinstance(value, dict) else value

    return cast("V", copy(value))


def _own(part: Component, copy: Callable[[object], object]) -> Component:
    changed = recorded_origins(part)
    given = part.model_fields_set - set(changed)
    explicit = {name: copy(getattr(part, name)) for name in part.model_fields_set}
    new = copied_with(part, explicit)
    record_origins(new, dict.fromkeys(sorted(given), class_body_origin(part)))
    if isinstance(new, Schedule):
        object.__setattr__(new, "__pydantic_fields_set__", part.model_fields_set - given)
    return new


def entry_of(value: object, key: str) -> object:
    """What a tuple or dict holds under a step of a path, or `MISSING`."""
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if isinstance(value, tuple | list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return MISSING


def entries_of(value: object, path: str) -> Iterator[tuple[str, Component]]:
    """Components in a field's value, with their paths."""
    if isinstance(value, Component):
        yield path, value
    elif isinstance(value, tuple | list):
        for index, entry in enumerate(value):
            yield from entries_of(entry, joined(path, str(index)))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from entries_of(entry, joined(path, str(key)))
