"""Repairs a tool can apply: what to replace in the user's file, found in its syntax tree.

Every function answers with edits that belong together, none where the text is not there or not
as expected; a help then stays a sentence. Files are parsed for it, so these are called where a
diagnostic is made, never where a wire is.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from alfgraph.diagnostics import Edit, Help
from alfgraph.source import Source, in_parts_bin, is_installed, is_user_code

Edits = tuple[Edit, ...]
Position = tuple[int, int]
"""A line counted from 1 and a column in bytes counted from 0, as `ast` has them."""


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


_PARTS = "alfgraph.components"
_BINDS_TIGHTLY = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)


def renamed_argument(source: Source | None, name: str, new: str) -> Edits:
    """The keyword `name` of the call at a source becomes `new`."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    start = _start(keyword)
    return (_edit(source.file, start, (start[0], start[1] + len(name.encode())), new),)


def changed_argument(source: Source | None, name: str, text: str) -> Edits:
    """The keyword `name` of the call at a source gets another value."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    return (_edit(source.file, _start(keyword.value), _end(keyword.value), text),)


def changed_first_argument(source: Source | None, text: str) -> Edits:
    """The first argument of the call at a source becomes another one."""
    call = call_at(source)
    if source is None or call is None or not call.args:
        return ()
    return (_edit(source.file, _start(call.args[0]), _end(call.args[0]), text),)


def replaced_text(source: Source | None, text: str, new: str) -> Edits:
    """The string `text`, an argument of the call at a source, becomes another one."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    for argument in call.args:
        if isinstance(argument, ast.Constant) and argument.value == text:
            return (_edit(source.file, _start(argument), _end(argument), f'"{new}"'),)
    return ()


def without_argument(source: Source | None, name: str) -> Edits:
    """The call at a source without its keyword `name`, and without the comma that goes with it."""
    call, keyword = call_at(source), _keyword(source, name)
    if source is None or call is None or keyword is None:
        return ()
    others = sorted([*map(_span, call.args), *map(_span, call.keywords)])
    at = others.index(_span(keyword))
    if at + 1 < len(others):
        return (_edit(source.file, others[at][0], others[at + 1][0], ""),)
    start = others[at - 1][1] if at else others[at][0]
    return (_edit(source.file, start, others[at][1], ""),)


def called(source: Source | None, name: str) -> Edits:
    """The class given as keyword `name` becomes an instance."""
    keyword = _keyword(source, name)
    if source is None or keyword is None or not isinstance(keyword.value, ast.Name):
        return ()
    return (_edit(source.file, _end(keyword.value), _end(keyword.value), "()"),)


def wrapped_argument(source: Source | None, name: str, before: str, after: str, part: str) -> Edits:
    """The value of keyword `name` goes into a call of `part`, which is imported for it."""
    keyword = _keyword(source, name)
    if source is None or keyword is None:
        return ()
    start, end = _span(keyword.value)
    return (
        *imported(source.file, part),
        _edit(source.file, start, start, before),
        _edit(source.file, end, end, after),
    )


