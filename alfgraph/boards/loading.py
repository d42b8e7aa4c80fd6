"""Graph files: ordinary Python that leaves a `graph`, or defines exactly one `Graph` subclass.

    graph = load("graphs/ac_cart_pole.py")
    graph = load("variants.py:WithCuriosity")

A file is executed afresh on every load, in a module of its own; while it runs, modules beside it
can be imported. What it left is judged in `alfgraph.boards.graph_choice`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from importlib.util import decode_source, module_from_spec
from pathlib import Path
from types import CodeType, ModuleType

from alfgraph.boards.file_errors import (
    loads_itself,
    missing_file,
    not_python,
    raised_by_user_code,
    unreadable,
)
from alfgraph.boards.graph_choice import choose_graph
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.diagnostics.source import Source
from alfgraph.families.graph import Graph
from alfgraph.overrides.origins import graph_file, record_file

MODULE_PREFIX = "alfgraph_graph_file_"
"""Modules of graph files are named so, with the file's stem and a digest of its path."""

_NAMED = re.compile(r"(?P<file>.+):(?P<name>[^\W\d]\w*)")

_running: list[Path] = []
_siblings: dict[str, str] = {}


def load(
    path: str | os.PathLike[str], *, relative_to: str | os.PathLike[str] | None = None
) -> Graph:
    """The graph of a graph file.

    Args:
        path: the file, or `file.py:Name` for a variable or a `Graph` subclass in it.
        relative_to: the folder, or a file in it, that a relative path starts from; by default the
            file that calls this, or the working directory where no file does.

    Returns:
        The variable `graph`, else an instance of the single `Graph` subclass defined there.

    Raises:
        GraphFileError: E401, there is no such file; E402, it is not valid Python; E403, it holds
            no graph; E404, it holds several; E405, its code raised.
        SettingError: a component in it was given a wrong setting.
    """
    caller = Source.of_caller()
    file, name = split_name(os.fspath(path))
    found = _found(file, _start(relative_to, caller), caller)
    module = load_module(found, caller)
    graph = choose_graph(module, found, name)
    record_file(graph, found, name)
    return graph


def split_name(path: str) -> tuple[str, str]:
    """`file.py:Name` as file and name; the name is "" where there is none."""
    named = _NAMED.fullmatch(path)
    return (named["file"], named["name"]) if named else (path, "")


def module_of(graph: Graph) -> ModuleType | None:
    """What the graph's file left when it was loaded; None for a graph without a file."""
    path = graph_file(graph)
    return sys.modules.get(_module_name(path)) if path else None


def load_module(path: Path, caller: Source | None = None) -> ModuleType:
    """Execute a graph file in a fresh module, registered so that its classes resolve.

    Args:
        path: the file.
        caller: the line that loads it, for errors.

    Raises:
        AlfgraphError: as `load`.
    """
    path = path.resolve()
    if path in _running:
        raise loads_itself(path, caller)
    code = _compiled(path)
    module = _fresh_module(path)
    _running.append(path)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module
    try:
        with _importing_from(path.parent):
            exec(code, module.__dict__)  # a graph file is Python its user wrote
    except BaseException as error:
        if before is None:
            sys.modules.pop(module.__name__, None)
        else:
            sys.modules[module.__name__] = before
        raise _translated(error, path) from None
    finally:
        _running.pop()
    return module


def forget_modules() -> None:
    """Have what graph files import from beside them executed anew: it has changed."""
    for name in _siblings:
        sys.modules.pop(name, None)
    _siblings.clear()


def _translated(error: BaseException, path: Path) -> BaseException:
    """What the user reads instead of our frames; ours and an interrupt pass through."""
    if isinstance(error, AlfgraphError | KeyboardInterrupt | GeneratorExit):
        return error
    if isinstance(error, SyntaxError):  # of a module beside it
        return not_python(error, Path(error.filename or path))
    return raised_by_user_code(error, path)


def _start(relative_to: str | os.PathLike[str] | None, caller: Source | None) -> Path:
    """The folder a relative path starts from."""
    if relative_to is not None:
        given = Path(relative_to)
        return given.parent if given.is_file() else given
    if caller is not None and os.path.isfile(caller.file):
        return Path(caller.file).parent
    return Path()


def _found(file: str, start: Path, caller: Source | None) -> Path:
    path = start / Path(file).expanduser()
    if path.is_file():
        return path.resolve()
    raise missing_file(file, path, caller)


def _compiled(path: Path) -> CodeType:
    try:
        text = decode_source(path.read_bytes())
        code: CodeType = compile(text, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # a null byte is a ValueError in some versions
        raise not_python(error, path) from None
    except OSError as error:
        raise unreadable(path, error) from None
    return code


def _fresh_module(path: Path) -> ModuleType:
    spec = ModuleSpec(_module_name(path), loader=None, origin=str(path))
    module = module_from_spec(spec)
    module.__file__ = str(path)
    return module


def _module_name(path: Path) -> str:
    stem = re.sub(r"\W", "_", path.stem)
    return f"{MODULE_PREFIX}{stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let modules of the folder be imported, and forget those another folder had of that name."""
    own = {entry.stem for entry in folder.iterdir() if entry.suffix in {".py", ""}}
    for name in [name for name, place in _siblings.items() if place != str(folder)]:
        if name.partition(".")[0] in own:
            sys.modules.pop(name, None)
            del _siblings[name]
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(str(folder) + os.sep) and not name.startswith(MODULE_PREFIX):
                _siblings[name] = str(folder)


__all__ = ["MODULE_PREFIX", "forget_modules", "load", "load_module", "module_of", "split_name"]
