"""Gradient flow and ownership: what every loss reaches, and who trains what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alfgraph.compiler.board import Board, Ownership, Section
from alfgraph.compiler.liveness import parts_by_hand
from alfgraph.compiler.mismatches import place
from alfgraph.component import Component, pins_of
from alfgraph.diagnostics import Diagnostic, Help
from alfgraph.families import Buffer, Environment, Optimizer
from alfgraph.graph import parts_below
from alfgraph.schedules import OnPolicy
from alfgraph.specs import TensorSpec
from alfgraph.suggestions import listing
from alfgraph.trace import Node, Value

STOPS = {"detach", "sample", "less", "greater", "equals"}
"""Small nodes no gradient passes."""


@dataclass(eq=False)
class Reach:
    """What the gradient of one loss reaches."""

    nodes: list[Node] = field(default_factory=list)
    parameters: dict[str, Component] = field(default_factory=dict)
    crossing: dict[tuple[str, str], Value] = field(default_factory=dict)


def optimizer_nodes(board: Board) -> Iterator[tuple[Section, Node]]:
    """Every application of an optimizer, with its section."""
    for section in board.sections:
        for node in section.trace.nodes:
            is_call = isinstance(node.component, Optimizer) and node.call == "forward"
            if is_call and not node.is_replaced:
                yield section, node


def reach_of(board: Board, section: Section, loss: Value) -> Reach:
    """Walk backward from a loss."""
    reach = Reach()
    seen: set[Value] = set()
    pending = [loss]
    while pending:
        value = pending.pop()
        if value in seen or not carries_gradient(board, value):
            continue
        seen.add(value)
        node = value.node
        if node not in reach.nodes:
            reach.nodes.append(node)
        part = node.component
        if isinstance(part, Environment) or node.call in STOPS and node.kind != "component":
            continue
        if part is not None and part.binding.tracked_by:
            continue
        if isinstance(part, Buffer):
            written = crossed(section, part, value)
            if written is not None:
                reach.crossing[(part.socket_path, value.name)] = written
                pending.append(written)
            continue
        if part is not None and trains(board, part):
            reach.parameters.setdefault(part.binding.parameters, part)
        for parts in node.parts.values():
            for plugged in parts:
                for below in parts_below(plugged):
                    if trains(board, below):
                        reach.parameters.setdefault(below.binding.parameters, below)
        pending += [v for port, v in node.inputs.items() if not detaches(node, port)]
    reach.crossing = {
        leaf: written
        for leaf, written in reach.crossing.items()
        if reach_of(board, section, written).parameters  # observations lead to nothing trained
    }
    return reach


def parameters_used(node: Node) -> list[str]:
    """Paths of the parameters a node computes with, its own and those of parts it was given."""
    parts = [node.component] if node.component is not None else []
    parts += [b for given in node.parts.values() for part in given for b in parts_below(part)]
    return [part.binding.parameters for part in parts if not part.binding.tracked_by]


def carries_gradient(board: Board, value: Value) -> bool:
    """Integers and booleans carry none."""
    spec = board.spec(value)
    return not (isinstance(spec, TensorSpec) and spec.is_discrete)


def crossed(section: Section, part: Buffer, value: Value) -> Value | None:
    """What was recorded, where a gradient may cross the rollout: on-policy, no mini-batches."""
    if not part.keeps_gradient or not isinstance(section.schedule, OnPolicy):
        return None
    contents = part.binding.slot.contents[part.socket_path]
    written: Value | None = contents.node.inputs.get(value.name)
    return written


def detaches(node: Node, port: str) -> bool:
    """Whether a port stops gradients."""
    if node.component is None:
        return False
    head = port.partition(".")[0]
    return any(p.name == head and p.detach for p in pins_of(node).input_ports())


def trains(board: Board, part: Component) -> bool:
    """Whether a part has parameters that somebody must train."""
    if not part.has_build() or part.binding.tracked_by or getattr(part, "frozen", False):
        return False
    module = board.modules.get(part.binding.parameters)
    parameters = getattr(module, "parameters", None)
    return parameters is not None and any(p.requires_grad for p in parameters())


def decide_ownership(board: Board) -> None:
    """Fill `board.ownership`; losses that reach nothing, and orphans, become diagnostics."""
    claims = [(s, n, reach_of(board, s, n.inputs["loss"])) for s, n in optimizer_nodes(board)]
    named: dict[str, set[str]] = {}
    for _section, node, reach in claims:
        for part in node.parts.get("trains", ()):
            for below in parts_below(part):
                if trains(board, below):
                    named.setdefault(below.binding.parameters, set()).add(node.path)
        if not reach.parameters:
            _report_unreached(board, node, ())
    owners: dict[str, list[Node]] = {}
    for _section, node, reach in claims:
        parts = node.parts.get("trains", ())
        if parts:
            wanted = {
                b.binding.parameters for p in parts for b in parts_below(p) if trains(board, b)
            }
            missing = sorted(wanted - set(reach.parameters))
            if missing and reach.parameters:
                _report_unreached(board, node, missing)
            owned = [path for path in reach.parameters if path in wanted]
        else:
            owned = [path for path in reach.parameters if path not in named]
            _warn_losses(board, node, reach, named)
        for path in owned:
            owners.setdefault(path, []).append(node)
        _record(board, node, owned, reach)
    _hand_over(board)
    _report_conflicts(board, owners, named)
    _report_orphans(board, owners)


def _hand_over(board: Board) -> None:
    """A phase written by hand may train any part of its board, with any optimizer of its board."""
    for section in board.sections:
        for node in section.trace.nodes:
            if node.kind != "function":
                continue
            parts = parts_below(node.component)
            everything = [p.binding.parameters for p in parts if trains(board, p)]
            for part in parts:
                if isinstance(part, Optimizer) and everything:
                    before = board.ownership.get(part.socket_path)
                    crossing = before.crossing if before else ()
                    owned = tuple(dict.fromkeys(everything))
                    board.ownership[part.socket_path] = Ownership(
                        part.socket_path, owned, owned, crossing
                    )


def _record(board: Board, node: Node, owned: list[str], reach: Reach) -> None:
    before = board.ownership.get(node.path)
    order = {part.binding.parameters: i for i, part in enumerate(parts_below(board.root))}
    merged = dict.fromkeys((*(before.owned if before else ()), *owned))
    reached = dict.fromkeys((*(before.reached if before else ()), *reach.parameters))
    board.ownership[node.path] = Ownership(
        path=node.path,
        owned=tuple(sorted(merged, key=lambda path: order.get(path, 0))),
        reached=tuple(sorted(reached, key=lambda path: order.get(path, 0))),
        crossing=(*(before.crossing if before else ()), *reach.crossing),
    )


def _report_unreached(board: Board, node: Node, missing: tuple[str, ...] | list[str]) -> None:
    source, related = place(node)
    loss = node.inputs["loss"].label
    what = f"the parameters of {listing(missing)}" if missing else "any parameters"
    board.reporter.report(
        Diagnostic(
            code="E122",
            message=f"the gradient of `{loss}` does not reach {what}, so `{node.path}` cannot train",
            source=source,
            related=related,
            help=(
                Help(
                    text="gradients stop at detach(), sample(), detaching ports, target copies and "
                    "data read from a buffer (but a rollout buffer under OnPolicy)"
                ),
            ),
            path=node.path,
        )
    )


def _warn_losses(
    board: Board, node: Node, reach: Reach, named: dict[str, set[str]]
) -> None:
    own = node.path.rpartition(".")[0]
    for path in reach.parameters:
        others = named.get(path, set()) - {node.path}
        inside = path.startswith(f"{own}.") if own else True
        foreign = sorted(o for o in others if o.rpartition(".")[0] != own)
        if inside and foreign:
            board.reporter.report(
                Diagnostic(
                    code="W123",
                    message=f"`{foreign[0]}` names `{path}`, so `{node.path}` does not train it",
                    source=place(node)[0],
                    help=(Help(text=f"name it in both: `{node.path}(loss, {path})`"),),
                    path=node.path,
                )
            )


def _report_conflicts(
    board: Board, owners: dict[str, list[Node]], named: dict[str, set[str]]
) -> None:
    for path, nodes in owners.items():
        optimizers = {node.path: node for node in nodes}
        if path in named or len(optimizers) < 2:
            continue
        first, second, *_ = optimizers.values()
        board.reporter.report(
            Diagnostic(
                code="E121",
                message=f"`{path}` is trained by `{first.path}` and by `{second.path}`",
                source=place(second)[0],
                related=tuple(
                    (label, s) for label, s in (("the other one", place(first)[0]),) if s is not None
                ),
                help=(Help(text=f"name the parts each trains: `{second.path}(loss, self.<part>)`"),),
                path=path,
            )
        )


def _report_orphans(board: Board, owners: dict[str, list[Node]]) -> None:
    by_hand = {part.binding.parameters for part in parts_by_hand(board).values()}
    learns = any(True for _ in optimizer_nodes(board))
    applied = {
        node.component.binding.parameters: node
        for section in board.sections
        for node in section.trace.nodes  # a loss nobody trains on is not live, its parts are orphans
        if node.component is not None and not node.component.binding.tracked_by
    }
    for path, node in applied.items():
        if not trains(board, node.component) or path in owners or path in by_hand:
            continue
        board.reporter.report(
            Diagnostic(
                code="E120",
                message=f"nobody trains the parameters of `{path}` ({type(node.component).__name__})",
                source=node.component.created_at or place(node)[0],
                help=(
                    Help(
                        text="let a loss reach it, name it at an optimizer, or declare it "
                        "`frozen=True`"
                    ),
                )
                if learns
                else (Help(text="the board has no optimizer: `self.optimizer(loss)` in `update`"),),
                path=path,
            )
        )