def plugged_into(source: Source | None, board: str, socket: str) -> Edits:
    """The call at a source becomes the argument `socket` of a call of `board`."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    start, end = _span(call)
    return (
        *imported(source.file, board),
        _edit(source.file, start, start, f"{board}({socket}="),
        _edit(source.file, end, end, ")"),
    )


def moved_argument(source: Source | None, name: str, socket: str, part: str) -> Edits:
    """The keyword `name` of a call goes into the call in its keyword `socket`, made if need be."""
    keyword, inner = _keyword(source, name), _keyword(source, socket)
    if source is None or keyword is None:
        return ()
    if inner is None:
        start, end = _span(keyword)
        return (
            *imported(source.file, part),
            _edit(source.file, start, start, f"{socket}={part}("),
            _edit(source.file, end, end, ")"),
        )
    if not isinstance(inner.value, ast.Call):
        return ()
    line, column = _end(inner.value)
    at = Source(file=source.file, line=line, end_line=line, end_column=column + 1)
    text = ast.get_source_segment("".join(_lines(source.file)), keyword) or ""
    return (*without_argument(source, name), *with_argument(at, text))


def with_argument(source: Source | None, text: str) -> Edits:
    """The call at a source with one more argument at its end."""
    call = call_at(source)
    if source is None or call is None:
        return ()
    given = sorted([*map(_span, call.args), *map(_span, call.keywords)])
    line, column = given[-1][1] if given else (_end(call)[0], _end(call)[1] - 1)
    return (_edit(source.file, (line, column), (line, column), f"{', ' * bool(given)}{text}"),)


def appended(source: Source | None, text: str) -> Edits:
    """The expression in focus, followed by `text`: `.sample()`, `[:-1]`."""
    expression = _expression(source)
    if source is None or expression is None:
        return ()
    start, end = _span(expression)
    if isinstance(expression, _BINDS_TIGHTLY):
        return (_edit(source.file, end, end, text),)
    return (_edit(source.file, start, start, "("), _edit(source.file, end, end, f"){text}"))


def renamed_attribute(source: Source | None, name: str, new: str) -> Edits:
    """The attribute `name` that the expression in focus ends with becomes `new`."""
    expression = _expression(source)
    if isinstance(expression, ast.Call):
        expression = expression.func
    if source is None or not isinstance(expression, ast.Attribute) or expression.attr != name:
        return ()
    line, column = _end(expression)
    return (_edit(source.file, (line, column - len(name.encode())), (line, column), new),)


def called_before(source: Source | None, name: str) -> Edits:
    """What the attribute `name` is read from is called first."""
    expression = _expression(source)
    if source is None or not isinstance(expression, ast.Attribute) or expression.attr != name:
        return ()
    end = _end(expression.value)
    return (_edit(source.file, end, end, "()"),)


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


def replaced_name(source: Source | None, name: str, new: str) -> Edits:
    """The name `name`, wherever the file has it, becomes `new`."""
    tree = _tree(source.file) if source else None
    if source is None or tree is None:
        return ()
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
    spans = [_span(n) for n in found]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            spans += [_span(alias) for alias in node.names if alias.name == name]
    return tuple(
        _edit(source.file, start, (start[0], start[1] + len(name.encode())), new)
        for start, _ in sorted(spans)
    )


def ended_with(file: str, line: str) -> Edits:
    """The file with one more line at its end."""
    lines = _lines(file)
    if not lines:
        return ()
    last = lines[-1]
    at = (len(lines), len(last.rstrip("\r\n").encode()))
    return (_edit(file, at, at, f"\n{line}"),)


def imported(file: str, name: str, home: str = _PARTS) -> Edits:
    """The file with an import of `name`; none is needed where it is imported already."""
    tree = _tree(file)
    if tree is None:
        return ()
    froms = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == home]
    if any((alias.asname or alias.name) == name for n in froms for alias in n.names):
        return ()
    if froms:
        end = _end(froms[0].names[-1])
        return (_edit(file, end, end, f", {name}"),)
    first = tree.body[0] if tree.body else None
    line = first.lineno if first is not None and not _is_docstring(first) else 1
    if first is not None and _is_docstring(first):
        line = (first.end_lineno or 1) + 1
    return (_edit(file, (line, 0), (line, 0), f"from {home} import {name}\n"),)


def started_with(source: Source | None, statement: str) -> Edits:
    """The function that a source lies in, with one more statement before its others."""
    function = function_at(source)
    if source is None or function is None:
        return ()
    body = function.body[1:] if _is_docstring(function.body[0]) else function.body
    if not body or body[0].lineno == function.lineno:
        return ()
    line, column = body[0].lineno, body[0].col_offset
    return (_edit(source.file, (line, column), (line, column), f"{statement}\n{' ' * column}"),)


def ended_function_with(source: Source | None, statement: str) -> Edits:
    """The function that a source lies in, with one more statement after its others."""
    function = function_at(source)
    if source is None or function is None or function.body[-1].lineno == function.lineno:
        return ()
    last = function.body[-1]
    if isinstance(last, ast.Return):
        start = (last.lineno, last.col_offset)
        return (_edit(source.file, start, start, f"{statement}\n{' ' * last.col_offset}"),)
    end = _end(last)
    return (_edit(source.file, end, end, f"\n{' ' * last.col_offset}{statement}"),)


def returned(source: Source | None, text: str) -> Edits:
    """The only thing that the function at a source returns, followed by `text`."""
    function = function_at(source)
    if source is None or function is None:
        return ()
    returns = [node for node in _own_nodes(function) if isinstance(node, ast.Return)]
    value = returns[0].value if len(returns) == 1 else None
    if value is None or isinstance(value, ast.Tuple):
        return ()
    start, end = _span(value)
    if isinstance(value, _BINDS_TIGHTLY):
        return (_edit(source.file, end, end, text),)
    return (_edit(source.file, start, start, "("), _edit(source.file, end, end, f"){text}"))


def without_statement(source: Source | None) -> Edits:
    """The statement at a source is left out, where others stand beside it."""
    tree = _tree(source.file) if source else None
    if source is None or tree is None:
        return ()
    for node in ast.walk(tree):
        body: list[ast.stmt] = node.body if isinstance(node, ast.FunctionDef) else []
        for at, statement in enumerate(body) if len(body) > 1 else ():
            if isinstance(statement, ast.Expr) and _begins(statement, source):
                start = _end(body[at - 1]) if at else _start(statement)
                end = _end(statement) if at else _start(body[1])
                return (_edit(source.file, start, end, ""),)
    return ()


def named_function(source: Source | None, name: str) -> Edits:
    """The lambda given as keyword `name` becomes a function of that name before its statement."""
    keyword = _keyword(source, name)
    tree = _tree(source.file) if source else None
    if source is None or tree is None or keyword is None:
        return ()
    if not isinstance(keyword.value, ast.Lambda):
        return ()
    top = next(s for s in tree.body if _start(s) <= _start(keyword) <= _end(s))
    body = ast.unparse(keyword.value.body)
    function = f"def {name}({ast.unparse(keyword.value.args)}):\n    return {body}\n\n\n"
    at = _start(top)
    return (
        _edit(source.file, at, at, function),
        _edit(source.file, _start(keyword.value), _end(keyword.value), name),
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
    tree = _tree(source.file) if source else None
    if source is None or tree is None or source.end_line is None or source.end_column is None:
        return None
    end = (source.end_line, source.end_column - 1)
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return next((call for call in calls if _end(call) == end), None)


def function_at(source: Source | None) -> ast.FunctionDef | None:
    """The innermost function around a source."""
    tree = _tree(source.file) if source else None
    if source is None or tree is None:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= source.line <= _end(node)[0]
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _begins(statement: ast.stmt, source: Source) -> bool:
    return (source.line, (source.column or 0) - 1) == _start(statement)


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function, those of functions within it left out."""
    pending: list[ast.AST] = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            pending.extend(ast.iter_child_nodes(node))


