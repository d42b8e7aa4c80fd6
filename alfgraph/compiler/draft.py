"""Draft: what the compiler's passes hand to each other, one bound board and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alfgraph.diagnostics.reporter import Reporter
from alfgraph.families.buffer_contents import BufferNumbers
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import DistributionSpec, Spec
from alfgraph.specs.unify import Solver
from alfgraph.wiring.component import Operation
from alfgraph.wiring.schedule import Rate, Schedule
from alfgraph.wiring.trace import Node, Trace, Value


@dataclass(eq=False)
class Section:
    """One loop of the program: a phase of one board, with everything it calls.

    Attributes:
        name: name of the function it becomes; unique.
        phase: unroll, prepare, update, predict, or a rate's name.
        board: path of the board whose phase it is.
        trace: its nodes, in the order of the text.
        schedule: the schedule the board runs under, None where collection decides (unroll).
        rate: for a phase of one's own.
        live: ids of the nodes that run.
    """

    name: str
    phase: str
    board: str
    trace: Trace
    schedule: Schedule | None = None
    rate: Rate | None = None
    live: set[int] = field(default_factory=set)

    def nodes(self) -> list[Node]:
        """The nodes that run, in the order of the text."""
        return [node for node in self.trace.nodes if node.id in self.live]


@dataclass(frozen=True, eq=False)
class Ownership:
    """What one optimizer trains.

    Attributes:
        path: the optimizer's socket path.
        owned: parameter paths it steps.
        reached: parameter paths its losses reach.
        crossing: recorded leaves its gradient crosses: (buffer path, leaf).
    """

    path: str
    owned: tuple[str, ...]
    reached: tuple[str, ...]
    crossing: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class Draft:
    """A plan in the making: a board on its way through the compiler.

    Attributes:
        root: the bound tree.
        reporter: diagnostics so far.
        sections: its loops, in the order they run.
        solver: what unification knows.
        schedules: the schedule each board with phases runs under, by path.
        collection: the schedule that decides `unroll_length`.
        modules: what the trial run built, by parameter path.
        families: example distributions from the trial run, by value.
        random: nodes whose outputs differ for equal inputs.
        ownership: by optimizer path.
        gradient: for each buffer: "no grad", "with grad" or "with grad (recomputed)".
        misfits: wires that fit badly, as (value, node, port), and what the ends give and expect.
    """

    root: Graph
    reporter: Reporter
    sections: list[Section] = field(default_factory=list)
    solver: Solver = field(default_factory=Solver)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    collection: Schedule | None = None
    trainer: Trainer = field(default_factory=Trainer)
    modules: dict[str, Any] = field(default_factory=dict)
    examples: dict[Value, Any] = field(default_factory=dict)
    random: set[tuple[str, int]] = field(default_factory=set)
    ownership: dict[str, Ownership] = field(default_factory=dict)
    gradient: dict[str, str] = field(default_factory=dict)
    sizes: dict[Symbol, int] = field(default_factory=dict)
    buffer_numbers: dict[str, BufferNumbers] = field(default_factory=dict)
    misfits: dict[tuple[Value, Node, str], str] = field(default_factory=dict)

    def section(self, name: str) -> Section | None:
        """The section of that name."""
        return next((s for s in self.sections if s.name == name), None)

    def spec(self, value: Value) -> Spec:
        """The solved spec of a value; of a distribution with its family, once that is known."""
        spec = self.solver.resolve(value.spec)
        example = self.examples.get(value)
        if isinstance(spec, DistributionSpec) and example is not None:
            return spec.model_copy(update={"family": type(example).__name__})
        return spec


def is_operation(node: Node) -> bool:
    """Whether a node calls an operation of a component, not the component itself."""
    return isinstance(getattr(type(node.component), node.call, None), Operation)
