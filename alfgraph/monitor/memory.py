"""How much memory a process has had, on any system."""

from __future__ import annotations

import sys

import psutil

try:
    import resource
except ImportError:  # Windows, where psutil knows the peak; elsewhere it knows only the present
    HAS_RESOURCE = False
else:
    HAS_RESOURCE = True

_MEBIBYTE = 2**20


def peak_megabytes() -> float:
    """The most memory the process has had, in MiB."""
    if HAS_RESOURCE:
        unit = 1 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MEBIBYTE
    memory = psutil.Process().memory_info()
    return float(getattr(memory, "peak_wset", memory.rss)) / _MEBIBYTE
