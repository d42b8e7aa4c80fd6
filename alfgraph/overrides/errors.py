"""What is wrong with an override: the sentences, the names there are, what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.overrides.addressing import (
    Place,
    classes_in,
    joined,
    parts_of,
    socket_families,
    takes_many,
    takes_none,
)
from alfgraph.wiring.component import Component
from alfgraph.wiring.setting_group import SettingGroup
from alfgraph.wiring.settings import OPTION, PATH, VALUE, setting_errors

_PYTHON_WORDS = {"None": "null", "True": "true", "False": "false"}
_LISTED = 12


def no_socket(graph: Component, place: Place, source: Source | None) -> SettingError:
    """E303: a swap names no socket."""
    if place.exists and place.rest:
        return _inside_a_setting(place, source)
    if place.exists:
        return _error(
            "E303",
            f"`{place.path}` is a setting of {_kind(place.holder)}, not a socket",
            [f"`--set {place.path}=VALUE` changes a setting", *_may_change(place)],
            source,
            place.holder_path,
            place.field,
        )
    return _no_such_socket(graph, place, source)


def _no_such_socket(graph: Component, place: Place, source: Source | None) -> SettingError:
    names = _sockets(place.holder)
    return _error(
        "E303",
        f"`{_named(place.holder_path, place.holder)}` has no socket `{place.field}`",
        [*_nearest(graph, place, names, sockets=True), _has("socket", names)],
        source,
        place.holder_path,
        place.field,
    )


def no_setting(graph: Component, place: Place, source: Source | None) -> SettingError:
    """E301, or E303 where the unknown name is a step on the way."""
    if place.rest:
        return _no_such_socket(graph, place, source)
    names = list(type(place.holder).model_fields)
    sockets = _sockets(place.holder)
    settings = [name for name in names if name not in sockets]
    listed = _has("setting", settings) if settings or not sockets else _has("socket", sockets)
    return _error(
        "E301",
        f"`{_named(place.holder_path, place.holder)}` has no setting `{place.field}`",
        [*_nearest(graph, place, names, sockets=False), listed],
        source,
        place.holder_path,
        place.field,
    )


def no_setting_inside(
    model: BaseModel, name: str, path: str, source: Source | None
) -> SettingError:
    """E301: a rate or an annealing has no such setting."""
    names = list(type(model).model_fields)
    near = did_you_mean(name, names)
    fixes = [_meant(joined(path, near))] if near else []
    message = f"`{path}` ({type(model).__name__}) has no setting `{name}`"
    return _error("E301", message, [*fixes, _has("setting", names)], source, path)


def _inside_a_setting(place: Place, source: Source | None) -> SettingError:
    """E301: the path goes on where a plain value ends it."""
    shown = "empty" if place.value is None else f"{place.value!r:.60}"
    message = f"`{place.path}` is {shown}, so there is no `{'.'.join(place.rest)}` in it"
    fixes = [f"`--set {place.path}=VALUE` changes it as a whole", *_may_change(place)]
    return _error("E301", message, fixes, source, place.holder_path, place.field)


def _may_change(place: Place) -> list[str]:
    """How a group of settings is written, where a setting takes one."""
    groups = classes_in(place.annotation, SettingGroup)
    return [f"{group.purpose} is written as `{place.path}={group.example}`" for group in groups]


def value_without_settings(place: Place, source: Source | None) -> SettingError:
    """E301: the path goes on where a plain value ends it."""
    return _inside_a_setting(place, source)


def within_an_empty_socket(place: Place, source: Source | None) -> SettingError:
    """E303: the path goes on in a socket that holds nothing."""
    families = socket_families(place.annotation)
    if not families:
        return _inside_a_setting(place, source)
    return _error(
        "E303",
        f"the socket `{place.path}` is empty, so there is no `{'.'.join(place.rest)}` in it",
        [f"plug {_a(families[0].__name__)} first: `--swap {place.path}=NAME`"],
        source,
        place.holder_path,
        place.field,
    )


def no_entry(place: Place, source: Source | None) -> SettingError:
    """E303 or E301: an index beyond a tuple, or a key a dict does not have."""
    held = getattr(place.holder, place.field)
    is_socket = bool(socket_families(place.annotation))
    path = joined(place.holder_path, place.field)
    noun = "part" if is_socket else "value"
    count = f"{len(held)} {noun}{'s' * (len(held) != 1)}" if held else f"no {noun}"
    fixes = []
    if isinstance(held, dict):
        fixes.append(f"there {'is' if len(held) == 1 else 'are'} {listing(map(str, held))}")
    else:
        fixes.append(
            f"`{path}.{len(held)}` is the next free place" if is_socket else "count from 0"
        )
    message = f"`{path}` holds {count}, and nothing under `{'.'.join(place.keys)}`"
    return _error(
        "E303" if is_socket else "E301", message, fixes, source, place.holder_path, place.field
    )


def unfit_component(
    path: str,
    given: object,
    families: Iterable[type[Component]],
    source: Source | None,
    held: Component | None = None,
) -> SettingError:
    """E304: a component of another family, or no component at all."""
    wanted = " or ".join(_a(family.__name__) for family in families)
    inside = [
        joined(path, name)
        for name, info in (type(held).model_fields.items() if held is not None else ())
        if any(isinstance(given, family) for family in socket_families(info.annotation))
    ]
    fixes = [_meant(there) for there in inside[:1]]
    return _error("E304", f"`{path}` takes {wanted}, not {_described(given)}", fixes, source, path)


def value_for_a_socket(place: Place, raw: object, source: Source | None) -> SettingError:
    """E304: a plain value where a component belongs."""
    families = socket_families(place.annotation)
    wanted = " or ".join(_a(family.__name__) for family in families)
    is_name = isinstance(raw, str) and raw.isidentifier()
    option = f"--swap {place.path}={raw if is_name else 'NAME'}"
    retype = Retype(given=OPTION, instead=option) if is_name else None
    fixes: list[str | Help] = [Help(text=f"parts are swapped: `{option}`", retype=retype)]
    if isinstance(place.value, Component):
        names = [n for n in type(place.value).model_fields if n not in _sockets(place.value)]
        fixes += [f"or set one of its own settings: {listing(names, 5)}"] if names else []
    message = f"`{place.path}` takes {wanted}, not {_described(raw)}"
    return _error("E304", message, fixes, source, place.holder_path, place.field)


def unknown_kind(
    place: Place,
    name: str,
    wanted: type[SettingGroup],
    kinds: Iterable[str],
    source: Source | None,
) -> SettingError:
    """E103: no kind of what is wanted has this name."""
    known = sorted(kinds)
    near = did_you_mean(name, known)
    fixes: list[str | Help] = []
    if near:
        text = f"did you mean `{near}`?"
        fixes = [Help(text=text, retype=Retype(given=name, instead=near))]
    fixes.append(f"there are {listing(known)}")
    message = f"there is no {wanted.__name__.lower()} `{name}`"
    return _error("E103", message, fixes, source, place.path)


def refused_value(
    kind: type[BaseModel], error: ValidationError, path: str, source: Source | None
) -> SettingError:
    """E302: pydantic's words, and how the value is written where Python was typed."""
    found = setting_errors(kind, error, source, path).diagnostics
    fixes = _spelling(kind, error, path)
    first = found[0].model_copy(update={"help": (*fixes, *found[0].help)})
    return SettingError([first, *found[1:]])


