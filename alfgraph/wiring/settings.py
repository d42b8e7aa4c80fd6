"""Settings: pydantic's complaints translated into diagnostics that name the place and the fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticUndefined

from alfgraph.diagnostics.diagnostic import Diagnostic, Help, Retype
from alfgraph.diagnostics.errors import SettingError
from alfgraph.diagnostics.repairs.calls import (
    called,
    changed_argument,
    moved_argument,
    renamed_argument,
    without_argument,
    wrapped_argument,
)
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean, listing
from alfgraph.diagnostics.value_text import limits, shown, type_name

_LISTED = 12


def setting_errors(
    owner: type[BaseModel], error: ValidationError, source: Source | None, path: str = ""
) -> SettingError:
    """One diagnostic for every setting pydantic refused.

    Args:
        owner: the component class whose settings they are.
        error: what pydantic found.
        source: the line that gave the settings.
        path: socket path of the component, for overrides.
    """
    found: dict[str, Diagnostic] = {}
    for entry, meant in _causes(error):
        name = str(entry["loc"][0]) if entry["loc"] else ""
        where = source.argument(name) if source and name else source
        # A union of types complains once per member; one complaint is enough.
        found.setdefault(name, _diagnose(owner, entry, meant, where, path))
    return SettingError(found.values())


def _causes(error: ValidationError) -> list[tuple[ErrorDetails, str]]:
    """What pydantic found; of a misspelt name, the setting that is missing because of it."""
    entries = error.errors()
    unknown = [entry for entry in entries if entry["type"] == "extra_forbidden"]
    missing = [entry for entry in entries if entry["type"] == "missing"]
    if len(unknown) != 1 or len(missing) != 1:
        return [(entry, "") for entry in entries]
    meant = str(missing[0]["loc"][0])
    return [(e, meant if e is unknown[0] else "") for e in entries if e is not missing[0]]


def class_settings(
    kind: type[BaseModel], settings: Mapping[str, Any], source: Source | None
) -> dict[str, Any]:
    """Some settings of a class, as its fields take them, whatever else it requires.

    Args:
        kind: the component class.
        settings: values by name.
        source: the line that gives them.

    Raises:
        SettingError: E301, it has no such setting; E302, a value is refused.
    """
    try:
        checked = kind.__pydantic_validator__.validate_python(
            dict(settings), self_instance=kind.__new__(kind)
        )
    except ValidationError as error:
        wrong = [entry for entry in error.errors() if entry["loc"][:1] in {(n,) for n in settings}]
        if not wrong:
            return dict(settings)  # only what else it requires is missing
        details = [
            InitErrorDetails(
                type=entry["type"], loc=entry["loc"], input=entry["input"], ctx=entry.get("ctx", {})
            )
            for entry in wrong
        ]
        kept = ValidationError.from_exception_data(kind.__name__, details)
        raise setting_errors(kind, kept, source) from None
    return {name: getattr(checked, name) for name in settings}


def _diagnose(
    owner: type[BaseModel], entry: ErrorDetails, meant: str, source: Source | None, path: str
) -> Diagnostic:
    name = str(entry["loc"][0]) if entry["loc"] else ""
    field = owner.model_fields.get(name)
    if entry["type"] == "extra_forbidden":
        return _unknown(owner, name, source, path, meant)
    where = ".".join(filter(None, (path or owner.__name__, name, *_indices(entry["loc"]))))
    families = list(_families(field.annotation)) if field else []
    if field is not None and families and entry["type"] in {"model_type", "is_instance_of"}:
        wanted = " or ".join(_a(family.__name__) for family in families)
        return Diagnostic(
            code="E304",
            message=f"`{where}` takes {wanted}, not {_described(entry['input'])}",
            source=source,
            help=tuple(plug_helps(owner, entry["input"], name, source)),
            path=path,
            about=(name,),
        )
    if not name:
        message = f"the settings of `{where}` do not go together: {_sentence(entry)}"
    elif entry["type"] == "missing":
        message = f"`{where}` must be given"
    else:
        message = f"`{where}` cannot be {_described(entry['input'])}: {_sentence(entry)}"
    helps = (
        *_near_choice(name, entry, source),
        *_one_in_a_tuple(name, entry, source),
        *_about(name, field, source),
    )
    about = (name,) if name else ()
    return Diagnostic(
        code="E302", message=message, source=source, help=helps, path=path, about=about
    )


def _unknown(
    owner: type[BaseModel], name: str, source: Source | None, path: str, meant: str
) -> Diagnostic:
    names = list(owner.model_fields)
    near = meant or did_you_mean(name, names)
    helps = list(_in_a_socket(owner, name, source))
    if near and not helps:
        edits = renamed_argument(source, name, near)
        helps = [Help(text=f"did you mean `{near}`?", edits=edits)]
    listed = f"the settings of {owner.__name__} are {listing(names, _LISTED)}"
    helps.append(Help(text=listed if names else f"{owner.__name__} has no settings"))
    return Diagnostic(
        code="E301",
        message=f"`{owner.__name__}` has no setting `{name}`",
        source=source,
        help=tuple(helps),
        path=path,
        about=(name,),
    )


def _in_a_socket(owner: type[BaseModel], name: str, source: Source | None) -> Iterator[Help]:
    """A setting that was given to the board instead of to the part that has it."""
    for socket, part in _default_parts(owner):
        if name in type(part).model_fields:
            kind = type(part).__name__
            yield Help(
                text=f"it is a setting of `{socket}`: `{socket}={kind}({name}=...)`",
                edits=moved_argument(source, name, socket, kind),
            )
            return


def plug_helps(
    owner: type[BaseModel], value: object, name: str, source: Source | None
) -> Iterator[Help]:
    """What to do about something that does not fit a socket.

    Args:
        owner: whose socket it is.
        value: what was given.
        name: the socket.
        source: the call that plugs it.
    """
    if isinstance(value, type):
        yield Help(text=f"make one: `{value.__name__}()`", edits=called(source, name))
        return
    for beside in _sockets_for(owner, value):
        yield Help(text=f"it fits `{beside}`", edits=renamed_argument(source, name, beside))
        return
    default = owner.model_fields[name].default
    if not isinstance(default, BaseModel):
        return
    kind = type(default).__name__
    for inner in _sockets_for(type(default), value):
        if value is not None:
            written = f"`{name}={kind}({inner}={type(value).__name__}(...))`"
            yield Help(
                text=f"it fits `{name}.{inner}`: {written}",
                edits=wrapped_argument(source, name, f"{kind}({inner}=", ")", kind),
            )
            return


def _sockets_for(owner: type[BaseModel], value: object) -> Iterator[str]:
    """The sockets of a class that take this part."""
    for socket, declared in owner.model_fields.items():
        if any(isinstance(value, family) for family in _families(declared.annotation)):
            yield socket


def _near_choice(name: str, entry: ErrorDetails, source: Source | None) -> Iterator[Help]:
    """The choice that was probably meant, where there are only some."""
    expected = str(entry.get("ctx", {}).get("expected", ""))
    choices = re.findall(r"'([^']*)'", expected)
    listed = re.search(r"there are ([\w, ]+?)(?:,? or |\.|$)", str(entry["msg"]))
    choices += listed[1].split(", ") if listed else []
    near = did_you_mean(str(entry["input"]), choices)
    if near and isinstance(entry["input"], str) and len(entry["loc"]) == 1:
        edits = changed_argument(source, name, f'"{near}"')
        retype = None if source else Retype(given=VALUE, instead=near)
        yield Help(text=f"did you mean `{near}`?", edits=edits, retype=retype)


def _one_in_a_tuple(name: str, entry: ErrorDetails, source: Source | None) -> Iterator[Help]:
    """One value where several are taken."""
    if source and entry["type"] == "tuple_type" and _is_literal(entry["input"]):
        value = f"({entry['input']!r},)"
        yield Help(text=f"write `{name}={value}`", edits=changed_argument(source, name, value))


OPTION, PATH, VALUE, PART = "OPTION", "PATH", "VALUE", "PART"
"""In a `Retype`: an option, what stands before its `=` and behind, which the command line knows;
the part that complains, for what plugged it to leave out."""


def _about(name: str, field: FieldInfo | None, source: Source | None) -> Iterator[Help]:
    """`num_envs` is int ≥ 1; its default is 30."""
    if field is None:
        return
    kind = f"`{name}` is {type_name(field.annotation)}{limits(field.metadata)}"
    if field.is_required() or field.default is PydanticUndefined:
        yield Help(text=kind)
        return
    default = shown(field.default)
    edits = changed_argument(source, name, repr(field.default))
    if not _is_literal(field.default):
        edits = without_argument(source, name)
    retype = None if source else Retype(given=VALUE, instead=default)
    yield Help(text=f"{kind}; its default is {default}", edits=edits, retype=retype)


def _is_literal(value: object) -> bool:
    """Whether Python reads back what `repr` writes."""
    if isinstance(value, tuple | list):
        return all(map(_is_literal, value))
    return value is None or isinstance(value, bool | int | float | str)


def _default_parts(owner: type[BaseModel]) -> Iterator[tuple[str, BaseModel]]:
    for socket, field in owner.model_fields.items():
        if isinstance(field.default, BaseModel) and hasattr(field.default, "family"):
            yield socket, field.default


def _indices(steps: tuple[int | str, ...]) -> Iterator[str]:
    """Where inside a tuple; what pydantic says of union members stays out."""
    return (str(step) for step in steps[1:] if isinstance(step, int))


def _families(annotation: object) -> Iterator[type]:
    """The component classes a field takes; they stand on a higher floor, and have a `family`."""
    if get_origin(annotation) is None:
        if isinstance(annotation, type) and hasattr(annotation, "family"):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _families(argument)


def _sentence(entry: ErrorDetails) -> str:
    message = str(entry["msg"])
    if message.startswith("Input should be "):
        return message.replace("Input should be ", "it must be ", 1)
    message = message.removeprefix("Value error, ").removesuffix(".")
    return message[:1].lower() + message[1:]


def _described(value: object) -> str:
    family = getattr(value, "family", "")
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, BaseModel):
        name = type(value).__name__
        return f"{name} ({_a(family)})" if family and family != name.lower() else name
    return f"{value!r:.60}"


def _a(noun: str) -> str:
    if noun.endswith("s"):  # the family "returns"
        return noun
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"
