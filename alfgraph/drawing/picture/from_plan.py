"""The picture of a plan, or of a board that failed its check, as the renderer draws it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from alfgraph.boards.loading import module_of
from alfgraph.compiler import check_graph
from alfgraph.compiler.compiled import Loop
from alfgraph.compiler.draft import Draft, Section, is_operation
from alfgraph.compiler.gradients.reach import detaches
from alfgraph.compiler.plan import Plan
from alfgraph.compiler.planning import leading_axes
from alfgraph.compiler.schedule.loops import known_loops
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import WiringError
from alfgraph.drawing.picture.part_views import count_of, part_views
from alfgraph.drawing.picture.view import (
    BoardView,
    CrossingView,
    DiagnosticView,
    DtypeFamily,
    NodeKind,
    NodeView,
    ParameterView,
    PhaseView,
    PinRef,
    PinView,
    WireView,
)
from alfgraph.families.buffer import Buffer
from alfgraph.families.graph import Graph
from alfgraph.overrides.origins import graph_file, graph_name
from alfgraph.specs.spec import Spec, SymbolSpec, dtype_family
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value

SIGNS = {
    "add": "+",
    "subtract": "−",
    "multiply": "×",
    "divide": "÷",
    "negate": "−",
    "power": "^",
    "less": "<",
    "greater": ">",
    "equals": "=",
}


NOTHING = "{}"
"""The record without fields, such as the state of a stateless network: nothing to wire."""


def board_view(plan: Plan) -> BoardView:
    """Draw-ready data of a plan: the nodes that run, in the order of the text."""
    phases = [
        PhaseView(name=p.name, rate=p.rate, axes=p.axes, gradient=p.gradient) for p in plan.phases
    ]
    return _view(plan.board, plan.name, plan.compiled.draft, phases, plan.notes)


def failed_view(graph: Graph, diagnostics: Iterable[Diagnostic]) -> BoardView:
    """The same of a board that failed its check, as far as it could be wired.

    Args:
        graph: the board.
        diagnostics: what the check found.
    """
    draft = check_graph(graph)
    loops = known_loops(draft)
    phases = [_known_phase(draft, section, loops.get(section.name)) for section in draft.sections]
    return _view(graph, graph_name(graph), draft, phases, diagnostics)


def _known_phase(draft: Draft, section: Section, loop: Loop | None) -> PhaseView:
    """A phase of a board that failed its check: how often it runs, where that is known."""
    axes = ""
    with suppress(WiringError):
        axes = leading_axes(draft, _shown(section))
    rate = loop.describe().rstrip(".") if loop else ""
    return PhaseView(name=section.name, rate=rate, axes=axes)


def folder_of(graph: Graph) -> Path:
    """Where a board's graph file lies beside others; the working directory without a file."""
    file = graph_file(graph)
    return file.parent if file else Path()


def _view(
    graph: Graph,
    name: str,
    draft: Draft,
    phases: Iterable[PhaseView],
    diagnostics: Iterable[Diagnostic],
) -> BoardView:
    nodes = [node for section in draft.sections for node in _shown(section)]
    return BoardView(
        name=name,
        title_note=_first_line(graph),
        version=version("alfgraph"),
        sizes=_sizes(draft),
        phases=tuple(phases),
        parts=tuple(part_views(graph, draft, nodes)),
        nodes=tuple(node for section in draft.sections for node in _nodes(draft, section)),
        wires=tuple(wire for wire in _wires(draft) if wire.spec != NOTHING),
        crossings=tuple(_crossings(draft)),
        parameters=(*_trained(draft), *_tracked(draft, nodes)),
        diagnostics=tuple(_diagnostic(found) for found in diagnostics if found.severity != "note"),
    )


def _shown(section: Section) -> list[Node]:
    """The nodes that run; all where the check ended before that was known."""
    return section.nodes() if section.live else section.trace.nodes


