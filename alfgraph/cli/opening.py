"""From what was typed to a board: the graph file, then the swaps, then the sets."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from alfgraph.boards.loading import load, module_of
from alfgraph.cli.catalogue import catalogue, find_kind
from alfgraph.cli.requests import BoardRequest
from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.suggestions import listing
from alfgraph.families.graph import Graph
from alfgraph.overrides.addressing import locate, socket_families, split_path, takes_many
from alfgraph.overrides.origins import add_note
from alfgraph.overrides.swaps import parse_assignment, set_values, swap
from alfgraph.wiring.component import Component
from alfgraph.wiring.settings import OPTION, PATH, VALUE

_EMPTY = {"null", "none", "None", ""}


def open_board(request: BoardRequest) -> Graph:
    """Load the graph file and apply what was typed behind it.

    Raises:
        AlfgraphError: the file, a swap or a set is wrong; nothing was run.
    """
    swaps = _numbered("--swap", request.swap)
    sets = _numbered("--set", request.set)
    with prints_to_stderr(request.json):
        graph = load(request.graph, relative_to=Path.cwd())
    graph = _all_applied(graph, sorted(swaps, key=lambda s: len(split_path(s.path))), _swapped)
    graph = _all_applied(graph, sets, _set)
    for note in (*_overtaken(swaps), *_overtaken(sets)):
        add_note(graph, note)
    return graph


@contextlib.contextmanager
def prints_to_stderr(wanted: bool) -> Iterator[None]:
    """What a user's file prints must not mix with JSON."""
    with contextlib.redirect_stdout(sys.stderr) if wanted else contextlib.nullcontext():
        yield


class Override(NamedTuple):
    """One option: what it is called, what was typed, and what that says."""

    origin: str
    text: str
    path: str
    value: str


def _numbered(option: str, texts: Sequence[str]) -> list[Override]:
    return [
        Override(f"{option} #{number}", f"{option} {text}", *parse_assignment(text))
        for number, text in enumerate(texts, 1)
    ]


Change = Callable[[Graph, Override], Graph]


def _all_applied(graph: Graph, overrides: Sequence[Override], change: Change) -> Graph:
    """Change a board by every override; what is wrong with any of them is said together."""
    wrong: list[Diagnostic] = []
    for override in overrides:
        try:
            graph = change(graph, override)
        except SettingError as error:
            wrong += _with_option(error.diagnostics, override)
    if wrong:
        raise SettingError(wrong)
    return graph


def _with_option(diagnostics: Sequence[Diagnostic], override: Override) -> list[Diagnostic]:
    """Diagnostics that name the option that was typed, where they have no line to show."""
    note = f"given with `{override.text}`"
    return [
        d
        if d.source
        else d.model_copy(
            update={
                "notes": (*d.notes, note),
                "help": tuple(_typed_anew(fix, override) for fix in d.help),
            }
        )
        for d in diagnostics
    ]


def _typed_anew(fix: Help, override: Override) -> Help:
    """A help about a path or a value, as the option to type instead."""
    if fix.retype is None:
        return fix
    path, value = override.path, override.value
    given, instead = fix.retype.given, fix.retype.instead
    if given == OPTION:
        return fix.model_copy(update={"retype": Retype(given=override.text, instead=instead)})
    if given == PATH:
        path = instead
    else:
        value = instead if given == VALUE else value.replace(given, instead)
    option = override.text.partition(" ")[0]
    anew = Retype(given=override.text, instead=f"{option} {path}={value}")
    return fix.model_copy(update={"retype": anew})


