"""Values and types as people write them: `[128, 128]`, `tanh`, `int ≥ 1 | null`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from enum import Enum
from functools import singledispatch
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel


@singledispatch
def shown(value: object) -> str:
    """A value as a user would type it: `[128, 128]`, `0.001`, `tanh`, `null`."""
    if value is None:
        return "null"
    return str(getattr(value, "__qualname__", repr(value)))


@shown.register
def _(value: str) -> str:
    return json.dumps(value) if _reads_as_something_else(value) else value


@shown.register
def _(value: bool) -> str:
    return "true" if value else "false"


@shown.register
def _(value: Path) -> str:
    return str(value)


@shown.register
def _(value: Enum) -> str:
    return shown(value.value)


@shown.register
def _(value: BaseModel) -> str:
    settings = ", ".join(f"{name}={shown(entry)}" for name, entry in value)
    return f"{type(value).__name__}({settings})"


@shown.register(tuple)
@shown.register(list)
def _(value: tuple[object, ...] | list[object]) -> str:
    return f"[{', '.join(map(shown, value))}]"


@shown.register(dict)
def _(value: dict[object, object]) -> str:
    return "{" + ", ".join(f"{json.dumps(str(k))}: {shown(v)}" for k, v in value.items()) + "}"


def _reads_as_something_else(text: str) -> bool:
    """Whether a bare word would be taken for a number, null or true."""
    try:
        return not isinstance(json.loads(text), str) or not text
    except ValueError:
        return not text or text != text.strip()


def type_name(annotation: object) -> str:
    """A type as people write it: `int | null`, `tuple[int, ...]`, `relu | tanh`."""
    args = get_args(annotation)
    if not args:
        return _PLAIN.get(annotation) or str(getattr(annotation, "__name__", annotation))
    origin = get_origin(annotation)
    if hasattr(annotation, "__metadata__"):
        return type_name(args[0]) + limits(annotation.__metadata__)
    if origin is Literal:
        return " | ".join(shown(arg) for arg in args)
    if origin in {Union, UnionType}:
        return " | ".join(map(type_name, args))
    if origin is Callable:
        return "function"
    return f"{getattr(origin, '__name__', origin)}[{', '.join(map(type_name, args))}]"


_PLAIN: dict[object, str] = {NoneType: "null", Ellipsis: "...", Any: "any"}
_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def limits(metadata: Iterable[object]) -> str:
    """Bounds of a number, such as ` ≥ 1`, from pydantic's annotations."""
    bounds = (bound for entry in metadata for bound in getattr(entry, "metadata", [entry]))
    return "".join(_bounds(bound) for bound in bounds)


def _bounds(bound: object) -> str:
    found = {sign: getattr(bound, name, None) for name, sign in _SIGNS.items()}
    return "".join(f" {sign} {value:g}" for sign, value in found.items() if value is not None)