def _first_line(graph: Graph) -> str:
    """What the graph file says about itself."""
    text = inspect.getdoc(module_of(graph)) or ""
    return text.partition("\n")[0].rstrip(".")


def _diagnostic(found: Diagnostic) -> DiagnosticView:
    return DiagnosticView(
        code=found.code,
        severity=found.severity,
        message=found.message,
        help=found.help[0].text if found.help else "",
        location=str(found.source) if found.source else "",
        path=found.path,
    )


def values_by_pin(plan: Plan) -> dict[PinRef, Value]:
    """What flows from each output pin that a wire starts at."""
    found: dict[PinRef, Value] = {}
    for section in plan.compiled.draft.sections:
        for value in _used(section):
            found[_id(value.node), _pin_name(value.node, value.name)] = value
    return found


def _sizes(draft: Draft) -> dict[str, int | float]:
    """The axes in numbers; of several with one name that of the earliest phase, which trains."""
    sizes: dict[str, int | float] = {}
    for symbol, size in draft.sizes.items():
        sizes.setdefault(str(symbol.name), size)
    return sizes


def _id(node: Node) -> str:
    return f"{node.phase}/{node.path}#{node.id}"


def _pin(draft: Draft, name: str, value: Value, role: str | None = None) -> PinView:
    spec = draft.spec(value)
    return PinView(name=name, spec=str(spec), dtype_family=_family(spec), role=role)


def _family(spec: Spec) -> DtypeFamily:
    """The colour of a spec; what is not known yet, on a board that failed, is no bus."""
    return "float" if isinstance(spec, SymbolSpec) else dtype_family(spec)


def _read(node: Node) -> dict[str, Value]:
    """Live inputs of a node."""
    leaves = node.settings.get("leaves")
    if isinstance(node.component, Buffer) and node.call == "write" and leaves is not None:
        return {name: node.inputs[name] for name in leaves}
    return dict(node.inputs)


def _used(section: Section) -> set[Value]:
    used = {value for node in _shown(section) for value in _read(node).values()}
    return used | {feed.value for feed in section.trace.feeds}


def _pin_name(node: Node, port: str) -> str:
    """What a pin is called on the board: methods of distributions say what goes in and out."""
    if node.kind != "distribution" or node.call in {"slice", "index", "detach"}:
        return port
    names = {"self": "policy", "other": "action" if node.call == "log_prob" else "other"}
    names["out"] = "action" if node.call in {"sample", "rsample", "mode"} else node.call
    return names.get(port, port)


def _nodes(draft: Draft, section: Section) -> Iterator[NodeView]:
    used = _used(section)
    for node in _shown(section):
        chip = _node(draft, section, node, used)
        if chip.part is not None or chip.inputs or chip.outputs:
            yield chip


def _node(draft: Draft, section: Section, node: Node, used: set[Value]) -> NodeView:
    outputs = [v for v in node.outputs.values() if v in used]
    if node.state is not None and not node.pinned_state and node.state in used:
        outputs.append(node.state)
    shown = outputs or list(node.outputs.values())[:1]
    feeds = [f for f in section.trace.feeds if f.node is node]
    inputs = [
        _pin(draft, _pin_name(node, name), value, value.role) for name, value in _read(node).items()
    ]
    inputs += [_pin(draft, f.port, f.value) for f in feeds]
    return NodeView(
        id=_id(node),
        phase=section.name,
        part=node.path if node.kind in {"component", "function"} else None,
        label=_label(node),
        kind=_kind(node),
        operation="" if node.call == "forward" or node.kind != "component" else node.call,
        board=node.board,
        inputs=tuple(pin for pin in inputs if pin.spec != NOTHING),
        outputs=tuple(
            pin
            for pin in (_pin(draft, _pin_name(node, v.name), v, v.role) for v in shown)
            if pin.spec != NOTHING
        ),
        every=node.every,
        note=" · ".join(_notes(node)),
    )


