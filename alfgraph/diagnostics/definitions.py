"""Where an author wrote something: a class, or a method of it."""

from __future__ import annotations

import inspect

from alfgraph.diagnostics.source import Source


def defined_at(kind: type, *methods: str) -> Source | None:
    """The line of the first of these methods that the class has of its own, else of the class."""
    for method in methods:
        code = getattr(vars(kind).get(method), "__code__", None)
        if code is not None:
            return Source(file=code.co_filename, line=code.co_firstlineno)
    try:
        return Source(file=inspect.getfile(kind), line=inspect.getsourcelines(kind)[1])
    except (OSError, TypeError):  # written in a shell
        return None
