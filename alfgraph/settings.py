"""Settings: pydantic's complaints translated into diagnostics that name the place and the fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticUndefined

from alfgraph.diagnostics import Diagnostic, Help
from alfgraph.errors import SettingError
from alfgraph.source import Source
from alfgraph.suggestions import did_you_mean, listing
from alfgraph.value_text import limits, shown, type_name

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
    for entry in error.errors():
        name = str(entry["loc"][0]) if entry["loc"] else ""
        where = source.argument(name) if source and name else source
        # A union of types complains once per member; one complaint is enough.
        found.setdefault(name, _diagnose(owner, dict(entry), where, path))
    return SettingError(found.values())


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
    owner: type[BaseModel], entry: dict[str, Any], source: Source | None, path: str
) -> Diagnostic:
    name = str(entry["loc"][0]) if entry["loc"] else ""
    field = owner.model_fields.get(name)
    if entry["type"] == "extra_forbidden":
        return _unknown(owner, name, source, path)
    where = ".".join((path or owner.__name__, name, *_indices(entry["loc"])))
    families = list(_families(field.annotation)) if field else []
    if field is not None and families and entry["type"] in {"model_type", "is_instance_of"}:
        wanted = " or ".join(_a(family.__name__) for family in families)
        given = _described(entry["input"])
        return Diagnostic(
            code="E304", message=f"`{where}` takes {wanted}, not {given}", source=source, path=path
        )
    if entry["type"] == "missing":
        message = f"`{where}` must be given"
    else:
        message = f"`{where}` cannot be {_described(entry['input'])}: {_sentence(entry)}"
    helps = (Help(text=_about(name, field)),) if field is not None else ()
    return Diagnostic(code="E302", message=message, source=source, help=helps, path=path)


def _unknown(owner: type[BaseModel], name: str, source: Source | None, path: str) -> Diagnostic:
    names = list(owner.model_fields)
    near = did_you_mean(name, names)
    helps = [Help(text=f"did you mean `{near}`?")] if near else []
    helps.append(Help(text=f"the settings of {owner.__name__} are {listing(names, _LISTED)}"))
    return Diagnostic(
        code="E301",
        message=f"`{owner.__name__}` has no setting `{name}`",
        source=source,
        help=tuple(helps),
        path=path,
    )


def _about(name: str, field: FieldInfo) -> str:
    """`num_envs` is int ≥ 1; its default is 30."""
    kind = f"`{name}` is {type_name(field.annotation)}{limits(field.metadata)}"
    if field.is_required() or field.default is PydanticUndefined:
        return kind
    return f"{kind}; its default is {shown(field.default)}"


def _indices(steps: tuple[Any, ...]) -> Iterator[str]:
    """Where inside a tuple; what pydantic says of union members stays out."""
    return (str(step) for step in steps[1:] if isinstance(step, int))


def _families(annotation: Any) -> Iterator[Any]:
    """The component classes a field takes; they stand on a higher floor, and have a `family`."""
    if get_origin(annotation) is None:
        if isinstance(annotation, type) and hasattr(annotation, "family"):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _families(argument)


def _sentence(entry: dict[str, Any]) -> str:
    message = str(entry["msg"])
    if message.startswith("Input should be "):
        return message.replace("Input should be ", "it must be ", 1)
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _described(value: Any) -> str:
    family = getattr(value, "family", "")
    if isinstance(value, type):
        return f"the class {value.__name__}; write `{value.__name__}()`"
    if isinstance(value, BaseModel):
        name = type(value).__name__
        return f"{name} ({_a(family)})" if family and family != name.lower() else name
    return f"{value!r:.60}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"
