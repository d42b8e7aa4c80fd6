"""The picture of a plan: nodes, wires and parts as the renderer draws them."""

from __future__ import annotations

import inspect
from importlib.metadata import version
from typing import Any

from alfgraph.compiler.board import Board, Section
from alfgraph.compiler.planning import count_parameters
from alfgraph.compiler.training import detaches
from alfgraph.component import Component
from alfgraph.families import Buffer
from alfgraph.graph import Graph, parts_below
from alfgraph.plan import Plan
from alfgraph.render.view import (
    BoardView,
    CrossingView,
    NodeKind,
    NodeView,
    ParameterView,
    PartView,
    PhaseView,
    PinRef,
    PinView,
    SettingView,
    WireView,
)
from alfgraph.settings_table import settings_of
from alfgraph.specs import dtype_family
from alfgraph.trace import Node, Value

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


def board_view(plan: Plan) -> BoardView:
    """Draw-ready data of a plan: the nodes that run, in the order of the text."""
    board: Board = plan.compiled.board
    nodes = [node for section in board.sections for node in section.nodes()]
    return BoardView(
        name=plan.name,
        version=version("alfgraph"),
        sizes=_sizes(board),
        phases=tuple(
            PhaseView(name=p.name, rate=p.rate, axes=p.axes, gradient=p.gradient)
            for p in plan.phases
        ),
        parts=tuple(_parts(plan, board, nodes)),
        nodes=tuple(
            _node(board, section, node) for section in board.sections for node in section.nodes()
        ),
        wires=tuple(_wires(board)),
        crossings=tuple(_crossings(board)),
        parameters=tuple(_parameters(plan)),
    )


def values_by_pin(plan: Plan) -> dict[PinRef, Value]:
    """What flows from each output pin that a wire starts at."""
    found: dict[PinRef, Value] = {}
    for section in plan.compiled.board.sections:
        for value in _used(section):
            found[_id(value.node), _pin_name(value.node, value.name)] = value
    return found


def _sizes(board: Board) -> dict[str, int | float]:
    """The axes in numbers; of several with one name that of the earliest phase, which trains."""
    sizes: dict[str, int | float] = {}
    for symbol, size in board.sizes.items():
        sizes.setdefault(str(symbol.name), size)
    return sizes


def _id(node: Node) -> str:
    return f"{node.phase}/{node.path}#{node.id}"


def _pin(board: Board, name: str, value: Value, role: str | None = None) -> PinView:
    spec = board.spec(value)
    return PinView(name=name, spec=str(spec), dtype_family=dtype_family(spec), role=role)


def _read(node: Node) -> dict[str, Value]:
    """Live inputs of a node."""
    leaves = node.settings.get("leaves")
    if isinstance(node.component, Buffer) and node.call == "write" and leaves is not None:
        return {name: node.inputs[name] for name in leaves}
    return dict(node.inputs)


def _used(section: Section) -> set[Value]:
    used = {value for node in section.nodes() for value in _read(node).values()}
    return used | {feed.value for feed in section.trace.feeds}


def _pin_name(node: Node, port: str) -> str:
    """What a pin is called on the board: methods of distributions say what goes in and out."""
    if node.kind != "distribution" or node.call in {"slice", "index", "detach"}:
        return port
    names = {"self": "policy", "other": "action" if node.call == "log_prob" else "other"}
    names["out"] = "action" if node.call in {"sample", "rsample", "mode"} else node.call
    return names.get(port, port)


def _node(board: Board, section: Section, node: Node) -> NodeView:
    used = _used(section)
    outputs = [v for v in node.outputs.values() if v in used]
    if node.state is not None and not node.pinned_state and node.state in used:
        outputs.append(node.state)
    shown = outputs or list(node.outputs.values())[:1]
    feeds = [f for f in section.trace.feeds if f.node is node]
    inputs = [
        _pin(board, _pin_name(node, name), value, value.role) for name, value in _read(node).items()
    ]
    inputs += [_pin(board, f.port, f.value) for f in feeds]
    return NodeView(
        id=_id(node),
        phase=section.name,
        part=node.path if node.kind in {"component", "function"} else None,
        label=_label(node),
        kind=_kind(node),
        operation="" if node.call == "forward" or node.kind != "component" else node.call,
        board=node.board,
        inputs=tuple(inputs),
        outputs=tuple(_pin(board, _pin_name(node, v.name), v, v.role) for v in shown),
        every=node.every,
        note="recomputed" if node.settings.get("recomputed") else "",
    )