def not_a_number(path: str, source: Source | None) -> SettingError:
    """E302: NaN."""
    return _error("E302", f"`{path}` cannot be NaN", [], source, path)


def _spelling(kind: type[BaseModel], error: ValidationError, path: str) -> list[Help]:
    """Advice for values that look like Python instead of JSON."""
    texts = [entry["input"] for entry in error.errors() if isinstance(entry["input"], str)]
    text = texts[0] if texts else ""
    names = [str(entry["loc"][0]) for entry in error.errors() if entry["loc"]]
    field = kind.model_fields.get(names[0]) if names else None
    is_refused = text == "None" and field is not None and not takes_none(field.annotation)
    if text in _PYTHON_WORDS and not is_refused:
        word = _PYTHON_WORDS[text]
        return [_rather(f"values are JSON: write `{word}`", word)]
    if text.startswith("(") and text.endswith(")"):
        value = f"[{text[1:-1].strip(', ')}]"
        return [_rather(f"values are JSON: write `{value}`", value)]
    tuples = [
        n for n in names if n in kind.model_fields and takes_many(kind.model_fields[n].annotation)
    ]
    plain = [entry["input"] for entry in error.errors() if len(entry["loc"]) == 1]
    if tuples and plain and isinstance(plain[0], int | float | str):
        value = f"[{plain[0]}]"
        return [_rather(f"`{joined(path, tuples[0])}={value}` gives one value", value)]
    return []


