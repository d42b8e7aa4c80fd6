"""Reach: which parameters a loss reaches, and where gradients stop on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from alfgraph.compiler.draft import Draft, Section
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.families.learning import Optimizer, Target
from alfgraph.families.schedules import OnPolicy
from alfgraph.specs.spec import TensorSpec
from alfgraph.wiring.component import Component, pins_of
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.tree import parts_below

STOPS = {"detach", "sample", "less", "greater", "equals"}
"""Small nodes no gradient passes."""


@dataclass(eq=False)
class Reach:
    """What the gradient of one loss reaches."""

    nodes: list[Node] = field(default_factory=list)
    parameters: dict[str, Component] = field(default_factory=dict)
    crossing: dict[tuple[str, str], Value] = field(default_factory=dict)


def optimizer_nodes(draft: Draft) -> Iterator[tuple[Section, Node]]:
    """Every application of an optimizer, with its section."""
    for section in draft.sections:
        for node in section.trace.nodes:
            is_call = isinstance(node.component, Optimizer) and node.call == "forward"
            if is_call and not node.is_replaced:
                yield section, node


def reach_of(draft: Draft, section: Section, loss: Value) -> Reach:
    """Walk backward from a loss; what leads to nothing trained is left out."""
    reach = Reach()
    readers: dict[Node, list[Node]] = {loss.node: []}
    seen: set[Value] = set()
    pending = [loss]
    while pending:
        value = pending.pop()
        seen.add(value)
        for part in _trained_at(draft, value.node):
            reach.parameters.setdefault(part.binding.parameters, part)
        for source in _sources(section, value, reach):
            if carries_gradient(draft, source):
                readers.setdefault(source.node, []).append(value.node)
                if source not in seen:
                    pending.append(source)
    leads = _leading(readers, {node for node in readers if _trained_at(draft, node)})
    reach.nodes = [node for node in readers if node in leads]
    reach.crossing = {k: written for k, written in reach.crossing.items() if written.node in leads}
    return reach


def _sources(section: Section, value: Value, reach: Reach) -> list[Value]:
    """What the gradient goes on to behind a value; crossings are noted."""
    node, part = value.node, value.node.component
    if isinstance(part, Environment) or (node.call in STOPS and node.kind != "component"):
        return []
    if part is not None and part.binding.tracked_by:
        return []
    if isinstance(part, Buffer):
        written = crossed(section, part, value)
        if written is None:
            return []
        reach.crossing[(part.socket_path, value.name)] = written
        return [written]
    return [v for port, v in node.inputs.items() if not detaches(node, port)]


def _trained_at(draft: Draft, node: Node) -> list[Component]:
    """Parts with parameters to train that a node computes with, those it was given included."""
    parts = [node.component] if node.component is not None else []
    parts += [b for given in node.parts.values() for part in given for b in parts_below(part)]
    return [part for part in parts if trains(draft, part)]


def _leading(readers: dict[Node, list[Node]], trained: set[Node]) -> set[Node]:
    """The nodes behind which something is trained."""
    found, pending = set(trained), list(trained)
    while pending:
        for reader in readers[pending.pop()]:
            if reader not in found:
                found.add(reader)
                pending.append(reader)
    return found


def nodes_without_gradient(draft: Draft, section: Section) -> frozenset[int]:
    """Ids of nodes that need no autograd graph, though parameters lead to them.

    They compute with parameters, or on what such nodes gave, and no loss's gradient passes them:
    the values of targets, mostly.
    """
    reached = {
        node
        for where, optimizer in optimizer_nodes(draft)
        if where is section
        for node in reach_of(draft, section, optimizer.inputs["loss"]).nodes
    }
    found: set[Node] = set()
    for node in section.trace.nodes:
        if node in reached or isinstance(node.component, Buffer | Optimizer | Target):
            continue
        if node.settings.get("recomputed") or node.kind == "function":
            continue
        tracked = node.component is not None and node.component.binding.tracked_by
        own = tracked or _trained_at(draft, node)
        if own or any(value.node in found for value in node.inputs.values()):
            found.add(node)
    return frozenset(node.id for node in found)


def parameters_used(node: Node) -> list[str]:
    """Paths of the parameters a node computes with, its own and those of parts it was given."""
    parts = [node.component] if node.component is not None else []
    parts += [b for given in node.parts.values() for part in given for b in parts_below(part)]
    return [part.binding.parameters for part in parts if not part.binding.tracked_by]


def carries_gradient(draft: Draft, value: Value) -> bool:
    """Integers and booleans carry none."""
    spec = draft.spec(value)
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


def trains(draft: Draft, part: Component) -> bool:
    """Whether a part has parameters that somebody must train."""
    if not part.has_build() or part.binding.tracked_by or is_frozen(part):
        return False
    module = draft.modules.get(part.binding.parameters)
    parameters = getattr(module, "parameters", None)
    return parameters is not None and any(p.requires_grad for p in parameters())


def is_frozen(part: Component) -> bool:
    """Whether a part's parameters keep their values."""
    return "frozen" in type(part).model_fields and bool(part.frozen)  # type: ignore[attr-defined]


def named_by(draft: Draft, node: Node) -> set[str]:
    """Parameters below the parts an optimizer was given."""
    parts = node.parts.get("trains", ())
    return {b.binding.parameters for p in parts for b in parts_below(p) if trains(draft, b)}
