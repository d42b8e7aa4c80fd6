"""Libraries of components: whose folders hold authors' code, and the names that they export.

The core names none of them. The package's face declares the one that ships with it; a package of
components of one's own may declare itself: `declare_library(__name__, os.path.dirname(__file__))`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType

_CORE = __name__.partition(".")[0]
CORE_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_FOLDERS: dict[str, str] = {}


def declare_library(package: str, folder: str) -> None:
    """Say that a package holds components, to be imported from there.

    Args:
        package: its name.
        folder: where its files are, as `co_filename` says it.
    """
    _FOLDERS[package] = os.path.join(os.path.abspath(folder), "")


def in_library(file: str) -> bool:
    """Whether a file is of a library of components: written by an author, not by this user."""
    return file.startswith(tuple(_FOLDERS.values()))


def shown_in_package(file: str) -> str | None:
    """A file of a library, or of the core, under its package's name: `their_parts/mlp.py`."""
    for package, folder in (*_FOLDERS.items(), (_CORE, CORE_FOLDER)):
        if file.startswith(folder):
            return f"{package.replace('.', '/')}/{file.removeprefix(folder).replace(os.sep, '/')}"
    return None


def exported_classes() -> Iterator[type]:
    """Every class that a library exports, in the order of its `__all__`."""
    for library in map(_module, _FOLDERS):
        found = (getattr(library, name) for name in _exported(library))
        yield from (thing for thing in found if isinstance(thing, type))


def exporter_of(name: str) -> str:
    """The face or the library that exports a name; "" for a name of the user's own."""
    packages = (_CORE, *_FOLDERS)
    return next((package for package in packages if name in _exported(_module(package))), "")


def public_home(thing: type | Callable[..., object]) -> str:
    """The shortest package that exports a class or a function; its module where none does.

    Files within a package may move without a trace in what was written down before.
    """
    name, module = thing.__qualname__, thing.__module__
    steps = module.split(".")
    around = [".".join(steps[:count]) for count in range(1, len(steps) + 1)]
    packages = [*(sys.modules[p] for p in around if p in sys.modules), *map(_module, _FOLDERS)]
    for package in sorted(packages, key=lambda package: package.__name__.count(".")):
        known = name in vars(package) or name in _exported(package)
        if known and getattr(package, name, None) is thing:
            return package.__name__
    return module


def _module(name: str) -> ModuleType:
    return sys.modules.get(name) or import_module(name)


def _exported(package: ModuleType) -> tuple[str, ...]:
    return tuple(getattr(package, "__all__", ()))