def _sockets(part: Component) -> list[str]:
    fields = type(part).model_fields.items()
    return [name for name, info in fields if socket_families(info.annotation)]


def _meant(path: str) -> Help:
    """Another path for the same value."""
    return Help(text=f"did you mean `{path}`?", retype=Retype(given=PATH, instead=path))


def _rather(text: str, value: str) -> Help:
    """Another value for the same path."""
    return Help(text=text, retype=Retype(given=VALUE, instead=value))


def _nearest(graph: Component, place: Place, names: list[str], sockets: bool) -> list[str | Help]:
    """What was probably meant: this name elsewhere, a similar one here, a similar one elsewhere."""
    paths = _paths_by_name(graph, sockets)
    exact, near = paths.get(place.field, []), did_you_mean(place.field, names)
    if near and not exact:
        return [_meant(joined(place.holder_path, near, *place.keys, *place.rest))]
    found = exact or paths.get(did_you_mean(place.field, paths) or "", [])
    if len(found) == 1:
        return [_meant(joined(found[0], *place.keys, *place.rest))]
    words = "it is found at" if exact else "what comes near is"
    return [f"{words} {listing(found, 4)}"] if found else []


def _paths_by_name(graph: Component, sockets: bool) -> dict[str, list[str]]:
    """Where on the board there are sockets, or settings, of each name."""
    found: dict[str, list[str]] = {}
    for path, part in parts_of(graph):
        for name, info in type(part).model_fields.items():
            if bool(socket_families(info.annotation)) == sockets:
                found.setdefault(name, []).append(joined(path, name))
    return found


def _has(noun: str, names: list[str]) -> str:
    if not names:
        return f"it has no {noun}s"
    return f"its {noun}{'s are' if len(names) > 1 else ' is'} {listing(names, _LISTED)}"


def _named(path: str, part: Component) -> str:
    return path or type(part).__name__


def _kind(part: Component) -> str:
    return type(part).__name__


def _described(given: object) -> str:
    if isinstance(given, Component):
        name, family = type(given).__name__, given.family
        return name if name.lower() == family else f"{name} ({_a(family)})"
    if given is None:
        return "None: it cannot be empty"
    if isinstance(given, type) and issubclass(given, Component):
        return f"the class {given.__name__}; write `{given.__name__}()`"
    return f"{given!r:.60}"


def _a(noun: str) -> str:
    if noun.endswith("s"):  # the family "returns"
        return noun
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def _error(
    code: str,
    message: str,
    fixes: Iterable[str | Help],
    source: Source | None,
    path: str,
    *about: str,
) -> SettingError:
    helps = tuple(fix if isinstance(fix, Help) else Help(text=fix) for fix in fixes)
    return SettingError(
        Diagnostic(code=code, message=message, source=source, help=helps, path=path, about=about)
    )