def _notes(node: Node) -> Iterator[str]:
    """What else the chip says: the registers that the part feeds itself, and how it runs."""
    if isinstance(node.component, Component) and node.call == "forward":
        names = ", ".join(port.name for port in node.component.state_ports())
        yield from [f"z⁻¹ {names}"] if names else []
    if node.settings.get("recomputed"):
        yield "recomputed"


def _kind(node: Node) -> NodeKind:
    if node.kind in {"math", "distribution"}:
        return "math" if node.kind == "math" else "distribution"
    if node.kind == "function" or node.is_effect:
        return "effect"
    return "component" if node.call == "forward" else "operation"


def _label(node: Node) -> str:
    if node.kind == "component":
        short = _short_name(node.path, node.component)
        return short if node.call == "forward" else f"{short}.{node.call}"
    if node.kind == "function":
        return str(getattr(node.settings["by"], "__name__", node.call))
    if node.call in {"slice", "index", "key"}:
        return node.label_of("").removeprefix(next(iter(node.inputs.values())).label)
    return SIGNS.get(node.call, node.call)


def _short_name(path: str, part: Component) -> str:
    """`actor`, the class's name in a tuple, and `target(critics)` for a target's copy."""
    binding = part.binding
    if binding.tracked_by is not None:
        target = binding.tracked_by.rpartition(".")[2]
        return f"{target}({binding.parameters.rpartition('.')[2]})"
    short = path.rpartition(".")[2]
    return type(part).__name__ if short.isdigit() else short


def _wires(draft: Draft) -> list[WireView]:
    found: list[WireView] = []
    for section in draft.sections:
        for node in _shown(section):
            for name, value in _read(node).items():
                found.append(_wire(draft, value, node, name, latched=False))
        for feed in section.trace.feeds:
            found.append(_wire(draft, feed.value, feed.node, feed.port, latched=True))
    return found


def _wire(draft: Draft, value: Value, node: Node, port: str, latched: bool) -> WireView:
    spec = draft.spec(value)
    return WireView(
        source=(_id(value.node), _pin_name(value.node, value.name)),
        target=(_id(node), _pin_name(node, port)),
        spec=str(spec),
        dtype_family=_family(spec),
        latched=latched,
        detached=detaches(node, port),
        failing=draft.misfits.get((value, node, port)),
    )


def _crossings(draft: Draft) -> list[CrossingView]:
    writes = {
        node.path: node
        for section in draft.sections
        for node in _shown(section)
        if isinstance(node.component, Buffer) and node.call == "write"
    }
    return [
        CrossingView(
            source=_id(writes[node.path]),
            target=_id(node),
            buffer=node.path,
            gradient=draft.gradient.get(node.path, "no grad"),
        )
        for section in draft.sections
        for node in _shown(section)
        if isinstance(node.component, Buffer) and node.call != "write" and node.path in writes
        if not is_operation(node)
    ]


def _trained(draft: Draft) -> list[ParameterView]:
    return [
        ParameterView(owner=owner, part=path, count=count_of(draft, path))
        for owner, ownership in draft.ownership.items()
        for path in ownership.owned
    ]


def _tracked(draft: Draft, nodes: list[Node]) -> list[ParameterView]:
    """Targets follow what they track, and move the copies."""
    copies = {n.path: n.component.binding for n in nodes if _is_copy(n)}
    pairs = dict.fromkeys((str(b.tracked_by), b.parameters) for b in copies.values())
    followed = [
        ParameterView(owner=target, part=part, relation="tracks", count=count_of(draft, part))
        for target, part in pairs
    ]
    moved = [
        ParameterView(
            owner=str(binding.tracked_by),
            part=path,
            relation="moves",
            count=count_of(draft, binding.parameters),
        )
        for path, binding in copies.items()
    ]
    return followed + moved


def _is_copy(node: Node) -> bool:
    return isinstance(node.component, Component) and node.component.binding.tracked_by is not None
