"""The parts bin by name: what `--swap` finds and `parts` lists."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from alfgraph import families
from alfgraph.boards.file_errors import missing_file
from alfgraph.boards.loading import load_module, split_name
from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.families.annealing import Annealing
from alfgraph.families.trainer import Trainer
from alfgraph.wiring.component import Component
from alfgraph.wiring.schedule import Schedule

Kind = type[Component] | type[Annealing]


def catalogue() -> Mapping[str, Kind]:
    """Every component and annealing of the parts bin that can be plugged, by name."""
    bin_ = importlib.import_module("alfgraph.components")
    named = {name: getattr(bin_, name) for name in bin_.__all__}
    return {
        name: kind
        for name, kind in named.items()
        if isinstance(kind, type)
        and issubclass(kind, Component | Annealing)
        and not _is_family(kind)
    }


def _is_family(kind: type) -> bool:
    """Whether a class says what fits a socket instead of fitting one."""
    if issubclass(kind, Annealing | Schedule | Trainer):
        return kind in {Annealing, Schedule}
    return kind.__module__.startswith(f"{families.__name__}.")


def find_kind(name: str, file: ModuleType | None = None) -> Any:
    """A component by name: of the graph file, of the parts bin, `module:Class` or `file.py:Class`.

    Args:
        name: what was typed.
        file: the module of the graph file, whose own classes come first.

    Returns:
        What has that name: usually a class of components.

    Raises:
        SettingError: E103, nothing has.
        GraphFileError: the file that is named cannot be loaded.
    """
    known = {**catalogue(), **_defined_in(file)}
    if name in known:
        return known[name]
    place, attribute = split_name(name)
    if not attribute:
        raise _unknown(name, known)
    if place.endswith(".py"):
        if not Path(place).is_file():
            raise missing_file(place, Path(place), None)
        module = load_module(Path(place))
    else:
        module = _imported(place, name)
    if not hasattr(module, attribute):
        raise _unknown(name, {f"{place}:{entry}": 0 for entry in _defined_in(module)})
    return getattr(module, attribute)


def _imported(module: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise SettingError(
            f"there is no component `{name}`: module `{module}` cannot be imported ({error})",
            code="E103",
        ) from None


def _defined_in(module: ModuleType | None) -> dict[str, Any]:
    """Components a module defines: classes, and parts made at its top."""
    return (
        {
            name: value
            for name, value in vars(module).items()
            if isinstance(value, Component) or _is_own_component(value, module)
        }
        if module
        else {}
    )


def _is_own_component(value: Any, module: ModuleType) -> bool:
    own = isinstance(value, type) and value.__module__ == module.__name__
    return own and issubclass(value, Component)


def _unknown(name: str, known: Mapping[str, Any]) -> SettingError:
    plain = name.partition("(")[0]
    near = did_you_mean(plain, known)
    if plain != name and plain in known:
        text = f"write `{plain}` alone, and its settings with `--set`"
        fix = Help(text=text, retype=Retype(given=name, instead=plain))
    elif near:
        fix = Help(text=f"did you mean `{near}`?", retype=Retype(given=name, instead=near))
    else:
        fix = Help(text=f"there are {listing(sorted(known), 12)}")
    more = "`alfgraph parts` lists the parts bin; others are named `module:Class`"
    helps = (fix, Help(text=more))
    diagnostic = Diagnostic(code="E103", message=f"there is no component `{name}`", help=helps)
    return SettingError(diagnostic)
