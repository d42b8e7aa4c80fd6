"""The command line: `alfgraph VERB GRAPH [--set PATH=VALUE]… [--swap SOCKET=COMPONENT]… [--json]`.

Exit codes: 0 fine; 1 the board or the run has errors; 2 a wrong call; 130 interrupted after saving.
What is said about a board goes to standard error, what was asked for to standard output. Nothing
heavy is imported before a verb needs it, so that `--help` comes at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from alfgraph.cli.app import INTERRUPTED, app_for
from alfgraph.diagnostics.source import outermost

__all__ = ["main"]

FAILED = 1


@outermost
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what was typed after `alfgraph`; None takes it from the process.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app_for(given)(args=given, prog_name="alfgraph")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from alfgraph.cli.reporting import report_failure

        return report_failure(error, as_json="--json" in given)
    return 0
