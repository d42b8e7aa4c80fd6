"""A gradient that crosses the rollout: recompute its path once on [T, B] where that is the same.

Where every application on the path is stateless and deterministic given what was recorded,
`unroll` runs without autograd and the path is computed again, in `update`, on the whole rollout.
Elsewhere the autograd graph of `unroll` is kept until `update`.
"""

from __future__ import annotations

from alfgraph.compiler.draft import Draft, Section
from alfgraph.compiler.gradients.reach import carries_gradient, optimizer_nodes, reach_of, trains
from alfgraph.families.buffer import Buffer
from alfgraph.families.environment import Environment
from alfgraph.specs.dims import Dims
from alfgraph.specs.spec import DistributionSpec, batch_of, with_batch
from alfgraph.wiring.trace import Node, Value

RANDOM_METHODS = {"sample", "rsample"}


class _NotTheSame(Exception):
    """The path cannot be recomputed from what was recorded."""


def cross_rollouts(draft: Draft, recompute: bool = True) -> None:
    """Decide, for every buffer a gradient crosses, how; rewrite the sections that recompute.

    Args:
        draft: traced, solved, tried.
        recompute: False keeps the live graph everywhere (the reference form).
    """
    for section, node in list(optimizer_nodes(draft)):
        reach = reach_of(draft, section, node.inputs["loss"])
        cloners: dict[Node, _Cloner] = {}
        for (path, leaf), written in reach.crossing.items():
            done = recompute and _recompute(draft, section, path, leaf, written, cloners)
            if not done:
                draft.gradient[path] = "with grad"
            else:
                draft.gradient.setdefault(path, "with grad (recomputed)")
        for cloner in cloners.values():
            cloner.insert()


def _recompute(
    draft: Draft,
    section: Section,
    path: str,
    leaf: str,
    written: Value,
    cloners: dict[Node, _Cloner],
) -> bool:
    reads = [n for n in section.trace.nodes if n.path == path and leaf in n.outputs]
    if not reads or (path in draft.gradient and draft.gradient[path] == "with grad"):
        return False
    try:
        for read in reads:
            if read not in cloners:
                cloners[read] = _Cloner(draft, section, read)
            _replace(section, read.outputs[leaf], cloners[read].value(written))
    except _NotTheSame:
        return False
    return True


class _Cloner:
    """Copies the path to one recorded leaf into the section that reads it."""

    def __init__(self, draft: Draft, section: Section, read: Node) -> None:
        self.draft = draft
        self.section = section
        self.read = read
        self.batch: Dims = next(
            (b for v in read.outputs.values() if (b := batch_of(draft.spec(v)))), ()
        )
        contents = read.component.binding.slot.contents[read.path]
        self.recorded = {
            value: name for name, value in contents.node.inputs.items() if name in read.outputs
        }
        self.done: dict[Value, Value] = {}
        self.new: list[Node] = []

    def value(self, value: Value) -> Value:
        if value in self.done:
            return self.done[value]
        node = value.node
        recorded = self.recorded.get(value)
        is_path = recorded is None or (
            carries_gradient(self.draft, value)
            and not isinstance(node.component, Environment)
            and node.call not in RANDOM_METHODS
            and self._trains(node)
        )
        if recorded is not None and not is_path:
            return self.read.outputs[recorded]
        self._check(node)
        clone = self._clone(node)
        return clone.outputs[value.name]

    def _trains(self, node: Node) -> bool:
        """Whether a gradient goes on behind this node: only then it is worth recomputing."""
        pending, seen = [node], set()
        while pending:
            at = pending.pop()
            if at in seen or at.call in RANDOM_METHODS or isinstance(at.component, Environment):
                continue
            seen.add(at)
            if at.component is not None and trains(self.draft, at.component):
                return True
            pending += [v.node for v in at.inputs.values()]
        return False

    def _check(self, node: Node) -> None:
        if isinstance(node.component, Environment | Buffer) or node.call in RANDOM_METHODS:
            raise _NotTheSame
        if node.kind == "math" and node.call in {"index", "slice", "min", "max", "mean", "record"}:
            raise _NotTheSame
        if (node.phase, node.id) in self.draft.random:
            raise _NotTheSame
        if node.component is not None and (node.component.state_ports() or node.call != "forward"):
            raise _NotTheSame
        for value in node.inputs.values():
            if batch_of(self.draft.spec(value)) in (None, ()):
                raise _NotTheSame

    def _clone(self, node: Node) -> Node:
        inputs = {name: self.value(value) for name, value in node.inputs.items()}
        clone = Node(
            id=len(self.section.trace.nodes) + len(self.new) + 1000 * (self.read.id + 1),
            kind=node.kind,
            phase=self.section.trace.phase,
            board=node.board,
            path=node.path,
            component=node.component,
            call=node.call,
            inputs=inputs,
            expected={},
            parts=dict(node.parts),
            settings={**node.settings, "recomputed": True},
            sources=node.sources,
        )
        for name, value in node.outputs.items():
            spec = with_batch(self.draft.spec(value), self.batch)
            new = Value(clone, name, spec, role=value.role, hints=list(value.hints))
            clone.outputs[name] = self.done[value] = new
            if isinstance(spec, DistributionSpec) and value in self.draft.examples:
                self.draft.examples[new] = self.draft.examples[value]
        self.new.append(clone)
        return clone

    def insert(self) -> None:
        """Place the copies right behind the read."""
        nodes = self.section.trace.nodes
        at = nodes.index(self.read) + 1
        nodes[at:at] = self.new


def _replace(section: Section, old: Value, new: Value) -> None:
    for node in section.trace.nodes:
        for port, value in node.inputs.items():
            if value is old:
                node.inputs[port] = new
    section.trace.stops = [
        (new if value is old else value, at, sources) for value, at, sources in section.trace.stops
    ]
