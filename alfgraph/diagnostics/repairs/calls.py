"""Repairs a tool can apply: what to replace in the user's file, found in its syntax tree.

Every function answers with edits that belong together, none where the text is not there or not
as expected; a help then stays a sentence. Files are parsed for it, so these are called where a
diagnostic is made, never where a wire is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import NamedTuple

from alfgraph.diagnostics.diagnostic import Help
from alfgraph.diagnostics.repairs.files import imported
from alfgraph.diagnostics.repairs.trees import (
    BINDS_TIGHTLY,
    Edits,
    edited,
    end_of,
    lines_of,
    span_of,
    start_of,
    tree_of,
)
from alfgraph.diagnostics.source import Source


class Fix(NamedTuple):
    """A help whose edits are made when the user's line is known."""

    text: str
    repair: Callable[[Source | None], Edits]

    def help(self, source: Source | None) -> Help:
        """The help for a line."""
        return Help(text=self.text, edits=self.repair(source))


def as_help(fix: str | Fix, source: Source | None) -> Help:
    """A sentence, or a fix for a line, as a help."""
    return Help(text=fix) if isinstance(fix, str) else fix.help(source)


def renamed_argument(source: Source | None, name: str, new: str) -> Edits:
    """The keyword `name` of the call at a source becomes `new`."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    start = start_of(keyword)
    return (edited(source.file, start, (start[0], start[1] + len(name.encode())), new),)


def changed_argument(source: Source | None, name: str, text: str) -> Edits:
    """The keyword `name` of the call at a source gets another value."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    return (edited(source.file, start_of(keyword.value), end_of(keyword.value), text),)


def changed_first_argument(source: Source | None, text: str) -> Edits:
    """The first argument of the call at a source becomes another one."""
    call = call_at(source)
    if source is None or call is None or not call.args:
        return ()
    return (edited(source.file, start_of(call.args[0]), end_of(call.args[0]), text),)


def replaced_text(source: Source | None, text: str, new: str) -> Edits:
    """The string `text`, an argument of the call at a source, becomes another one."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    for argument in call.args:
        if isinstance(argument, ast.Constant) and argument.value == text:
            return (edited(source.file, start_of(argument), end_of(argument), f'"{new}"'),)
    return ()


def without_argument(source: Source | None, name: str) -> Edits:
    """The call at a source without its keyword `name`, and without the comma that goes with it."""
    call, keyword = call_at(source), _keyword(source, name)
    if source is None or call is None or keyword is None:
        return ()
    others = sorted([*map(span_of, call.args), *map(span_of, call.keywords)])
    at = others.index(span_of(keyword))
    if at + 1 < len(others):
        return (edited(source.file, others[at][0], others[at + 1][0], ""),)
    start = others[at - 1][1] if at else others[at][0]
    return (edited(source.file, start, others[at][1], ""),)


def called(source: Source | None, name: str) -> Edits:
    """The class given as keyword `name` becomes an instance."""
    keyword = _keyword(source, name)
    if source is None or keyword is None or not isinstance(keyword.value, ast.Name):
        return ()
    return (edited(source.file, end_of(keyword.value), end_of(keyword.value), "()"),)


def wrapped_argument(source: Source | None, name: str, before: str, after: str, part: str) -> Edits:
    """The value of keyword `name` goes into a call of `part`, which is imported for it."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    start, end = span_of(keyword.value)
    return (
        *imported(source.file, part),
        edited(source.file, start, start, before),
        edited(source.file, end, end, after),
    )


