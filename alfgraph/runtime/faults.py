"""Faults: repeat a failed stretch of a run with every wire checked, and name the first bad one.

The emitted program is executed again from the last checkpoint, with a check behind each of its
statements; nothing of it runs in training, so checking costs nothing there.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.diagnostic import Diagnostic, Help
from alfgraph.diagnostics.errors import RunError
from alfgraph.diagnostics.source import Source
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer
from alfgraph.program.program import Program
from alfgraph.runtime.agenda import Agenda
from alfgraph.runtime.checkpoints.state_encoding import State
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node

_CHECK = "check_finite"
_HELP = Help(text="lower the learning rate, clip gradients, or look at the environment's rewards")


@dataclass(frozen=True)
class Statement:
    """One statement of the program.

    Attributes:
        line: in the program's source.
        function: whose.
        targets: the names it assigns.
        callee: the part it calls; "" if it calls none.
        nth: how many calls of that part stand before it in the function.
    """

    line: int
    function: str
    targets: tuple[str, ...]
    callee: str
    nth: int


class _Found(Exception):
    """The first value that is not finite."""

    def __init__(self, statement: Statement, name: str, value: str) -> None:
        super().__init__(name)
        self.statement = statement
        self.name = name
        self.value = value


def find_fault(
    plan: Plan,
    agenda: Agenda,
    device: str,
    state: State | None,
    until: int,
    seen: str,
) -> RunError:
    """Repeat a run up to the iteration where something was not finite.

    Args:
        plan: of the board.
        agenda: of the run; it decides what settings anneal to and when environments are rebuilt.
        device: where it runs.
        state: the program's state at the last checkpoint; None: repeat from the start.
        until: the iteration that ended with `seen`.
        seen: what was found not to be finite.

    Returns:
        The error to raise, naming the first wire that was not.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            _repeat(plan, agenda, device, state, until)
    except _Found as found:
        return RunError(_explained(plan, found, seen, until))
    except RuntimeError as error:  # autograd's anomaly mode
        if "returned nan values" not in str(error):
            raise
        return RunError(_of_backward(str(error), caught, seen, until))
    return RunError(
        f"`{seen}` is not finite at iteration {until:,}, and repeating the run did not show where "
        "that began",
        code="E604",
        help=_HELP.text,
    )


def _repeat(plan: Plan, agenda: Agenda, device: str, state: State | None, until: int) -> None:
    """Run the checked program from a state to an iteration.

    Raises:
        _Found: something is not finite.
    """
    seed = plan.trainer.random_seed
    program = Program(plan, seed=seed, device=device)
    try:
        check_every_statement(program)
        with program.generators(), torch.autograd.set_detect_anomaly(True):
            if state is None:
                program.start()
            else:
                program.load_state(state)
            while (iteration := program.counters["iteration"]) < until:
                program.iterate(agenda.progress(iteration, program.counters["env_steps"]))
                if agenda.saves_at(iteration + 1):
                    program.rebuild_environments()
    finally:
        program.close()


def check_every_statement(program: Program) -> None:
    """Execute a program's source again with a check behind each of its statements."""
    tree = ast.parse(program.plan.code)
    instrument = _Instrument()
    tree = ast.fix_missing_locations(instrument.visit(tree))
    program.namespace[_CHECK] = _Checker(program, instrument.statements)
    exec(compile(tree, program.file_name, "exec"), program.namespace)


class _Instrument(ast.NodeTransformer):
    """Puts `check_finite(INDEX, (targets,), callee)` behind assignments and calls."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._function = ""
        self._calls: Counter[str] = Counter()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A phase; calls are counted anew."""
        self._function, self._calls = node.name, Counter()
        if node.name != "iteration":
            self.generic_visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        """An assignment: its targets are checked; `log[...] = ` and registers are not wires."""
        names = [n.id for target in node.targets for n in _names(target) if n.id != "_"]
        return [node, self._check(node, names)] if names else [node]

    def visit_Expr(self, node: ast.Expr) -> list[ast.stmt]:
        """A call for its effect: an environment's step, an optimizer's."""
        return [node, self._check(node, [])] if isinstance(node.value, ast.Call) else [node]

    def _check(self, node: ast.Assign | ast.Expr, names: list[str]) -> ast.stmt:
        callee = _callee(node.value)
        nth = self._calls[callee]
        self._calls[callee] += 1
        statement = Statement(node.lineno, self._function, tuple(names), callee, nth)
        self.statements.append(statement)
        arguments = [
            ast.Constant(len(self.statements) - 1),
            ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load()),
        ]
        call = ast.Call(ast.Name(_CHECK, ast.Load()), list[ast.expr](arguments), [])
        return ast.copy_location(ast.Expr(call), node)


def _names(target: ast.expr) -> list[ast.Name]:
    if isinstance(target, ast.Name):
        return [target]
    parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
    return [name for part in parts for name in _names(part)]


def _callee(expression: ast.expr) -> str:
    """The name a call begins with: `actor` of `actor(x)`, `env` of `env.step(a)`."""
    while isinstance(expression, ast.Call | ast.Attribute):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


