"""What an author called the result of a call: read from the assignment it stands in.

`next_value = self.taken(values, best).value` names one output of `taken`; `later = steps[1:]` names
the rows of every field; `return` hands the question on to the line that called.
"""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterator
from dataclasses import dataclass

from alfgraph.diagnostics.source import Source
from alfgraph.wiring.trace import Value

Span = tuple[int, int, int, int]
"""First line and column, last line and column: lines from 1, columns in bytes from 0."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What a statement does with an expression: the name it gets, the pin that is taken of it."""

    name: str
    pin: str
    operand: str
    is_returned: bool = False


def author_name(value: Value) -> str | None:
    """The name an author assigned a result to; None where there is none, or it names several.

    Args:
        value: a result of a call, of arithmetic, or a row of a record's field.
    """
    given = _assignment(value)
    if given is None:
        return None
    if value.node.kind == "math" and value.node.call in {"slice", "index"}:
        first = next(iter(value.node.inputs.values()))
        field = first.name.rpartition(".")[2]
        whole = "." in first.name and given.operand != field  # rows of a record, not of one wire
        return f"{given.name}_{field}" if whole else given.name
    if given.pin:
        return given.name if given.pin == value.name.rpartition(".")[2] else None
    return given.name if len(value.node.outputs) == 1 else None


def shared_name(value: Value) -> str | None:
    """The name an author gave the whole result that this is one output of."""
    given = _assignment(value)
    return None if given is None or given.pin else given.name


def _assignment(value: Value) -> _Given | None:
    """The assignment a value's call stands in; beyond `return`, that of the line that called."""
    for source in value.node.sources:
        given = _given(source)
        if given is None or not given.is_returned:
            return given
    return None


def _given(source: Source) -> _Given | None:
    """What happens to the expression at a place."""
    if source.column is None or source.end_column is None:
        return None
    first, last = source.line, source.end_line or source.line
    return _statements(source.file).get((first, source.column - 1, last, source.end_column - 1))


@functools.lru_cache(maxsize=256)
def _statements(file: str) -> dict[Span, _Given]:
    """What the statements of a file do with the expressions that are their values."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    return {span: given for node in ast.walk(tree) for span, given in _of_statement(node)}


def _of_statement(node: ast.AST) -> Iterator[tuple[Span, _Given]]:
    match node:
        case ast.Return(value=ast.expr() as value):
            yield _taken(value, "", is_returned=True)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield _taken(value, name)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield _taken(value, name)
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            for target, value in zip(targets, values, strict=False):
                if isinstance(target, ast.Name):
                    yield _taken(value, target.id)


def _taken(value: ast.expr, name: str, is_returned: bool = False) -> tuple[Span, _Given]:
    """The expression that is called, sliced or computed below `.pin`."""
    inner, pin = (value.value, value.attr) if isinstance(value, ast.Attribute) else (value, "")
    operand = ""
    if isinstance(inner, ast.Subscript):
        match inner.value:
            case ast.Attribute(attr=operand) | ast.Name(id=operand):
                pass
    span = (inner.lineno, inner.col_offset, inner.end_lineno or 0, inner.end_col_offset or 0)
    return span, _Given(name, pin, operand, is_returned)
