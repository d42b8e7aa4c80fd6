"""Settings: pydantic's complaints translated into diagnostics that name the place and the fix."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from alfgraph.diagnostics import Diagnostic, Help
from alfgraph.errors import SettingError
from alfgraph.source import Source
from alfgraph.suggestions import did_you_mean, listing


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
    found = [_diagnose(owner, dict(entry), source, path) for entry in error.errors()]
    return SettingError(_without_repetition(found))


def _without_repetition(found: list[Diagnostic]) -> list[Diagnostic]:
    """A union of types complains once per member; one complaint is enough."""
    return list({d.message.partition(":")[0]: d for d in reversed(found)}.values())[::-1]


def _diagnose(
    owner: type[BaseModel], entry: dict[str, Any], source: Source | None, path: str
) -> Diagnostic:
    name = str(entry["loc"][0]) if entry["loc"] else ""
    prefix = f"{path}." if path else f"{owner.__name__}."
    if entry["type"] == "extra_forbidden":
        names = list(owner.model_fields)
        near = did_you_mean(name, names)
        helps = [Help(text=f"did you mean `{near}`?")] if near else []
        helps.append(Help(text=f"the settings of {owner.__name__} are {listing(names, 12)}"))
        return Diagnostic(
            code="E301",
            message=f"`{owner.__name__}` has no setting `{name}`",
            source=source,
            help=tuple(helps),
            path=path,
        )
    field = owner.model_fields.get(name)
    where = prefix + ".".join(str(part) for part in entry["loc"][:1])
    given = entry.get("input")
    helps = []
    if field is not None:
        helps.append(Help(text=f"`{name}` is {_type_name(field.annotation)}; default {field.default!r:.60}"))
    return Diagnostic(
        code="E302",
        message=f"`{where}` cannot be {_show(given)}: {_sentence(entry)}",
        source=source,
        help=tuple(helps),
        path=path,
    )


def _sentence(entry: dict[str, Any]) -> str:
    message = str(entry["msg"])
    message = message.removeprefix("Input should be ").removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _show(value: Any) -> str:
    if isinstance(value, BaseModel):
        return f"a {type(value).__name__}"
    return f"{value!r:.60}"


def _type_name(annotation: Any) -> str:
    name = getattr(annotation, "__name__", None)
    if name and not getattr(annotation, "__args__", None):
        return str(name)
    return str(annotation).replace("typing.", "").replace("alfgraph.", "")
