"""Plan: gather what the passes found into one immutable description."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alfgraph.compiler.compiled import Compiled, Loop, Lowered
from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.lowering.layouts import buffer_layout
from alfgraph.compiler.lowering.source_text import show_sized
from alfgraph.compiler.plan import (
    BufferPlan,
    OptimizerPlan,
    PhasePlan,
    Plan,
    SchedulePlan,
    WirePlan,
)
from alfgraph.compiler.schedule.forecast import Collection, forecast
from alfgraph.compiler.schedule.loops import (
    can_evaluate,
    environment_of,
    size_of,
    unroll_length,
)
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.learning import Optimizer
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import TensorSpec, batch_of
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below


def make_plan(
    graph: Graph, draft: Draft, loops: dict[str, Loop], lowered: Lowered, name: str
) -> Plan:
    """Put together the plan of a checked board."""
    return Plan(
        name=name,
        schedule=schedule_plan(draft, loops),
        phases=tuple(_phase(draft, s, loops[s.name]) for s in draft.sections),
        wires=tuple(_wires(draft)),
        optimizers=tuple(_optimizers(draft)),
        buffers=tuple(buffer_plans(draft)),
        untrained=_untrained(draft),
        environment=_environment(draft),
        resume=_resume(draft),
        reward_shape=_reward_shape(draft),
        widest_layer=_widest_layer(draft),
        code=lowered.source,
        board=graph,
        trainer=draft.trainer,
        eval_environment=environment_of(draft.section("predict")),
        notes=(*draft.reporter.warnings, *draft.reporter.notes),
        compiled=Compiled(draft, loops, lowered),
    )


def _environment(draft: Draft) -> str:
    environment = environment_of(draft.section("unroll") or draft.section("predict"))
    if environment is None:
        return "none"
    count = environment.batch_size("unroll")
    return f"{count} x {type(environment).__name__} {environment.identity}".rstrip()


def _resume(draft: Draft) -> str:
    environment = environment_of(draft.section("unroll"))
    return environment.describe_resume() if environment is not None else ""


def _reward_shape(draft: Draft) -> tuple[int, ...]:
    """Shape of one reward of the environment, without batch dims."""
    section = draft.section("unroll")
    for node in section.trace.nodes if section is not None else ():
        value = node.outputs.get("step.reward")
        spec = draft.spec(value) if value is not None else None
        if isinstance(spec, TensorSpec) and isinstance(node.component, Environment):
            return tuple(size_of(draft, dim) for dim in spec.sample)
    return ()


def _widest_layer(draft: Draft) -> int:
    """The smaller side of the largest weight matrix: how much there is to compute in parallel."""
    weights = (
        parameter
        for module in draft.modules.values()
        if hasattr(module, "parameters")
        for parameter in module.parameters()
        if parameter.dim() > 1
    )
    return max((min(weight.shape[0], weight[0].numel()) for weight in weights), default=0)


def schedule_plan(draft: Draft, loops: dict[str, Loop]) -> SchedulePlan:
    """The schedule of a board in numbers."""
    environment = environment_of(draft.section("unroll"))
    collection = Collection(
        unroll_length=unroll_length(draft),
        environments=environment.batch_size("unroll") if environment else 0,
        initial=int(getattr(draft.collection, "initial_collect_steps", 0)),
    )
    training = [(loops[s.name].runs, loops[s.name].every) for s in draft.sections if _trains(s)]
    whole = forecast(draft.trainer, collection, training, evaluates=can_evaluate(draft))
    return SchedulePlan(
        unroll_length=collection.unroll_length,
        num_environments=collection.environments,
        env_steps_per_iteration=collection.unroll_length * collection.environments,
        iterations=whole.iterations,
        env_steps=whole.env_steps,
        updates_per_iteration=sum(runs / every for runs, every in training),
        initial_collect_steps=collection.initial,
        updates=whole.updates,
        checkpoint_interval=whole.checkpoint_interval,
        checkpoints=whole.checkpoints,
        evaluations=whole.evaluations,
        evaluation_interval=draft.trainer.eval_interval if whole.evaluations else None,
        trained_per_transition=_trained(draft, loops, collection),
    )


def _trained(draft: Draft, loops: dict[str, Loop], collection: Collection) -> float:
    """Transitions that `update` learns from in an iteration, for each one it collects."""
    collected = collection.unroll_length * collection.environments
    if not collected:
        return 0.0
    learnt = 0.0
    for section in draft.sections:
        loop = loops[section.name]
        if section.phase != "update" or not _trains(section):
            continue
        if loop.kind == "once":
            learnt += collected / loop.every
        elif loop.kind == "mini_batches":
            learnt += loop.epochs * loop.sequences * loop.batch_length / loop.every
        else:
            learnt += loop.runs * loop.batch_size * loop.batch_length / loop.every
    return learnt / collected


def _trains(section: Section) -> bool:
    """Whether a section runs an optimizer; one written by hand may run any of its board's."""
    by_hand = any(node.kind == "function" for node in section.nodes())
    nodes = section.trace.nodes if by_hand else section.nodes()
    return any(isinstance(node.component, Optimizer) for node in nodes)


