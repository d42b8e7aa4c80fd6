"""The plan: what the compiler hands over. Immutable, printable, JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from alfgraph.compiler.compiled import Compiled
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node

_KIBI = 1024

T = TypeVar("T")


class _AsItIs:
    """An object that is no data: pydantic asks for its class and does not look into it."""

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.is_instance_schema(source)


Kept = Annotated[T, _AsItIs, Field(exclude=True, repr=False)]
"""A field that lives with the plan; the JSON says what follows from it."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class PhasePlan(_Frozen):
    """One loop of the program.

    Attributes:
        name: the function.
        phase: unroll, prepare, update, predict, or a phase of one's own.
        board: whose phase it is, by path.
        rate: when it runs, in words.
        runs: how often per iteration.
        axes: its axes in numbers, e.g. "[T=8, B=30]".
        gradient: whether what it computes can be differentiated.
    """

    name: str
    phase: str
    board: str
    rate: str
    runs: int
    every: int = 1
    axes: str = ""
    gradient: Literal["no grad", "with grad"] = "no grad"


class WirePlan(_Frozen):
    """One wire: `source` gives `spec` to `targets`."""

    phase: str
    source: str
    spec: str
    targets: tuple[str, ...]


class OptimizerPlan(_Frozen):
    """What one optimizer trains: parameter paths and how many numbers each holds."""

    path: str
    kind: str
    trains: dict[str, int]

    @property
    def num_parameters(self) -> int:
        """Numbers it steps."""
        return sum(self.trains.values())


class BufferPlan(_Frozen):
    """What one buffer stores."""

    path: str
    kind: str
    leaves: dict[str, str]
    num_bytes: int
    gradient: str


class SchedulePlan(_Frozen):
    """The schedule in numbers, before anything runs.

    Attributes:
        unroll_length: transitions per environment and iteration.
        num_environments: B.
        env_steps_per_iteration: ticks x environments, reset steps included.
        iterations: training iterations until the end; None: unlimited.
        env_steps: environment steps until the end.
        updates_per_iteration: optimizer phases run per iteration.
        initial_collect_steps: env steps before the first update.
        updates: runs of optimizer phases until the end, if none stops its loop early.
        checkpoint_interval: iterations between two planned checkpoints.
        checkpoints: planned checkpoints, the one at the end included.
        evaluations: evaluations, the one at the end included.
        evaluation_interval: iterations between two of them; None: only at the end.
        trained_per_transition: transitions that `update` learns from for each one collected: 1 if
            it sees each once, 20 in 20 epochs, 256 in one sampled mini-batch of 256 a step.
    """

    unroll_length: float
    num_environments: int
    env_steps_per_iteration: float
    iterations: int | None
    env_steps: int | None
    updates_per_iteration: float
    initial_collect_steps: int = 0
    updates: int | None = None
    checkpoint_interval: int = 1
    checkpoints: int | None = None
    evaluations: int | None = None
    evaluation_interval: int | None = None
    trained_per_transition: float = 0.0

    def saved_at(self) -> tuple[int, ...]:
        """Iterations after which a checkpoint is planned; none of a run without end."""
        return _due(self.iterations, self.checkpoint_interval)

    def evaluated_at(self) -> tuple[int, ...]:
        """Iterations after which an evaluation comes; none of a run without end."""
        return _due(self.iterations, self.evaluation_interval) if self.evaluations else ()


def _due(iterations: int | None, interval: int | None) -> tuple[int, ...]:
    """Every so many iterations, and at the end."""
    if iterations is None:
        return ()
    return (*range(interval, iterations, interval), iterations) if interval else (iterations,)


class Plan(_Frozen):
    """A checked board: resolved specs, order, gradient, ownership, state, schedule, program.

    Attributes:
        name: what the board is called.
        schedule: the schedule in numbers.
        phases: the loops of the program.
        wires: every wire with its solved spec.
        optimizers: who trains what.
        buffers: what is stored.
        untrained: parameters that are frozen or tracked, by path.
        environment: what it acts in, in words.
        resume: how a resumed run takes its environments up, in words.
        reward_shape: of one reward, `()` for a scalar.
        widest_layer: the smaller side of its largest weight matrix.
        code: the program's source.
        board: what was planned, as its author wrote it.
        trainer: how long to train, what to log, when to evaluate and to save.
        eval_environment: what `predict` acts in; None: the board cannot be evaluated.
        notes: warnings and notes.
        compiled: what the program is made from; nobody but `program/` and the picture looks at it.
    """

    name: str
    schedule: SchedulePlan
    phases: tuple[PhasePlan, ...]
    wires: tuple[WirePlan, ...]
    optimizers: tuple[OptimizerPlan, ...]
    buffers: tuple[BufferPlan, ...]
    untrained: dict[str, int]
    environment: str
    resume: str = ""
    reward_shape: tuple[int, ...] = ()
    widest_layer: int = 0
    code: str

    board: Kept[Graph]
    trainer: Kept[Trainer]
    eval_environment: Kept[Environment | None]
    notes: tuple[Diagnostic, ...] = Field(exclude=True, repr=False)
    compiled: Kept[Compiled]

    @property
    def parts(self) -> Mapping[str, Component]:
        """What the program calls its parts -> the part."""
        return self.compiled.lowered.parts

    def calls(self, phase: str, part: Component) -> list[Node]:
        """The calls of a part in a phase, in the order of the text."""
        section = self.compiled.draft.section(phase)
        nodes = section.nodes() if section is not None else []
        return [node for node in nodes if node.path == part.socket_path]

    def to_json(self) -> str:
        """The plan as JSON."""
        return self.model_dump_json(indent=2)

    def text(self, width: int = 100) -> str:
        """The plan as a person reads it."""
        return "\n".join(part for line in _lines(self) for part in _wrapped(line, width))


