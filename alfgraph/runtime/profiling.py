"""Profiles: where a run's time goes, by phase and by what its statements call.

The emitted program is executed again with a lap of a stopwatch behind each statement. Laps only
read the clock, so a profiled run computes what it would have computed; only `--profile` pays.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Mapping

from alfgraph.program.program import Program

AROUND = ("evaluate", "save", "log")
SMALL = 0.005
"""Share of the time below which a line of the table is left to `the rest`."""

_LAP, _START = "_lap", "_start_laps"
_WIDTH, _LONGEST = 28, 100


class Profile:
    """Seconds and calls by phase, and within a phase by what is called."""

    def __init__(self, program: Program, wait: Callable[[], object] | None) -> None:
        """Put laps into a program; before its phases are timed as wholes.

        Args:
            program: what will run.
            wait: called before the clock is read: waits for an accelerator.
        """
        self._parts = {name: type(part).__name__ for name, part in program.plan.parts.items()}
        phases = {phase.name for phase in program.plan.phases if phase.phase != "predict"}
        laps = _Laps(phases)
        tree = ast.fix_missing_locations(laps.visit(ast.parse(program.plan.code)))
        self._places = laps.places
        self._seconds = [0.0] * len(self._places)
        self._calls = [0] * len(self._places)
        program.namespace.update(self._stopwatch(wait))
        exec(compile(tree, program.file_name, "exec"), program.namespace)

    def _stopwatch(self, wait: Callable[[], object] | None) -> dict[str, Callable[..., None]]:
        """What the program calls where a phase begins, and behind each of its statements."""
        clock, seconds, calls = time.perf_counter, self._seconds, self._calls
        last = 0.0

        def start() -> None:
            nonlocal last
            last = clock()

        def lap(number: int) -> None:
            nonlocal last
            if wait is not None:
                wait()
            now = clock()
            seconds[number] += now - last
            calls[number] += 1
            last = now

        return {_START: start, _LAP: lap}

    def text(self, seconds: Mapping[str, float]) -> str:
        """The table, most expensive first within each phase.

        Args:
            seconds: of this session, by phase; `iteration` is the sum of all iterations, and what
                is done around them has entries of its own.
        """
        whole = seconds["iteration"] + sum(seconds.get(name, 0.0) for name in AROUND) or 1.0
        lines = [f"{'':<{_WIDTH}}{'calls':>10}{'time':>12}{'share':>9}{'each':>12}"]
        places = dict.fromkeys(phase for phase, _ in self._places)
        for phase in sorted(places, key=lambda name: -seconds.get(name, 0.0)):
            lines.append(_line(phase, None, seconds.get(phase, 0.0), whole))
            lines += self._lines_of(phase, whole)
        rest = seconds["iteration"] - sum(seconds.get(phase, 0.0) for phase in places)
        around = [("between phases", rest), *((name, seconds.get(name, 0.0)) for name in AROUND)]
        lines += [
            _line(name, None, spent, whole) for name, spent in around if spent > SMALL * whole
        ]
        return "\n".join(line[:_LONGEST].rstrip() for line in lines)

    def _lines_of(self, phase: str, whole: float) -> Iterator[str]:
        """What a phase calls; the small ones together."""
        spent: dict[str, tuple[float, int]] = {}
        for number, (where, called) in enumerate(self._places):
            if where == phase:
                before, calls = spent.get(called, (0.0, 0))
                added = self._seconds[number], self._calls[number]
                spent[called] = before + added[0], calls + added[1]
        rest = 0.0
        for called, (seconds, calls) in sorted(spent.items(), key=lambda item: -item[1][0]):
            if seconds < SMALL * whole:
                rest += seconds
                continue
            kind = self._parts.get(called.partition(".")[0], "")
            yield _line(f"  {called}", calls, seconds, whole) + (f"   {kind}" if kind else "")
        if rest >= SMALL * whole:
            yield _line("  the rest", None, rest, whole)


def _line(name: str, calls: int | None, seconds: float, whole: float) -> str:
    shown = name if len(name) < _WIDTH else f"{name[: _WIDTH - 2]}…"
    line = f"{shown:<{_WIDTH}}{'' if calls is None else f'{calls:,}':>10}{_span(seconds):>12}"
    return f"{line}{100 * seconds / whole:>7.1f} %{_span(seconds / calls) if calls else '':>12}"


def _span(seconds: float) -> str:
    """A time for people."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:,.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


class _Laps(ast.NodeTransformer):
    """Puts `_lap(NUMBER)` behind every statement of the phases, and `_start_laps()` before them."""

    def __init__(self, phases: set[str]) -> None:
        self.phases = phases
        self.places: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._phase = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A phase."""
        if node.name not in self.phases:
            return node
        self._phase = node.name
        self.generic_visit(node)
        begins = 1 if ast.get_docstring(node) is not None else 0
        start = ast.Expr(ast.Call(ast.Name(_START, ast.Load()), [], []))
        node.body.insert(begins, ast.copy_location(start, node.body[begins]))
        return node

    def visit_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        """A result, a log entry, registers."""
        return self._timed(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        """A counter."""
        return self._timed(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """A call for its effect; the docstring is none."""
        return node if isinstance(node.value, ast.Constant) else self._timed(node)

    def _timed(self, node: ast.Assign | ast.AugAssign | ast.Expr) -> list[ast.stmt]:
        place = (self._phase, _called(node.value))
        if place not in self._numbers:
            self._numbers[place] = len(self.places)
            self.places.append(place)
        number = ast.Constant(self._numbers[place])
        lap = ast.Expr(ast.Call(ast.Name(_LAP, ast.Load()), [number], []))
        return [node, ast.copy_location(lap, node)]


def _called(expression: ast.expr) -> str:
    """What a statement calls: `actor`, `env.step`, `policy.sample`; else it is arithmetic."""
    if isinstance(expression, ast.Call):
        function = expression.func
        if isinstance(function, ast.Name):
            return function.id
        of = function.value if isinstance(function, ast.Attribute) else None
        if isinstance(function, ast.Attribute) and isinstance(of, ast.Name):
            return "arithmetic" if function.attr in _SMALL_CALLS else f"{of.id}.{function.attr}"
    return "arithmetic"


_SMALL_CALLS = frozenset({"detach", "mean", "min", "max", "sum", "abs", "exp", "log", "square"})
