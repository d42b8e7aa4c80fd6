"""Rewire a method: its source as a syntax tree with wires dropped, added, swapped and replaced."""

from __future__ import annotations

import ast
import copy
import inspect
import itertools
import linecache
import textwrap
from collections.abc import Callable
from random import Random
from typing import Any

_NUMBERS = itertools.count()
_WRAPS = (
    "{}.detach()",
    "{}[0]",
    "{}[1:]",
    "{}[:-1]",
    "{}[-1]",
    "{}['camera']",
    "{}.mean()",
    "{}.mean(axis=-1)",
    "{}.max(axis=-1)",
    "{}.min(axis=0)",
    "{}.exp()",
    "{}.log()",
    "-{}",
    "{0} + {0}",
    "{} * 0.5",
    "1 - {}",
    "{} / 2",
    "{} ** 2",
    "{} > 0",
    "{}.equals(1)",
    "{}.sample()",
    "{}.mode()",
    "{}.entropy()",
    "{}.state",
    "{}.value",
    "None",
    "1.0",
)
_CONSTANTS: tuple[int | float, ...] = (0, 1, 2, -1, -2, 5, 100, 0.5)
_RATES: tuple[Any, ...] = (1, 2, 3, 0, -1, 1.5, "2")
_STATEMENTS = (
    "self.stop_when({} > 0)",
    "self.stop_when({})",
    "self.optimizer({})",
    "return {}",
    "self.env.feed(action={})",
)


def rewire(part: type, method: str, random: Random) -> type | None:
    """A subclass with one method rewired; None where the method has no source."""
    owner = next((base for base in part.__mro__ if method in vars(base)), None)
    function = _function(owner, method) if owner is not None else None
    if function is None or owner is None:
        return None
    tree = _tree_of(function)
    if tree is None:
        return None
    _Supers(owner.__name__).visit(tree)
    change = random.choices(list(_CHANGES), weights=list(_CHANGES.values()))[0]
    tree.name = method
    try:
        if not change(tree, random, part):
            return None
        return _subclass(part, owner, function, ast.fix_missing_locations(tree))
    except SyntaxError:  # such as a keyword given twice
        return None


def _function(owner: type, method: str) -> Any:
    function = inspect.unwrap(vars(owner)[method]) if callable(vars(owner)[method]) else None
    return function if inspect.isfunction(function) else None


