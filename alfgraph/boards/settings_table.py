"""Every setting of a board in one table: its path, its value, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.value_text import shown
from alfgraph.families.graph import Graph
from alfgraph.overrides.addressing import Scope, joined, socket_families
from alfgraph.overrides.origins import DEFAULT, Origin, origin_of, recorded_origins
from alfgraph.overrides.setting_row import SettingRow
from alfgraph.wiring.component import Component


def settings_of(graph: Graph) -> tuple[SettingRow, ...]:
    """Every socket and setting of a board, from board to part, in the order of declaration.

    Args:
        graph: the board, as a user made it.

    Returns:
        The rows; the settings of a part in several sockets stand under its first path.
    """
    return tuple(_Walk(graph).rows(graph, "", (), DEFAULT))


class _Walk:
    """One walk over a board; remembers which shared parts were shown, and what was configured."""

    def __init__(self, graph: Graph) -> None:
        self._configured = graph.configured
        self._shown: dict[tuple[Scope, int], str] = {}

    def rows(
        self, part: Component, path: str, scope: Scope, plugged_by: Origin
    ) -> Iterator[SettingRow]:
        """The rows of one part and of what is plugged into it."""
        first = self._shown.setdefault((scope, id(part)), path)
        if path:
            reference = first if first != path else ""
            kind = type(part).__name__ + (f" (the same as {reference})" if reference else "")
            yield _row(path, kind, plugged_by, is_part=True, reference=reference)
            if reference:
                return
        configured = self._configuration(part)
        for name, info in type(part).model_fields.items():
            value, origin = getattr(part, name), origin_of(part, name, bool(scope))
            if name in configured and name not in part.model_fields_set:
                value, origin = configured[name]
            where = joined(path, name)
            if socket_families(info.annotation):
                given = name in part.model_fields_set
                inner = scope if given else (scope, id(part), name)
                yield from self._plugs(value, where, inner, origin, _entry_origins(part, name))
            else:
                yield from _value_rows(value, where, origin, _entry_origins(part, name))

    def _plugs(
        self, held: object, path: str, scope: Scope, origin: Origin, entries: Mapping[str, Origin]
    ) -> Iterator[SettingRow]:
        """Rows of what a socket holds: a part, several, or nothing."""
        if isinstance(held, Component):
            yield from self.rows(held, path, scope, origin)
        elif isinstance(held, tuple | list | dict) and held:
            pairs = held.items() if isinstance(held, dict) else enumerate(held)
            for key, entry in pairs:
                own = entries.get(str(key), origin)
                yield from self._plugs(entry, f"{path}.{key}", scope, own, {})
        else:
            yield _row(path, shown(held), origin, is_part=True)

    def _configuration(self, part: Component) -> dict[str, tuple[object, Origin]]:
        """What `configure` gives a part, by setting; later calls win."""
        found: dict[str, tuple[object, Origin]] = {}
        for kind, settings, source in self._configured:
            if isinstance(part, kind):
                origin = f"configure at {_place(source)}" if source else "configure"
                found |= {name: (value, origin) for name, value in settings.items()}
        return found


def _entry_origins(part: Component, name: str) -> dict[str, Origin]:
    """Origins recorded for what lies inside a field: entries of a tuple, settings of a rate."""
    recorded = recorded_origins(part).items()
    return {key.removeprefix(f"{name}."): o for key, o in recorded if key.startswith(f"{name}.")}


def _value_rows(
    value: object, path: str, origin: Origin, inside: Mapping[str, Origin]
) -> Iterator[SettingRow]:
    """The row of a setting; one for every setting of a rate or an annealing."""
    if not isinstance(value, BaseModel):
        latest = next(reversed(list(inside.values())), origin)
        yield _row(path, shown(value), latest)
        return
    yield _row(path, type(value).__name__, origin, is_part=True)
    for name, inner in value:
        given = origin if name in value.model_fields_set else DEFAULT
        yield from _value_rows(inner, f"{path}.{name}", inside.get(name, given), {})


def _row(
    path: str, value: str, origin: Origin, is_part: bool = False, reference: str = ""
) -> SettingRow:
    text = origin if isinstance(origin, str) else _place(origin)
    return SettingRow(path, value, text, text == DEFAULT, is_part, reference)


def _place(source: Source) -> str:
    return f"{source.shown_file}:{(source.focus or source).line}"