def plugged_into(source: Source | None, board: str, socket: str) -> Edits:
    """The call at a source becomes the argument `socket` of a call of `board`."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    start, end = span_of(call)
    return (
        *imported(source.file, board),
        edited(source.file, start, start, f"{board}({socket}="),
        edited(source.file, end, end, ")"),
    )


def moved_argument(source: Source | None, name: str, socket: str, part: str) -> Edits:
    """The keyword `name` of a call goes into the call in its keyword `socket`, made if need be."""
    keyword, inner = _keyword(source, name), _keyword(source, socket)
    if source is None or keyword is None:
        return ()
    if inner is None:
        start, end = span_of(keyword)
        return (
            *imported(source.file, part),
            edited(source.file, start, start, f"{socket}={part}("),
            edited(source.file, end, end, ")"),
        )
    if not isinstance(inner.value, ast.Call):
        return ()
    line, column = end_of(inner.value)
    at = Source(file=source.file, line=line, end_line=line, end_column=column + 1)
    text = ast.get_source_segment("".join(lines_of(source.file)), keyword) or ""
    return (*without_argument(source, name), *with_argument(at, text))


def with_argument(source: Source | None, text: str) -> Edits:
    """The call at a source with one more argument at its end."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    given = sorted([*map(span_of, call.args), *map(span_of, call.keywords)])
    line, column = given[-1][1] if given else (end_of(call)[0], end_of(call)[1] - 1)
    return (edited(source.file, (line, column), (line, column), f"{', ' * bool(given)}{text}"),)


def appended(source: Source | None, text: str) -> Edits:
    """The expression in focus, followed by `text`: `.sample()`, `[:-1]`."""
    expression = _expression(source)
    if source is None or expression is None:
        return ()
    start, end = span_of(expression)
    if isinstance(expression, BINDS_TIGHTLY):
        return (edited(source.file, end, end, text),)
    return (edited(source.file, start, start, "("), edited(source.file, end, end, f"){text}"))


def renamed_attribute(source: Source | None, name: str, new: str) -> Edits:
    """The attribute `name` that the expression in focus ends with becomes `new`."""
    expression = _expression(source)
    if isinstance(expression, ast.Call):
        expression = expression.func
    if source is None or not isinstance(expression, ast.Attribute) or expression.attr != name:
        return ()
    line, column = end_of(expression)
    return (edited(source.file, (line, column - len(name.encode())), (line, column), new),)


def called_before(source: Source | None, name: str) -> Edits:
    """What the attribute `name` is read from is called first."""
    expression = _expression(source)
    if source is None or not isinstance(expression, ast.Attribute) or expression.attr != name:
        return ()
    end = end_of(expression.value)
    return (edited(source.file, end, end, "()"),)


def misspelt_attribute(name: str, near: str | None) -> list[Fix]:
    """Did you mean `.near`? Nothing where no name is near."""
    if near is None:
        return []
    return [Fix(f"did you mean `.{near}`?", lambda at: renamed_attribute(at, name, near))]


def misspelt_argument(name: str, near: str | None) -> list[Fix]:
    """Did you mean `near`, of a call's keyword? Nothing where no name is near."""
    if near is None:
        return []
    return [Fix(f"did you mean `{near}`?", lambda at: renamed_argument(at, name, near))]


def misspelt_field(name: str, near: str | None) -> list[Fix]:
    """Did you mean `near`, read as an attribute or given as a keyword?"""
    if near is None:
        return []

    def repair(at: Source | None) -> Edits:
        return renamed_attribute(at, name, near) or renamed_argument(at, name, near)

    return [Fix(f"did you mean `{near}`?", repair)]


def without_statement(source: Source | None) -> Edits:
    """The statement at a source is left out, where others stand beside it."""
    tree = tree_of(source.file) if source else None
    if source is None or tree is None:
        return ()
    for node in ast.walk(tree):
        body: list[ast.stmt] = node.body if isinstance(node, ast.FunctionDef) else []
        for at, statement in enumerate(body) if len(body) > 1 else ():
            if isinstance(statement, ast.Expr) and _begins(statement, source):
                start = end_of(body[at - 1]) if at else start_of(statement)
                end = end_of(statement) if at else start_of(body[1])
                return (edited(source.file, start, end, ""),)
    return ()


