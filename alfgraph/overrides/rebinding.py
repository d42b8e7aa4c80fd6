"""Copies of frozen models with other settings, validated by the models' own fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from alfgraph.diagnostics.source import Source
from alfgraph.overrides.addressing import copied_with, joined
from alfgraph.overrides.errors import not_a_number, refused_value

M = TypeVar("M", bound=BaseModel)


def revised(
    model: M, updates: Mapping[str, object], path: str = "", source: Source | None = None
) -> M:
    """A copy with other settings; the model's own fields and validators check them.

    Args:
        model: a component, a rate or an annealing.
        updates: new values by field.
        path: its socket path, for messages.
        source: the line that gives the values.

    Raises:
        SettingError: E302, a value is refused.
    """
    kind = type(model)
    given = {name: getattr(model, name) for name in kind.model_fields if _is_given(model, name)}
    try:
        # With an instance to fill, validation bypasses `__init__`, which would note this line.
        checked = kind.__pydantic_validator__.validate_python(
            {**given, **updates}, self_instance=kind.__new__(kind)
        )
    except ValidationError as error:
        raise refused_value(kind, error, path, source) from None
    values = {name: getattr(checked, name) for name in updates}
    for name, value in values.items():
        if isinstance(value, float) and value != value:  # noqa: PLR0124  (only NaN differs from itself)
            raise not_a_number(joined(path, name), source)
    return copied_with(model, values)


def _is_given(model: BaseModel, name: str) -> bool:
    """Whether a field must be handed on: defaults may be exempt from validation."""
    default = type(model).model_fields[name].default
    return name in model.model_fields_set or getattr(model, name) is not default
