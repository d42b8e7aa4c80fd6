"""ContractError: what a part did, what it must do, and what to change."""

from __future__ import annotations

from alfgraph.diagnostics.definitions import defined_at
from alfgraph.diagnostics.diagnostic import Diagnostic, Fact, Help
from alfgraph.diagnostics.errors import AlfgraphError


class ContractError(AlfgraphError):
    """A part does not keep what its family promises."""


def broken(
    kind: type,
    message: str,
    *,
    method: str = "",
    expected: tuple[str, str] | None = None,
    given: tuple[str, str] | None = None,
    help: str = "",
) -> ContractError:
    """The error for one broken promise, at the author's line.

    Args:
        kind: the author's class; the line shown is that of its method, or its own.
        message: one sentence.
        method: which of its methods is to be changed.
        expected: who expects what.
        given: who gives what.
        help: what to change.
    """
    ends = (("gives", given), ("expects", expected))
    facts = tuple(Fact(subject=e[0], verb=verb, spec=e[1]) for verb, e in ends if e is not None)
    return ContractError(
        Diagnostic(
            message=message,
            source=defined_at(kind, method),
            facts=facts,
            help=(Help(text=help),) if help else (),
        )
    )
