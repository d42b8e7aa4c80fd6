"""Diagnostics for tools: JSON, and annotations that GitHub shows beside the lines."""

from collections.abc import Iterable

from alfgraph.diagnostics.diagnostic import Diagnostic, by_severity
from alfgraph.diagnostics.source import Source


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """Plain, JSON-able dicts with the same keys for every diagnostic; columns count characters."""
    return [
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            "path": diagnostic.path,
            "about": list(diagnostic.about),
            "source": _place(diagnostic.source),
            "facts": [fact.model_dump() for fact in diagnostic.facts],
            "notes": list(diagnostic.notes),
            "help": [fix.model_dump() for fix in diagnostic.help],
            "related": [{"label": label, "source": _place(it)} for label, it in diagnostic.related],
        }
        for diagnostic in by_severity(diagnostics)
    ]


def to_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands, one a line, that GitHub shows as annotations beside the user's lines."""
    return "\n".join(_annotation(diagnostic) for diagnostic in by_severity(diagnostics))


def _place(source: Source | None) -> dict[str, object] | None:
    """The stretch that is underlined, with the path as it is printed."""
    if source is None:
        return None
    shown = source.in_characters()
    focus = shown.focus or shown
    return {
        "file": source.shown_file,
        "line": focus.line,
        "column": focus.column,
        "end_line": focus.end_line,
        "end_column": focus.end_column,
    }


def _annotation(diagnostic: Diagnostic) -> str:
    command = "notice" if diagnostic.severity == "note" else diagnostic.severity
    place = _place(diagnostic.source) or {}
    properties = {
        "file": place.get("file"),
        "line": place.get("line"),
        "col": place.get("column"),
        "title": diagnostic.code or None,
    }
    listed = ",".join(
        f"{key}={_escaped(str(value)).replace(':', '%3A').replace(',', '%2C')}"
        for key, value in properties.items()
        if value is not None
    )
    facts = (f"{fact.subject} {fact.verb} {fact.spec}" for fact in diagnostic.facts)
    helps = (f"help: {fix.text}" for fix in diagnostic.help)
    text = "\n".join([diagnostic.message, *facts, *diagnostic.notes, *helps])
    return f"::{command} {listed}::{_escaped(text)}" if listed else f"::{command}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