def _tree_of(function: Any) -> ast.FunctionDef | None:
    """A method's tree without annotations and docstring."""
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, SyntaxError):
        return None
    if not isinstance(tree, ast.FunctionDef):
        return None
    tree.returns = None
    tree.decorator_list = []
    for argument in (*tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = None
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        tree.body = tree.body[1:]
    return tree


class _Supers(ast.NodeTransformer):
    """`super()` of the original class."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Fill in what `super()` leaves out."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
            node.args = [ast.Name(_ORIGINAL, ast.Load()), ast.Name("self", ast.Load())]
        return node


_ORIGINAL = "_original_class"


def _subclass(part: type, owner: type, function: Any, tree: ast.FunctionDef) -> type:
    """A subclass in a file of its own, which diagnostics can quote."""
    body = textwrap.indent(ast.unparse(tree), "    ")
    text = f'class {part.__name__}(_mutated_class):\n    """A mutant."""\n\n{body}\n'
    name = f"mutant_{next(_NUMBERS)}.py"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace = {
        **function.__globals__,
        **inspect.getclosurevars(function).nonlocals,
        "__name__": "mutants",
        "_mutated_class": part,
        _ORIGINAL: owner,
    }
    exec(compile(text, name, "exec"), namespace)  # a board of the fuzzer's own making
    made: type = namespace[part.__name__]
    return made


# --------------------------------------------------------------------------------- the changes


def _blocks(tree: ast.FunctionDef) -> list[list[ast.stmt]]:
    found: list[list[ast.stmt]] = []
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                found.append(block)
    return found


def _drop_statement(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    block = random.choice(_blocks(tree))
    del block[random.randrange(len(block))]
    if not block:
        block.append(ast.Pass())
    return True


def _repeat_statement(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    block = random.choice(_blocks(tree))
    at = random.randrange(len(block))
    block.insert(random.randrange(len(block) + 1), copy.deepcopy(block[at]))
    return True


def _move_statement(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    block = random.choice(_blocks(tree))
    statement = block.pop(random.randrange(len(block)))
    block.insert(random.randrange(len(block) + 1), statement)
    return True


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and (n.args or n.keywords)]


def _drop_argument(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    calls = _calls(tree)
    if not calls:
        return False
    call = random.choice(calls)
    if call.keywords and (not call.args or random.random() < 0.7):
        del call.keywords[random.randrange(len(call.keywords))]
    else:
        del call.args[random.randrange(len(call.args))]
    return True


def _swap_arguments(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    calls = [call for call in _calls(tree) if len(call.args) + len(call.keywords) > 1]
    if not calls:
        return False
    call = random.choice(calls)
    places: list[tuple[Any, Any]] = [(call.args, i) for i in range(len(call.args))]
    places += [(keyword, "value") for keyword in call.keywords]
    first, second = random.sample(places, 2)
    one, other = _got(*first), _got(*second)
    _put(*first, other)
    _put(*second, one)
    return True


def _got(holder: Any, key: Any) -> Any:
    return holder[key] if isinstance(key, int) else getattr(holder, key)


def _put(holder: Any, key: Any, value: Any) -> None:
    if isinstance(key, int):
        holder[key] = value
    else:
        setattr(holder, key, value)


def _wires(tree: ast.AST) -> list[tuple[Any, Any]]:
    """Where expressions that may be wires stand: arguments, operands, assigned values."""
    found: list[tuple[Any, Any]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [(node.args, i) for i in range(len(node.args))]
            found += [(keyword, "value") for keyword in node.keywords]
        elif isinstance(node, ast.BinOp):
            found += [(node, "left"), (node, "right")]
        elif isinstance(node, ast.Assign | ast.Return | ast.Subscript) and node.value is not None:
            found.append((node, "value"))
    return found


def _sources(tree: ast.AST) -> list[ast.expr]:
    """Expressions that may be put elsewhere."""
    kinds = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, kinds) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
    ]


def _replace_wire(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    places, sources = _wires(tree), _sources(tree)
    if not places or not sources:
        return False
    _put(*random.choice(places), copy.deepcopy(random.choice(sources)))
    return True


def _wrap_wire(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    places = _wires(tree)
    if not places:
        return False
    holder, key = random.choice(places)
    text = random.choice(_WRAPS).format(f"({ast.unparse(_got(holder, key))})")
    _put(holder, key, ast.parse(text, mode="eval").body)
    return True


def _rename_attribute(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    if not found:
        return False
    names = [node.attr for node in found] + list(getattr(part, "model_fields", {}))
    node, new = random.choice(found), random.choice(names)
    node.attr = new if random.random() < 0.9 else f"{node.attr}s"
    return True


def _change_number(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]
    if not found:
        return False
    constants: list[Any] = found
    random.choice(constants).value = random.choice(_CONSTANTS)
    return True


def _insert_statement(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    sources = _sources(tree)
    if not sources:
        return False
    text = random.choice(_STATEMENTS).format(f"({ast.unparse(random.choice(sources))})")
    block = random.choice(_blocks(tree))
    block.insert(random.randrange(len(block) + 1), ast.parse(text).body[0])
    return True


def _gate(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    calls = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    if not calls:
        return False
    every = ast.keyword("every", ast.Constant(random.choice(_RATES)))
    random.choice(calls).keywords.append(every)
    return True


def _borrow_statement(tree: ast.FunctionDef, random: Random, part: type) -> bool:
    """A statement of another phase of the same board."""
    names = [n for n in ("unroll", "prepare", "update", "predict") if n != tree.name]
    owner = next((b for b in part.__mro__ if vars(b).get(n := random.choice(names))), None)
    other = _tree_of(_function(owner, n)) if owner is not None and _function(owner, n) else None
    if other is None:
        return False
    block = random.choice(_blocks(tree))
    block.insert(random.randrange(len(block) + 1), random.choice(other.body))
    return True


_CHANGES: dict[Callable[[ast.FunctionDef, Random, type], bool], int] = {
    _drop_statement: 2,
    _repeat_statement: 2,
    _move_statement: 3,
    _drop_argument: 3,
    _swap_arguments: 4,
    _replace_wire: 8,
    _wrap_wire: 8,
    _rename_attribute: 3,
    _change_number: 2,
    _insert_statement: 3,
    _gate: 2,
    _borrow_statement: 1,
}