def _phase(draft: Draft, section: Section, loop: Loop) -> PhasePlan:
    trains = any(isinstance(n.component, Optimizer) for n in section.nodes())
    live = section.phase == "unroll" and "with grad" in draft.gradient.values()
    return PhasePlan(
        name=section.name,
        phase=section.phase,
        board=section.board,
        rate=loop.describe().rstrip("."),
        runs=loop.runs,
        every=loop.every,
        axes=leading_axes(draft, section.nodes()),
        gradient="with grad" if trains or live else "no grad",
    )


def leading_axes(draft: Draft, nodes: Iterable[Node]) -> str:
    """The most leading axes that something has, in numbers: `[T=8, B=30]`.

    Raises:
        WiringError: E108, nothing gave one of them a number.
    """
    widest: tuple[Any, ...] = ()
    for node in nodes:
        for value in node.outputs.values():
            batch = batch_of(draft.spec(value)) or ()
            if len(batch) > len(widest) and all(_is_known(d) for d in batch):
                widest = batch
    return "[" + ", ".join(f"{d}={size_of(draft, d)}" for d in widest) + "]" if widest else ""


def _is_known(dim: object) -> bool:
    return isinstance(dim, int) or (isinstance(dim, Symbol) and dim.rigid)


def _wires(draft: Draft) -> list[WirePlan]:
    found: list[WirePlan] = []
    for section in draft.sections:
        targets: dict[Value, list[str]] = {}
        for node in section.nodes():
            for port, value in node.inputs.items():
                targets.setdefault(value, []).append(node.label_of(port))
        for feed in section.trace.feeds:
            targets.setdefault(feed.value, []).append(f"z⁻¹ {feed.node.label_of(feed.port)}")
        found += [
            WirePlan(
                phase=section.name,
                source=value.label,
                spec=str(draft.spec(value)),
                targets=tuple(ends),
            )
            for value, ends in targets.items()
        ]
    return found


def count_parameters(module: Any) -> int:
    """Numbers in a module's parameters."""
    parameters = getattr(module, "parameters", None)
    return sum(p.numel() for p in parameters()) if parameters is not None else 0


def _optimizers(draft: Draft) -> list[OptimizerPlan]:
    kinds = {part.socket_path: type(part).__name__ for part in parts_below(draft.root)}
    return [
        OptimizerPlan(
            path=path,
            kind=kinds[path],
            trains={p: count_parameters(draft.modules.get(p)) for p in ownership.owned},
        )
        for path, ownership in draft.ownership.items()
    ]


def _untrained(draft: Draft) -> dict[str, int]:
    owned = {path for o in draft.ownership.values() for path in o.owned}
    counted = {path: count_parameters(module) for path, module in draft.modules.items()}
    copies = [
        node.component
        for section in draft.sections
        for node in section.nodes()
        if node.component is not None and node.component.binding.tracked_by
    ]
    counted |= {part.socket_path: counted.get(part.binding.parameters, 0) for part in copies}
    return {path: n for path, n in counted.items() if n and path not in owned}


def buffer_nodes(draft: Draft) -> list[Node]:
    """The live writes, one per buffer."""
    return [
        node
        for section in draft.sections
        for node in section.trace.nodes
        if isinstance(node.component, Buffer) and node.call == "write"
        if node.id in section.live or node.is_replaced
    ]


def buffer_plans(draft: Draft) -> list[BufferPlan]:
    """What every buffer stores, and its bytes."""
    found: list[BufferPlan] = []
    for node in buffer_nodes(draft):
        specs = {name: draft.spec(node.inputs[name]) for name in node.settings["leaves"]}
        layout = buffer_layout(draft, node.component, "cpu")
        found.append(
            BufferPlan(
                path=node.path,
                kind=type(node.component).__name__,
                leaves={name: show_sized(draft, spec) for name, spec in specs.items()},
                num_bytes=node.component.num_bytes(layout),
                gradient=draft.gradient.get(node.path, "no grad"),
            )
        )
    return found
