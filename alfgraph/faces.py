"""Faces: packages whose names come from their modules when they are first asked for.

A face lists its names once, as imports under `TYPE_CHECKING`: editors and type checkers read them
there, and so does `names_of`. Importing a face then costs what is used of it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def names_of(file: str) -> dict[str, str]:
    """The names a face offers, and the module each comes from.

    Args:
        file: the face's source.
    """
    tree = ast.parse(Path(file).read_text("utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    typed = [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        alias.asname or alias.name: str(statement.module)
        for block in typed
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def face(name: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make what a face needs, to be assigned to `__getattr__`, `__dir__` and `__all__`.

    Args:
        name: the package.
        file: its source.
    """
    homes = names_of(file)

    def get(wanted: str) -> Any:
        if wanted not in homes:
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        value = getattr(import_module(homes[wanted]), wanted)
        setattr(sys.modules[name], wanted, value)
        return value

    def names() -> list[str]:
        own = vars(sys.modules[name])
        return sorted({*homes, *(key for key in own if key.startswith("__"))})

    return get, names, sorted(homes)
