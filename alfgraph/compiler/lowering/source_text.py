"""How things are written in a program: long lines, arguments, specs with sizes in numbers."""

from __future__ import annotations

import textwrap
from typing import Any

from alfgraph.compiler.draft import Draft
from alfgraph.specs.dims import Star
from alfgraph.specs.spec import DistributionSpec, RecordSpec, Spec

WIDTH = 96


def wrapped(code: str) -> list[str]:
    """A long line broken behind a bracket or after `=`, as formatters do."""
    indent = code[: len(code) - len(code.lstrip())]
    targets, equals, call = code.partition(" = ")
    if equals and len(targets) > WIDTH // 2 and "(" not in targets:
        names = textwrap.wrap(f"{targets.strip()},", WIDTH - len(indent) - 4)
        rest = f"{indent}) = {call}"
        head = [f"{indent}(", *(f"{indent}    {line}" for line in names)]
        return head + (wrapped(rest) if len(rest) > WIDTH else [rest])
    start = code.index("(", len(code) - len(call)) if equals else code.index("(")
    inner = code[start + 1 : code.rindex(")")].rstrip(",")
    quoted = "'" in inner or '"' in inner
    width = max(len(inner) + 1, 1) if quoted else WIDTH - len(indent) - 4
    lines = textwrap.wrap(f"{inner},", width, break_long_words=False, break_on_hyphens=False)
    return [code[: start + 1], *(f"{indent}    {line}" for line in lines), f"{indent})"]


def argument_text(argument: Any) -> str:
    """An argument as it is written in a call."""
    if argument is None:
        return "None"
    if isinstance(argument, tuple):
        return "(" + "".join(f"{argument_text(entry)}, " for entry in argument) + ")"
    if isinstance(argument, str):
        return argument
    if hasattr(argument, "record_fields"):
        inner = ", ".join(f"{name}={argument_text(value)}" for name, value in argument.items())
        return f"{type(argument).__name__}({inner})"
    return repr(argument)


def is_tree(spec: Spec) -> bool:
    """Whether a value is several tensors."""
    return isinstance(spec, RecordSpec | DistributionSpec)


def show_sized(draft: Draft, spec: Spec) -> str:
    """A spec with every axis in numbers: `float32[8, 30]`."""
    from alfgraph.compiler.schedule.loops import size_of
    from alfgraph.specs.spec import map_leaves

    def sized(leaf: Any) -> Spec:
        update: dict[str, Any] = {
            "batch": tuple(d if isinstance(d, Star) else size_of(draft, d) for d in leaf.batch)
        }
        if hasattr(leaf, "sample"):
            update["low"] = update["high"] = None
        result: Spec = leaf.model_copy(update=update)
        return result

    return str(map_leaves(spec, sized))