def _wrapped(line: str, width: int) -> list[str]:
    """A line that is too long, with what does not fit below where its last column begins."""
    if len(line) <= width:
        return [line.rstrip()]
    column = line.rstrip().rfind("  ") + 2
    indent = column if column < width // 2 else len(line) - len(line.lstrip()) + 2
    return textwrap.wrap(
        line,
        width,
        drop_whitespace=True,
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )


def _lines(plan: Plan) -> list[str]:
    lines = [f"{plan.name}", f"  environment   {plan.environment}", *_course(plan.schedule)]
    if plan.resume:
        lines.append(f"  resume        {plan.resume}")
    lines += ["", "  phases"]
    width = max((len(p.name) for p in plan.phases), default=0)
    for phase in plan.phases:
        lines.append(
            f"    {phase.name:<{width}}  {phase.axes:<18}  {phase.gradient:<9}  {phase.rate}"
        )
    lines += ["", "  optimizers"]
    for optimizer in plan.optimizers:
        trained = f"{optimizer.num_parameters:,} parameter{'s' * (optimizer.num_parameters != 1)}"
        lines.append(f"    {optimizer.path} ({optimizer.kind}) trains {trained}")
        for path, count in optimizer.trains.items():
            lines.append(f"      {path:<40} {count:>12,}")
    if not plan.optimizers:
        lines.append("    none")
    for path, count in plan.untrained.items():
        lines.append(f"    untrained: {path} {count:,}")
    lines += ["", "  buffers"]
    for buffer in plan.buffers:
        lines.append(
            f"    {buffer.path} ({buffer.kind})  {_bytes(buffer.num_bytes)}  {buffer.gradient}"
        )
        for name, spec in buffer.leaves.items():
            lines.append(f"      {name:<28} {spec}")
    if not plan.buffers:
        lines.append("    none")
    return lines


def _course(schedule: SchedulePlan) -> list[str]:
    """One iteration, the whole run, and what happens on the way."""
    updates = f"{schedule.updates_per_iteration:,.10g} update"
    lines = [
        f"  iteration     {schedule.env_steps_per_iteration:,.10g} env step"
        f"{'s' if schedule.env_steps_per_iteration != 1 else ''} "
        f"({schedule.unroll_length:,.10g} x {schedule.num_environments:,}), "
        f"{updates}{'s' if schedule.updates_per_iteration != 1 else ''}"
    ]
    end = f"{schedule.iterations:,} iterations" if schedule.iterations else "unlimited"
    if schedule.env_steps:
        end += f", {schedule.env_steps:,} env steps"
    if schedule.updates is not None:
        end += f", {schedule.updates:,} updates"
    lines.append(f"  run           {end}")
    saves = f"every {schedule.checkpoint_interval:,} iterations"
    if schedule.checkpoints is not None:
        saves = f"{schedule.checkpoints:,} checkpoints, {saves}"
    lines.append(f"  saves         {saves}")
    if schedule.evaluations:
        lines.append(f"  evaluates     {_times(schedule)}")
    if schedule.trained_per_transition:
        lines.append(f"  trains        {_learnt(schedule.trained_per_transition)}")
    if schedule.initial_collect_steps:
        lines.append(
            f"  collects      {schedule.initial_collect_steps:,} env steps before the first update"
        )
    return lines


def _times(schedule: SchedulePlan) -> str:
    if schedule.evaluations == 1 or not schedule.evaluation_interval:
        return "once, at the end"
    interval = schedule.evaluation_interval
    every = f"every {interval:,} iterations" if interval > 1 else "after every iteration"
    return f"{schedule.evaluations:,} times, {every}"


def _learnt(count: float) -> str:
    if count == 1:
        return "on every transition once"
    return f"on {count:,.4g} transitions for each one collected"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIBI or unit == "GiB":
            return f"{size:.4g} {unit}"
        size /= _KIBI
    return f"{size:.4g} GiB"