def _kind(node: Node) -> NodeKind:
    if node.kind in {"math", "distribution"}:
        return "math" if node.kind == "math" else "distribution"
    if node.kind == "function" or node.is_effect:
        return "effect"
    return "component" if node.call == "forward" else "operation"


def _label(node: Node) -> str:
    if node.kind == "component":
        short = node.path.rpartition(".")[2]
        short = type(node.component).__name__ if short.isdigit() else short
        return short if node.call == "forward" else f"{short}.{node.call}"
    if node.kind == "function":
        return str(getattr(node.settings["by"], "__name__", node.call))
    if node.call in {"slice", "index", "key"}:
        return node.label_of("").removeprefix(next(iter(node.inputs.values())).label)
    return SIGNS.get(node.call, node.call)


def _wires(board: Board) -> list[WireView]:
    found: list[WireView] = []
    for section in board.sections:
        for node in section.nodes():
            for name, value in _read(node).items():
                found.append(_wire(board, value, node, name, latched=False))
        for feed in section.trace.feeds:
            found.append(_wire(board, feed.value, feed.node, feed.port, latched=True))
    return found


def _wire(board: Board, value: Value, node: Node, port: str, latched: bool) -> WireView:
    spec = board.spec(value)
    return WireView(
        source=(_id(value.node), _pin_name(value.node, value.name)),
        target=(_id(node), _pin_name(node, port)),
        spec=str(spec),
        dtype_family=dtype_family(spec),
        latched=latched,
        detached=detaches(node, port),
    )


def _crossings(board: Board) -> list[CrossingView]:
    writes = {
        node.path: node
        for section in board.sections
        for node in section.nodes()
        if isinstance(node.component, Buffer) and node.call == "write"
    }
    return [
        CrossingView(
            source=_id(writes[node.path]),
            target=_id(node),
            buffer=node.path,
            gradient=board.gradient.get(node.path, "no grad"),
        )
        for section in board.sections
        for node in section.nodes()
        if isinstance(node.component, Buffer) and node.call != "write" and node.path in writes
    ]


def _parameters(plan: Plan) -> list[ParameterView]:
    return [
        ParameterView(owner=optimizer.path, part=path, count=count)
        for optimizer in plan.optimizers
        for path, count in optimizer.trains.items()
    ]


def _parts(plan: Plan, board: Board, nodes: list[Node]) -> list[PartView]:
    rows = settings_of(plan.compiled.graph)
    trained = {p: o.path for o in plan.optimizers for p in o.trains}
    used = {node.path: node.component for node in nodes if node.component is not None}
    used |= {
        p.socket_path: p
        for p in parts_below(board.root)
        if isinstance(p, Graph) and p.socket_path not in used
    }
    return [_part(board, path, part, rows, trained) for path, part in used.items()]


def _part(board: Board, path: str, part: Component, rows: Any, trained: dict[str, str]) -> PartView:
    prefix = f"{path}." if path else ""
    settings = {
        row.path.removeprefix(prefix): SettingView(
            value=row.value, origin=row.origin, default=row.is_default
        )
        for row in rows
        if row.path.startswith(prefix)
        and not row.is_part
        and "." not in row.path.removeprefix(prefix)
    }
    file, line = _defined(type(part))
    parent = part.binding.parent
    return PartView(
        path=path,
        kind=type(part).__name__,
        family=part.family,
        settings=settings,
        doc=(inspect.getdoc(type(part)) or "").split("\n\n")[0],
        source_file=file,
        source_line=line,
        temperature=part.heat,
        num_parameters=count_parameters(board.modules.get(part.binding.parameters)),
        trained_by=trained.get(path),
        tracked_by=part.binding.tracked_by,
        parent=parent.socket_path if parent is not None else "",
        gradient=board.gradient.get(path, "no grad") if isinstance(part, Buffer) else None,
    )


def _defined(kind: type) -> tuple[str, int]:
    try:
        file = inspect.getsourcefile(kind) or ""
        _, line = inspect.getsourcelines(kind)
    except (OSError, TypeError):
        return "", 0
    for mark in ("/alfgraph/components/", "/alfgraph/"):
        if mark in file:
            return f"{mark.strip('/')}/{file.rpartition(mark)[2]}", line
    return file.rpartition("/")[2], line
