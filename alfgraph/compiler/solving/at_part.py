"""What a part's own code complains of, shown at the line that made the part."""

from __future__ import annotations

from collections.abc import Iterable

from alfgraph.compiler.solving.mismatches import plugged
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.repairs.calls import changed_argument, with_argument, without_element
from alfgraph.diagnostics.source import Source
from alfgraph.wiring.component import Component
from alfgraph.wiring.settings import PART


def at_part(diagnostics: Iterable[Diagnostic], part: Component, path: str) -> list[Diagnostic]:
    """Diagnostics with the line of the part, and edits for the settings they would change.

    Args:
        diagnostics: what the part raised; those that have a line already stay as they are.
        part: whose code it was.
        path: its socket path.
    """
    return [d if d.source else _placed(d, part, path) for d in diagnostics]


def _placed(diagnostic: Diagnostic, part: Component, path: str) -> Diagnostic:
    source = plugged(part)
    fixes = tuple(_with_edits(fix, source) for fix in diagnostic.help)
    where = _argument(source, diagnostic.about) if source else None
    return diagnostic.model_copy(update={"source": where, "path": path, "help": fixes})


def _argument(call: Source, about: tuple[str, ...]) -> Source:
    """The call with the setting that it is about in focus, where one of them was given."""
    settings = dict.fromkeys(name.partition(".")[0] for name in about)
    given = [place for place in map(call.argument, settings) if place.focus]
    return given[0] if len(given) == 1 else call


def _with_edits(fix: Help, source: Source | None) -> Help:
    """A setting to change, as an edit of the call that made the part."""
    if fix.retype is None or fix.edits:
        return fix
    name, value = fix.retype.given, fix.retype.instead
    if name == PART:
        return fix.model_copy(update={"edits": without_element(source), "retype": None})
    edits = changed_argument(source, name, value) or with_argument(source, f"{name}={value}")
    return fix.model_copy(update={"edits": edits})
