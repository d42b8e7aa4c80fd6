"""What is wrong with a board, as it is printed on it: a line an error, a mark on its chip."""

import re

from alfgraph.drawing.picture.view import BoardView, DiagnosticView

NAMED = re.compile(r"`([\w.]+)`")
MOST = 5
"""So many errors are told in words; the others are counted."""


def errors(view: BoardView) -> list[DiagnosticView]:
    """The errors, in the order of the check: root causes first."""
    return [found for found in view.diagnostics if found.severity == "error"]


def complaints(view: BoardView) -> list[str]:
    """A line for every error: its code, what is wrong, and where."""
    found = errors(view)
    lines = [
        "  ".join(text for text in (one.code, one.message.replace("`", ""), one.location) if text)
        for one in found[:MOST]
    ]
    return lines + ([f"and {len(found) - MOST} more"] if len(found) > MOST else [])


def codes_of(view: BoardView, part: str | None) -> str:
    """The codes of the errors about a part, where no red wire tells them."""
    ends = {wire.target[0] for wire in view.wires if wire.failing}
    told = {node.part for node in view.nodes if node.id in ends}
    if not part or part in told:
        return ""
    return " ".join(dict.fromkeys(f.code for f in errors(view) if _concerns(f, part)))


def _concerns(found: DiagnosticView, part: str) -> bool:
    """Whether an error is about a part; one without a path names a pin of it."""
    names = [found.path] if found.path else NAMED.findall(found.message)
    return any((name + ".").startswith(part + ".") for name in names[:1])
