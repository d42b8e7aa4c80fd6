"""Binding: a private copy of the component tree, in which every part knows its socket path.

The user's objects stay frozen, equal and reusable. The same object plugged into two sockets is
one part with one set of parameters; sockets left at their default get their own copy.
"""

from __future__ import annotations

from typing import Any, TypeVar

from alfgraph.wiring.component import Component
from alfgraph.wiring.place import Binding, Slot

C = TypeVar("C", bound=Component)


def bind(root: C) -> C:
    """Copy a tree of components so that every part knows its path, parent and trace."""
    return _bound(root, "", Slot(), None, {}, root_configuration(root))


def root_configuration(root: Component) -> tuple[Any, ...]:
    """Class-wide defaults given with `configure`."""
    return tuple(getattr(root, "configured", ()))


def _bound(
    part: C,
    path: str,
    slot: Slot,
    parent: Any,
    shared: dict[int, Component],
    configured: tuple[Any, ...],
) -> C:
    known = shared.get(id(part))
    if known is not None:
        return known  # type: ignore[return-value]  # the same object, bound before
    new = part.model_copy()
    for kind, settings, _source in configured:
        if isinstance(part, kind):
            new.__dict__.update(
                {k: v for k, v in settings.items() if k not in part.model_fields_set}
            )
    new._binding = Binding(path=path, slot=slot, parameters=path, original=part, parent=parent)
    shared[id(part)] = new
    for name in type(part).model_fields:
        explicit = name in part.model_fields_set
        scope = shared if explicit else {}
        value = getattr(new, name)
        new.__dict__[name] = _bound_value(
            value, f"{path}.{name}" if path else name, slot, new, scope, configured
        )
    return new


def _bound_value(
    value: Any,
    path: str,
    slot: Slot,
    parent: Any,
    shared: dict[int, Component],
    configured: tuple[Any, ...],
) -> Any:
    if isinstance(value, Component):
        return _bound(value, path, slot, parent, shared, configured)
    if isinstance(value, tuple | list):
        return tuple(
            _bound_value(v, f"{path}.{i}", slot, parent, shared, configured)
            for i, v in enumerate(value)
        )
    if isinstance(value, dict):
        return {
            k: _bound_value(v, f"{path}.{k}", slot, parent, shared, configured)
            for k, v in value.items()
        }
    return value


def tracked_copy(part: C, target: Component) -> C:
    """The part with parameters of its own that `target` makes follow the part's."""
    source = part.binding
    new = part.model_copy()
    new._application = None
    new._binding = Binding(
        path=f"{target.socket_path}.of({source.path})",
        slot=source.slot,
        parameters=source.parameters,
        original=source.original,
        tracked_by=target.socket_path,
        parent=source.parent,
    )
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Component):
            new.__dict__[name] = tracked_copy(value, target)
        elif isinstance(value, tuple):
            new.__dict__[name] = tuple(
                tracked_copy(v, target) if isinstance(v, Component) else v for v in value
            )
    return new
