"""Repairs of what a user's class declares and computes: its ports, its `forward`, its `build`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from alfgraph.diagnostics.repairs.calls import Fix, function_at
from alfgraph.diagnostics.repairs.files import imported
from alfgraph.diagnostics.repairs.trees import (
    BINDS_TIGHTLY,
    Edits,
    edited,
    end_of,
    is_docstring,
    span_of,
    start_of,
    tree_of,
)
from alfgraph.diagnostics.source import Source


def started_with(source: Source | None, statement: str) -> Edits:
    """The function that a source lies in, with one more statement before its others."""
    function = function_at(source)
    if source is None or function is None:
        return ()
    body = function.body[1:] if is_docstring(function.body[0]) else function.body
    if not body or body[0].lineno == function.lineno:
        return ()
    line, column = body[0].lineno, body[0].col_offset
    return (edited(source.file, (line, column), (line, column), f"{statement}\n{' ' * column}"),)


def returned(source: Source | None, text: str) -> Edits:
    """The only thing that the function at a source returns, followed by `text`."""
    value = _returned_value(source)
    if source is None or value is None:
        return ()
    start, end = span_of(value)
    if isinstance(value, BINDS_TIGHTLY):
        return (edited(source.file, end, end, text),)
    return (edited(source.file, start, start, "("), edited(source.file, end, end, f"){text}"))


def returned_last(source: Source | None) -> Edits:
    """The function at a source, which returns nothing, returns its last expression."""
    function = function_at(source)
    last = function.body[-1] if function else None
    if source is None or function is None or not isinstance(last, ast.Expr) or is_docstring(last):
        return ()
    if any(isinstance(node, ast.Return) for node in _own_nodes(function)):
        return ()
    return (edited(source.file, start_of(last), start_of(last), "return "),)


def flattened(source: Source | None) -> Edits:
    """The module that the `build` at a source returns, without its last axis of one number."""
    value = _returned_value(source)
    if source is None or value is None:
        return ()
    start, end = span_of(value)
    return (
        *imported(source.file, "nn", "torch"),
        edited(source.file, start, start, "nn.Sequential("),
        edited(source.file, end, end, ", nn.Flatten(-2))"),
    )


def sized(source: Source | None, given: int, right: str) -> Edits:
    """The first argument `given` of one call in the function at a source becomes `right`."""
    function = function_at(source)
    firsts = [
        node.args[0]
        for node in (_own_nodes(function) if function else ())
        if isinstance(node, ast.Call) and node.args
    ]
    found = [a for a in firsts if isinstance(a, ast.Constant) and a.value == given]
    if source is None or len(found) != 1:
        return ()
    return (edited(source.file, *span_of(found[0]), right),)


def redeclared(kind: type, port: str, spec: str) -> Edits:
    """The class with another spec of one of its ports."""
    file, body = _body_of(kind)
    for statement in body:
        if not _declares(statement, port) or not isinstance(statement, ast.Assign):
            continue
        call = statement.value
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            return (edited(file, *span_of(call.args[0]), f'"{spec}"'),)
    return ()


def declaring_forward(kind: type, fields: Mapping[str, Any]) -> list[Fix]:
    """The ports of a class that declares none, where its `forward` takes one of these fields.

    Args:
        kind: the class.
        fields: what may be taken, each with a `spec` and a `role`.
    """
    file, body = _body_of(kind)
    forwards = [s for s in body if isinstance(s, ast.FunctionDef) and s.name == "forward"]
    names = [argument.arg for argument in forwards[0].args.args[1:]] if forwards else []
    if len(names) != 1 or names[0] not in fields:
        return []
    field = fields[names[0]]
    spec = f'"{field.spec}"' + (f', role="{field.role}"' if field.role else "")
    line, column = start_of(forwards[0])
    lines = f"{names[0]} = In({spec})", f"out = Out({spec})"
    text = "".join(f"{declaration}\n{' ' * column}" for declaration in lines)
    edits = (
        *imported(file, "In, Out", "alfgraph"),
        edited(file, (line, column), (line, column), text),
    )
    return [Fix(f"declare what `forward` takes and gives: `{lines[0]}`", lambda _: edits)]


def renamed_declaration(source: Source | None, new: str) -> Edits:
    """The declaration whose name is at a source gets another name."""
    tree = tree_of(source.file) if source else None
    for node in ast.walk(tree) if tree else ():
        if source is not None and isinstance(node, ast.Assign):
            start, end = span_of(node.targets[0])
            if start == (source.line, (source.column or 0) - 1):
                return (edited(source.file, start, end, new),)
    return ()


def _declares(statement: ast.stmt, name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name


def _body_of(kind: type) -> tuple[str, list[ast.stmt]]:
    """The file and the statements of a class that a user wrote; none of others."""
    for function in vars(kind).values():
        if not isinstance(function, FunctionType):
            continue
        code = function.__code__
        tree = tree_of(code.co_filename)
        for node in ast.walk(tree) if tree else ():
            if not isinstance(node, ast.ClassDef) or node.name != kind.__name__:
                continue
            if node.lineno <= code.co_firstlineno <= end_of(node)[0]:
                return code.co_filename, node.body
    return "", []


def _returned_value(source: Source | None) -> ast.expr | None:
    """The only value that the function at a source returns; a tuple is several."""
    function = function_at(source)
    nodes = _own_nodes(function) if function else ()
    returns = [node for node in nodes if isinstance(node, ast.Return)]
    value = returns[0].value if len(returns) == 1 else None
    return None if isinstance(value, ast.Tuple) else value


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, those of functions within it left out."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))
