"""What a swapped algorithm does to the schedule: its own kind takes the old one's socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import SettingError
from alfgraph.overrides.addressing import (
    Place,
    Replacement,
    copied_with,
    joined,
    locate,
    own_copy,
    socket_families,
    split_path,
)
from alfgraph.overrides.origins import DEFAULT, Origin, add_note, origin_of, record_origins
from alfgraph.overrides.rebinding import revised
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.tree import sockets_of

G = TypeVar("G", bound=Component)


def replace_unfit_schedule(graph: G, place: Place, chosen: set[tuple[str, ...]]) -> G:
    """Give a swapped algorithm a schedule of its own kind, where the one that was set does not fit.

    Args:
        graph: the board, with the new algorithm in place.
        place: where it was plugged; `value` is the old algorithm.
        chosen: sockets swapped by the same call: a schedule given there stays.

    Returns:
        The board, with a note if a schedule was replaced.
    """
    new = locate(graph, place.path).value
    if not (isinstance(new, Component) and isinstance(place.value, Component)):
        return graph
    if _default_schedule(place.value) is None:  # nothing ran under a schedule there
        return graph
    own, wanted = _own_schedule(new), _default_schedule(new)
    socket = _governing_socket(graph, place)
    if own is None or wanted is None or socket is None or split_path(socket) in chosen:
        return graph
    held = locate(graph, socket)
    if isinstance(held.value, type(wanted)) or not isinstance(held.value, Schedule):
        return graph
    is_given = any(getattr(new, name) is own for name in new.model_fields_set)
    schedule = own if is_given else own_copy(own)
    schedule, kept = _with_what_fits(held.value, schedule)
    whole = Replacement(held.scope, held.value, schedule, _unchecked).within(graph)
    if not isinstance(whole, type(graph)):
        raise TypeError(f"{type(graph).__name__} became {type(whole).__name__}")
    add_note(whole, _note(socket, held.value, schedule, new, kept))
    return whole


def schedule_put_into(graph: Component, place: Place) -> Schedule | None:
    """The algorithm's schedule that fills an empty schedule socket above it.

    Args:
        graph: the board.
        place: the empty socket.

    Returns:
        A copy of a default one, which the algorithm then follows. One that the user set on the
        algorithm itself is shared, so that both sockets change together. None if this is no
        schedule's socket, or nothing below has a schedule.
    """
    annotation = type(place.holder).model_fields[place.field].annotation
    families = socket_families(annotation)
    if not any(issubclass(family, Schedule) for family in families):
        return None
    found = _first_schedule(place.holder, explicit=True)
    if found is None:
        return None
    schedule, explicit = found
    return schedule if explicit else own_copy(schedule)


def _first_schedule(part: Component, explicit: bool) -> tuple[Schedule, bool] | None:
    """The first schedule below a component, and whether the user plugged it."""
    for name, child in sockets_of(part):
        given = explicit and name.partition(".")[0] in part.model_fields_set
        if isinstance(child, Schedule):
            return child, given
        if isinstance(child, Component):
            found = _first_schedule(child, given)
            if found is not None:
                return found
    return None


def _own_schedule(board: Component) -> Schedule | None:
    return next((part for _, part in sockets_of(board) if isinstance(part, Schedule)), None)


def _default_schedule(board: Component) -> Schedule | None:
    defaults = (info.default for info in type(board).model_fields.values())
    return next((value for value in defaults if isinstance(value, Schedule)), None)


def _governing_socket(graph: Component, place: Place) -> str | None:
    """Path of the nearest schedule that was set on a board around this place."""
    steps = split_path(place.holder_path) if place.holder_path else ()
    for length in range(len(steps), -1, -1):
        path = joined(*steps[:length])
        holder = locate(graph, path).value if path else graph
        if not isinstance(holder, Component):  # an index inside a tuple
            continue
        for name in type(holder).model_fields:
            if name in holder.model_fields_set and isinstance(getattr(holder, name), Schedule):
                return joined(path, name)
    return None


def _with_what_fits(old: Schedule, new: Schedule) -> tuple[Schedule, dict[str, object]]:
    """The new schedule with what the user set on the old one, where it has and accepts that."""
    kept: dict[str, object] = {}
    origins: dict[str, Origin] = {}
    for name in type(old).model_fields:
        settable = name in old.model_fields_set and name in type(new).model_fields
        if not settable or name in new.model_fields_set:
            continue
        try:
            new = revised(new, {name: getattr(old, name)})
        except SettingError:
            continue
        kept[name] = getattr(old, name)
        origins[name] = origin_of(old, name)
    record_origins(new, origins)
    return new, kept


def _unchecked(holder: Component, sockets: Mapping[str, object], path: str) -> Component:
    del path
    whole = copied_with(holder, sockets)
    record_origins(whole, dict.fromkeys(sockets, DEFAULT))
    return whole


def _note(
    socket: str, old: Schedule, new: Schedule, algorithm: Component, kept: dict[str, object]
) -> Diagnostic:
    own = {name: value for name, value in new if name not in kept}
    dropped = {name: value for name, value in old if name in old.model_fields_set - set(kept)}
    lines = [
        ("kept from the file", kept),
        ("dropped", dropped),
        (f"from {type(algorithm).__name__}", own),
    ]
    kind, before = type(new).__name__, type(old).__name__
    return Diagnostic(
        severity="note",
        message=f"`{socket}` is now {kind}: {type(algorithm).__name__} cannot run under {before}",
        source=old.created_at,
        notes=tuple(f"{label}: {_assignments(settings)}" for label, settings in lines if settings),
        path=socket,
    )


def _assignments(settings: dict[str, object]) -> str:
    return ", ".join(f"{name}={_written(value)}" for name, value in settings.items())


def _written(value: object) -> str:
    """A number as one writes it: a whole one without its point."""
    return f"{value:g}" if isinstance(value, float) else str(value)
