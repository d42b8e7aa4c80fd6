"""Wire arithmetic: what each operator computes, and how the program writes it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch

from alfgraph.execution import detached, rows

COMPUTE: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "negate": operator.neg,
    "less": operator.lt,
    "greater": operator.gt,
    "equals": operator.eq,
    "exp": torch.exp,
    "log": torch.log,
    "key": lambda x, *, key: x[key],
    "index": lambda x, *, index: rows(x, index),
    "slice": lambda x, *, start, stop, step=None: rows(x, slice(start, stop, step)),
    "detach": detached,
    "min": lambda x, *, axis: x.min() if axis is None else x.amin(axis),
    "max": lambda x, *, axis: x.max() if axis is None else x.amax(axis),
    "mean": lambda x, *, axis: x.mean() if axis is None else x.mean(axis),
    "record": lambda **parts: parts,
}

INFIX = {
    "add": ("+", 1),
    "subtract": ("-", 1),
    "multiply": ("*", 2),
    "divide": ("/", 2),
    "power": ("**", 4),
    "less": ("<", 0),
    "greater": (">", 0),
    "equals": ("==", 0),
}
"""Operator and precedence."""

ATOM = 9
"""Precedence of what needs no brackets."""


def compute(operator_name: str, inputs: dict[str, Any], settings: dict[str, Any]) -> Any:
    """The value of one small node."""
    if operator_name in INFIX:
        merged = {**settings, **inputs}
        return COMPUTE[operator_name](merged["x"], merged["y"])
    if operator_name == "record":
        return dict(inputs)
    return COMPUTE[operator_name](inputs["x"], **settings)


def write(
    operator_name: str, operands: dict[str, tuple[str, int]], settings: dict[str, Any], tree: bool
) -> tuple[str, int]:
    """The expression of one small node, and its precedence.

    Args:
        operator_name: which operator.
        operands: expression and precedence of each input.
        settings: constants, slice ends, axes.
        tree: the operand is no plain tensor, so slices need a function.
    """
    if operator_name in INFIX:
        return _infix(operator_name, operands, settings)
    if operator_name == "record":
        return "{" + ", ".join(f"{k!r}: {v[0]}" for k, v in operands.items()) + "}", ATOM
    return _of_one(operator_name, *operands["x"], settings=settings, tree=tree)


def _of_one(
    operator_name: str, expression: str, strength: int, settings: dict[str, Any], tree: bool
) -> tuple[str, int]:
    atom = expression if strength == ATOM else f"({expression})"
    if operator_name == "negate":
        return f"-{atom}", 3
    if operator_name == "key":
        return f"{atom}[{settings['key']!r}]", ATOM
    if operator_name in {"index", "slice"}:
        return _rows(atom, settings, tree), ATOM
    if operator_name == "detach":
        return (f"detached({expression})" if tree else f"{atom}.detach()"), ATOM
    return _reduction(operator_name, atom, settings), ATOM


def _infix(
    operator_name: str, operands: dict[str, tuple[str, int]], settings: dict[str, Any]
) -> tuple[str, int]:
    sign, strength = INFIX[operator_name]
    left, right = (_operand(name, operands, settings) for name in ("x", "y"))
    return f"{_bracket(left, strength)} {sign} {_bracket(right, strength + 1)}", strength


def _operand(
    name: str, operands: dict[str, tuple[str, int]], settings: dict[str, Any]
) -> tuple[str, int]:
    if name in operands:
        return operands[name]
    constant = settings[name]
    return repr(constant), ATOM if constant >= 0 else 3


def _bracket(operand: tuple[str, int], strength: int) -> str:
    return operand[0] if operand[1] >= strength else f"({operand[0]})"


def _rows(atom: str, settings: dict[str, Any], tree: bool) -> str:
    if "index" in settings:
        return f"rows({atom}, {settings['index']})" if tree else f"{atom}[{settings['index']}]"
    start = "" if settings["start"] is None else settings["start"]
    stop = "" if settings["stop"] is None else settings["stop"]
    step = settings.get("step")
    if tree:
        ends = f"{settings['start']}, {settings['stop']}"
        return f"rows({atom}, slice({ends}{'' if step is None else f', {step}'}))"
    return f"{atom}[{start}:{stop}{'' if step is None else f':{step}'}]"


def _reduction(name: str, atom: str, settings: dict[str, Any]) -> str:
    if name in {"exp", "log"}:
        return f"{atom}.{name}()"
    axis = settings["axis"]
    if axis is None:
        return f"{atom}.{name}()"
    return f"{atom}.{ {'min': 'amin', 'max': 'amax'}.get(name, name) }({axis})"