def named_function(source: Source | None, name: str) -> Edits:
    """The lambda given as keyword `name` becomes a function of that name before its statement."""
    keyword = _keyword(source, name)
    tree = tree_of(source.file) if source else None
    if source is None or tree is None or keyword is None:
        return ()
    if not isinstance(keyword.value, ast.Lambda):
        return ()
    top = next(s for s in tree.body if start_of(s) <= start_of(keyword) <= end_of(s))
    body = ast.unparse(keyword.value.body)
    function = f"def {name}({ast.unparse(keyword.value.args)}):\n    return {body}\n\n\n"
    at = start_of(top)
    return (
        edited(source.file, at, at, function),
        edited(source.file, start_of(keyword.value), end_of(keyword.value), name),
    )


def without_element(source: Source | None) -> Edits:
    """The tuple or list that holds the call at a source, without that call."""
    call, tree = call_at(source), tree_of(source.file) if source else None
    text = "".join(lines_of(source.file)) if source else ""
    for node in ast.walk(tree) if tree and call else ():
        if not isinstance(node, ast.Tuple | ast.List) or source is None or call is None:
            continue
        others = [e for e in node.elts if span_of(e) != span_of(call)]
        if len(others) == len(node.elts):
            continue
        inner = ", ".join(ast.get_source_segment(text, other) or "" for other in others)
        if isinstance(node, ast.List):
            return (edited(source.file, *span_of(node), f"[{inner}]"),)
        return (edited(source.file, *span_of(node), f"({inner}{',' * (len(others) == 1)})"),)
    return ()


def without_call(source: Source | None, name: str) -> Edits:
    """The expression in focus without the `.name()` that it ends with."""
    expression = _expression(source)
    if source is None or not isinstance(expression, ast.Call) or expression.args:
        return ()
    method = expression.func
    if not isinstance(method, ast.Attribute) or method.attr != name:
        return ()
    return (edited(source.file, end_of(method.value), end_of(expression), ""),)


class UnusedCall(NamedTuple):
    """A statement that is only a call, so that nobody has what it gives."""

    file: str
    name: str
    call: ast.Call


def unused_calls(source: Source | None) -> list[UnusedCall]:
    """The statements of the function that a source lies in which are only calls."""
    function = function_at(source)
    statements = function.body if function else []
    return [
        UnusedCall(source.file, ast.unparse(statement.value.func), statement.value)
        for statement in statements
        if source is not None
        and isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
    ]


def wrapped_call(unused: UnusedCall, before: str, after: str) -> Edits:
    """A call that is a statement, with something before and behind it."""
    start, end = span_of(unused.call)
    return (
        edited(unused.file, start, start, before),
        edited(unused.file, end, end, after),
    )


def is_fed(source: Source | None, port: str) -> bool:
    """Whether the function that a source lies in feeds a port of this name."""
    function = function_at(source)
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "feed"
        and any(keyword.arg == port for keyword in node.keywords)
        for node in (ast.walk(function) if function else ())
    )


def call_at(source: Source | None) -> ast.Call | None:
    """The call that ends where a source ends."""
    tree = tree_of(source.file) if source else None
    if source is None or tree is None or source.end_line is None or source.end_column is None:
        return None
    end = (source.end_line, source.end_column - 1)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return next((call for call in calls if end_of(call) == end), None)


def function_at(source: Source | None) -> ast.FunctionDef | None:
    """The innermost function around a source."""
    tree = tree_of(source.file) if source else None
    if source is None or tree is None:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= source.line <= end_of(node)[0]
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _begins(statement: ast.stmt, source: Source) -> bool:
    return (source.line, (source.column or 0) - 1) == start_of(statement)


def _keyword(source: Source | None, name: str) -> ast.keyword | None:
    call = call_at(source)
    return next((k for k in call.keywords if k.arg == name), None) if call else None


def _expression(source: Source | None) -> ast.expr | None:
    """The expression whose characters are in focus; of a keyword, its value."""
    focus = (source.focus or source) if source else None
    tree = tree_of(focus.file) if focus else None
    if focus is None or tree is None or not focus.column or not focus.end_column:
        return None
    wanted = ((focus.line, focus.column - 1), (focus.end_line, focus.end_column - 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.keyword) and span_of(node) == wanted:
            return node.value if isinstance(node, ast.keyword) else node
    return None