class _Checker:
    """What the instrumented program calls behind each statement."""

    def __init__(self, program: Program, statements: list[Statement]) -> None:
        self.program = program
        self.statements = statements
        self.parts = program.plan.parts

    def __call__(self, index: int, values: tuple[object, ...]) -> None:
        statement = self.statements[index]
        for name, value in zip(statement.targets, values, strict=True):
            self._check(statement, name, value)
        part = self.parts.get(statement.callee)
        if isinstance(part, Environment):
            environment = self.program.namespace[statement.callee]
            for field in ("reward", "observation"):
                self._check(statement, field, getattr(environment, field))
        elif isinstance(part, Optimizer):
            optimizer = self.program.optimizers[part.socket_path]
            self._check(statement, "gradient", optimizer.grad_norm)
            for parameter in optimizer.parameters:
                self._check(statement, "parameters", parameter)

    def _check(self, statement: Statement, name: str, value: object) -> None:
        bad = first_not_finite(value)
        if bad is not None:
            raise _Found(statement, name, bad)


def first_not_finite(tree: object) -> str | None:
    """The first number of a tree that is not finite, as `nan`, `inf` or `-inf`.

    Parameters of distributions may be infinite (masked actions), but not NaN.
    """
    if isinstance(tree, Mapping):
        return next((bad for v in tree.values() if (bad := first_not_finite(v))), None)
    if isinstance(tree, tuple | list):
        return next((bad for v in tree if (bad := first_not_finite(v))), None)
    tensors = getattr(tree, "tensors", None)
    if tensors is not None:
        return "nan" if any(bool(t.isnan().any()) for t in tensors) else None
    if isinstance(tree, torch.Tensor) and tree.is_floating_point():
        worst = tree[~tree.isfinite()]
        return str(worst.flatten()[0].item()) if worst.numel() else None
    return None


def _explained(plan: Plan, found: _Found, seen: str, until: int) -> Diagnostic:
    statement, name = found.statement, found.name
    part = plan.parts.get(statement.callee)
    node = _node_of(plan, statement, part)
    wire = _wire(node, part, statement, name)
    text = plan.code.splitlines()[statement.line - 1].partition("  #")[0].strip()
    notes = [f"program.py:{statement.line}, in `{statement.function}`: {text}"]
    if part is not None:
        notes.append(f"made by {type(part).__name__}, plugged into `{part.socket_path}`")
    if seen not in {name, wire}:
        notes.append(f"it was noticed as `{seen}` at iteration {until:,}")
    created = getattr(part, "created_at", None)
    source = node.sources[-1] if node is not None and node.sources else created
    return Diagnostic(
        code="E604",
        message=f"`{wire}` is {found.value}, the first value of the run that is not finite",
        source=created or source,
        notes=tuple(notes),
        help=(_HELP,),
        path=getattr(part, "socket_path", ""),
        related=_related(node, created),
    )


def _related(node: Node | None, shown: Source | None) -> tuple[tuple[str, Source], ...]:
    """The line that made the call, beside the one that plugged the part."""
    if node is None or not node.sources or shown is None:
        return ()
    return (("the call", node.sources[0]),)


def _wire(node: Node | None, part: Component | None, statement: Statement, name: str) -> str:
    if isinstance(part, Environment):
        return f"{part.socket_path}.step.{name}"
    if isinstance(part, Optimizer):
        return f"{part.socket_path} ({name})"
    if node is None or name not in statement.targets:
        return name
    outputs = list(node.outputs)
    at = statement.targets.index(name)
    return node.label_of(outputs[at]) if len(outputs) == len(statement.targets) else name


def _node_of(plan: Plan, statement: Statement, part: Component | None) -> Node | None:
    """The application a statement of the program came from."""
    begins = {"start": "unroll", "start_predict": "predict"}
    name = begins.get(statement.function, statement.function)
    nodes = plan.calls(name, part) if part is not None else []
    return nodes[min(statement.nth, len(nodes) - 1)] if nodes else None


def _of_backward(
    error: str, caught: list[warnings.WarningMessage], seen: str, until: int
) -> Diagnostic:
    """A gradient is not a number: autograd names the operation and where it was called."""
    traces = [str(w.message) for w in caught if "Error detected in" in str(w.message)]
    lines = [line for line in "".join(traces).splitlines() if line.startswith("  File ")]
    own = [line for line in lines if "/torch/" not in line and "<alfgraph program" not in line]
    source = _place(own[-1]) if own else None
    return Diagnostic(
        code="E604",
        message=f"a gradient is NaN, the first value of the run that is not finite: {error}",
        source=source,
        notes=(f"it was noticed as `{seen}` at iteration {until:,}",),
        help=(_HELP,),
    )


def _place(line: str) -> Source | None:
    """The place in a line of a traceback: `  File "x.py", line 3, in forward`."""
    file, _, rest = line.removeprefix('  File "').partition('", line ')
    number = rest.partition(",")[0]
    return Source(file=file, line=int(number)) if number.isdigit() else None
