"""What to type where a user's own code raised: imports, the nearest name, other habits."""

from __future__ import annotations

import builtins
import os
import re
import sys
import traceback

from pydantic import ValidationError

from alfgraph.diagnostics.libraries import exporter_of
from alfgraph.diagnostics.repairs.calls import Fix, renamed_attribute
from alfgraph.diagnostics.repairs.files import imported, replaced_name
from alfgraph.diagnostics.suggestions import did_you_mean

_SHALLOW = 2  # folders below the working directory in which a missing file is looked for


def advice(error: BaseException) -> list[str | Fix]:
    """What to type where a user's code raised: imports, the nearest name, swaps."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return [
            f"`pip install {package}` if it is a package; modules beside the graph file are found"
        ]
    if isinstance(error, ValidationError) and any(
        entry["type"] == "frozen_instance" for entry in error.errors()
    ):
        return ["components are frozen: `graph.swap(socket=...)` gives a changed copy"]
    variable = _absent_variable(error)
    if variable:
        return [
            f"the environment variable is not set: put `{variable}=...` before the command, or "
            f'write `os.environ.get("{variable}", ...)` with a default'
        ]
    missing = error.name if isinstance(error, NameError) else None
    if missing and (home := exporter_of(missing)):
        return [_import(missing, home)]
    name, known = _misspelt(error)
    near = did_you_mean(name, known)
    return [_spelt(error, name, near)] if near else []


def _absent_variable(error: BaseException) -> str:
    """The name that was looked up in `os.environ`."""
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, KeyError) else []
    is_environ = bool(frames) and frames[-1].filename == os.__file__
    return str(error.args[0]) if is_environ and error.args else ""


def _import(name: str, home: str) -> Fix:
    text = f"`from {home} import {name}`"
    return Fix(text, lambda at: imported(at.file, name, home) if at else ())


def _spelt(error: BaseException, name: str, near: str) -> Fix:
    """The nearest name, put wherever the misspelt one stands."""
    is_attribute = isinstance(error, AttributeError)
    repair = renamed_attribute if is_attribute else replaced_name
    return Fix(f"did you mean `{near}`?", lambda at: repair(at, name, near))


def _misspelt(error: BaseException) -> tuple[str, list[str]]:
    """The name that was not found, and those there are; nothing for other exceptions."""
    if isinstance(error, ImportError):
        wanted = re.search(r"cannot import name '(\w+)'", str(error))
        known = dir(sys.modules.get(error.name or ""))
        return (wanted[1] if wanted else "", known)
    if isinstance(error, NameError) and error.name:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        names = {**trace.tb_frame.f_globals, **trace.tb_frame.f_locals} if trace else {}
        return error.name, [*names, *dir(builtins)]
    if isinstance(error, AttributeError) and error.name:
        return error.name, dir(error.obj)
    return "", []
