"""Which progress fits where a run is watched."""

from __future__ import annotations

import sys
from typing import TextIO

from alfgraph.monitor.progress import NoProgress, PlainProgress, Progress


def progress(quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """The kind of progress that fits: none if quiet, live on a terminal, else plain lines.

    Args:
        quiet: show nothing, for `--json`.
        stream: where to show it; default standard output.
    """
    if quiet:
        return NoProgress()
    out = sys.stdout if stream is None else stream
    if not out.isatty():
        return PlainProgress(out)
    from alfgraph.monitor.live_panel import LiveProgress  # rich, only where it is shown

    return LiveProgress(out)
