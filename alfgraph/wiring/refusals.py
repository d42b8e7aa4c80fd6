"""How tracing stops: one diagnostic at the user's line, raised."""

from __future__ import annotations

from typing import NoReturn

from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.repairs.calls import Fix, as_help
from alfgraph.diagnostics.shown_line import shown_line
from alfgraph.diagnostics.source import Source


class NoSuchFieldError(WiringError, AttributeError):
    """E104 on attribute access, so that `hasattr` works on wires and records."""


def refusal(
    code: str,
    message: str,
    *help_: str | Fix,
    kind: type[WiringError] = WiringError,
    related: tuple[tuple[str, Source], ...] = (),
) -> WiringError:
    """The exception that stops the trace with a diagnostic at the user's line."""
    source, wired = shown_line(Source.stack_of_caller())
    return kind(
        (
            Diagnostic(
                code=code,
                severity="error",
                message=message,
                source=source,
                related=(*wired, *related),
                help=tuple(as_help(fix, source) for fix in help_),
            ),
        )
    )


def refuse(
    code: str,
    message: str,
    *help_: str | Fix,
    kind: type[WiringError] = WiringError,
    related: tuple[tuple[str, Source], ...] = (),
) -> NoReturn:
    """Stop the trace with a diagnostic at the user's line.

    Args:
        code: of the diagnostic.
        message: one sentence.
        *help_: what to type instead, best first.
        kind: class of the exception.
        related: other places, each with a label.
    """
    raise refusal(code, message, *help_, kind=kind, related=related)
