"""What goes with a component that is swapped: the settings somebody had chosen in it."""

from __future__ import annotations

from collections.abc import Iterator

from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.suggestions import listing
from alfgraph.diagnostics.value_text import shown
from alfgraph.overrides.addressing import entries_of, joined
from alfgraph.overrides.origins import recorded_origins
from alfgraph.wiring.component import Component

_LISTED = 12


def dropped_note(path: str, old: Component, new: Component) -> Diagnostic | None:
    """A note that names what the old component had been given and the new one has otherwise.

    Args:
        path: the socket.
        old: what was plugged there.
        new: what is plugged there now.

    Returns:
        None where nothing is lost, or where the new one was given settings of its own: whoever
        wrote those knows which to give.
    """
    if new.model_fields_set:
        return None
    has = dict(_settings(new, "", chosen_only=False))
    dropped = [(name, value) for name, value in _settings(old, "") if has.get(name) != value]
    if not dropped:
        return None
    kind, before = type(new).__name__, type(old).__name__
    written = [f"{name}={value}" for name, value in dropped]
    typed = (text.replace(", ", ",") for text in written if text.partition("=")[0] in has)
    again = next((text for text in typed if " " not in text), None)
    advice = f"to give one anew: `--set {joined(path, again)}`" if again else ""
    return Diagnostic(
        severity="note",
        message=f"`{path}` is now {kind}, with the settings {kind} comes with",
        source=old.created_at,
        notes=(f"dropped with {before}: {listing(written, _LISTED)}",),
        help=(Help(text=advice),) if advice else (),
        path=path,
    )


def _settings(part: Component, path: str, chosen_only: bool = True) -> Iterator[tuple[str, str]]:
    """Settings by dotted name, as they are typed; of a plugged part without any, its kind."""
    changed = {name.partition(".")[0] for name in recorded_origins(part)}
    for name in type(part).model_fields:
        if chosen_only and name not in part.model_fields_set | changed:
            continue
        value, place = getattr(part, name), joined(path, name)
        parts = list(entries_of(value, place))
        if not parts:
            yield place, shown(value)
        for step, child in parts:
            inside = list(_settings(child, step, chosen_only))
            if not (chosen_only and inside):
                yield step, type(child).__name__
            yield from inside