def _keyword(source: Source | None, name: str) -> ast.keyword | None:
    call = call_at(source)
    return next((k for k in call.keywords if k.arg == name), None) if call else None


def _expression(source: Source | None) -> ast.expr | None:
    """The expression whose characters are in focus; of a keyword, its value."""
    focus = (source.focus or source) if source else None
    tree = _tree(focus.file) if focus else None
    if focus is None or tree is None or not focus.column or not focus.end_column:
        return None
    wanted = ((focus.line, focus.column - 1), (focus.end_line, focus.end_column - 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.expr | ast.keyword) and _span(node) == wanted:
            return node.value if isinstance(node, ast.keyword) else node
    return None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _tree(file: str) -> ast.Module | None:
    try:
        return ast.parse("".join(_lines(file)))
    except (SyntaxError, ValueError):
        return None


def _lines(file: str) -> Sequence[str]:
    """The lines of a file that is the user's own; none of others, which nobody is to repair."""
    if not is_user_code(file) or is_installed(file) or in_parts_bin(Source(file=file, line=1)):
        return ()
    linecache.checkcache(file)
    return linecache.getlines(file)


Located = ast.expr | ast.stmt | ast.keyword | ast.alias


def _start(node: Located) -> Position:
    return node.lineno, node.col_offset


def _end(node: Located) -> Position:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _span(node: Located) -> tuple[Position, Position]:
    return _start(node), _end(node)


def _edit(file: str, start: Position, end: Position, replacement: str) -> Edit:
    """An edit in characters, counted from 1."""
    shown = Source(file=file, line=1).shown_file
    return Edit(
        file=shown,
        line=start[0],
        column=_characters(file, start),
        end_line=end[0],
        end_column=_characters(file, end),
        replacement=replacement,
    )


def _characters(file: str, position: Position) -> int:
    lines = _lines(file)
    text = lines[position[0] - 1] if position[0] <= len(lines) else ""
    return len(text.encode()[: position[1]].decode(errors="ignore")) + 1
