"""Garbage: nothing is collected while modules are imported and a board is compiled.

Importing PyTorch and making classes leaves hardly any garbage, but hundreds of thousands of objects
that the collector would look through again and again: a tenth of a second and more of a check.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collection_paused() -> Iterator[None]:
    """Leave the collector out for a while."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