def blamed(request: BoardRequest, diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics of a board, each with the options of the command line that it comes from."""
    overrides = [*_numbered("--swap", request.swap), *_numbered("--set", request.set)]
    return [_with_its_options(diagnostic, overrides) for diagnostic in diagnostics]


def _with_its_options(diagnostic: Diagnostic, overrides: Sequence[Override]) -> Diagnostic:
    concerned = [override for override in overrides if _concerns(override, diagnostic)]
    notes = [f"given with `{override.text}`" for override in concerned]
    fixes = [_with_its_option(fix, diagnostic, concerned) for fix in diagnostic.help]
    new: dict[str, Any] = {"notes": (*diagnostic.notes, *notes), "help": tuple(fixes)}
    if any(override.text.startswith("--set") for override in concerned):
        new |= {"source": None}  # the line in the file is not what was given
    return diagnostic.model_copy(update=new)


def _with_its_option(fix: Help, diagnostic: Diagnostic, concerned: Sequence[Override]) -> Help:
    """A help about a setting or a socket, as the option to type instead where one gave it."""
    if fix.retype is None:
        return fix
    given = fix.retype.given
    for option in concerned:
        if given == OPTION and option.path == diagnostic.path:
            return _typed_anew(fix, option)
        if split_path(option.path)[-1] == given:
            anew = Retype(given=VALUE, instead=fix.retype.instead.strip('"'))
            return _typed_anew(Help(text=fix.text, retype=anew), option)
    is_moot = bool(fix.edits) or given == OPTION
    return fix.model_copy(update={"retype": None}) if is_moot else fix


def _concerns(override: Override, diagnostic: Diagnostic) -> bool:
    """Whether an option plugged the part a diagnostic is about, or set what it names."""
    if f"given with `{override.text}`" in diagnostic.notes:
        return False
    steps = split_path(override.path)
    part = split_path(diagnostic.path) if diagnostic.path else ()
    if override.text.startswith("--swap"):
        return part[: len(steps)] == steps
    settings = (part + split_path(name) for name in diagnostic.about)
    return any(_is_within(steps, s) or _is_within(s, steps) for s in settings)


def _is_within(steps: tuple[str, ...], around: tuple[str, ...]) -> bool:
    return steps[: len(around)] == around


def _set(graph: Graph, override: Override) -> Graph:
    return set_values(graph, {override.path: override.value}, origin=override.origin)


def _swapped(graph: Graph, override: Override) -> Graph:
    path, value, origin = override.path, override.value, override.origin
    place = locate(graph, path)
    families = socket_families(place.annotation)
    if not families or place.rest:
        return swap(graph, {path: None}, origin=origin)  # says what is wrong with the path
    try:
        return swap(graph, {path: _parts(graph, value, place.annotation)}, origin=origin)
    except SettingError as error:
        if error.diagnostics[0].code not in {"E103", "E304"}:
            raise
        fits = [name for name, kind in catalogue().items() if issubclass(kind, families)]
        help_ = Help(
            text=f"what fits is {listing(fits, 12)}" if fits else "nothing in the bin fits"
        )
        first = error.diagnostics[0]
        update = {"help": (*first.help[:1], help_, *first.help[1:]), "path": first.path or path}
        raise SettingError([first.model_copy(update=update), *error.diagnostics[1:]]) from None


def _parts(graph: Graph, value: str, annotation: Any) -> Any:
    """The parts a value names: nothing, one, or several where a socket takes several."""
    many = takes_many(annotation)
    if value in _EMPTY or (many and value == "[]"):
        return () if many else None
    if many and ("," in value or value.startswith("[")):
        names = value.strip("[]").split(",")
        return tuple(_part(graph, name.strip()) for name in names if name.strip())
    return _part(graph, value)


def _part(graph: Graph, name: str) -> Any:
    kind = find_kind(name, module_of(graph))
    return kind() if isinstance(kind, type) and issubclass(kind, Component) else kind


def _overtaken(overrides: Sequence[Override]) -> Iterator[Diagnostic]:
    """A warning for every override that a later one replaces."""
    for number, early in enumerate(overrides):
        steps = split_path(early.path)
        later = [late for late in overrides[number + 1 :] if split_path(late.path) == steps]
        if later:
            message = f"`{early.text}` has no effect: `{later[-1].text}` comes later"
            yield Diagnostic(code="W301", message=message, path=early.path)


def is_used(directory: str | None) -> bool:
    """Whether a run directory holds a run."""
    return directory is not None and os.path.exists(os.path.join(directory, "board.json"))
