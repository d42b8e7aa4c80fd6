"""The intermediate form: what tracing a board's phases leaves behind.

A `Trace` is the flat list of nodes of one phase in the order of the text. A `Node` is one call:
of a component, of one of its operations, of a small piece of wire arithmetic or of a method of a
distribution. A `Value` is one named result, known by its node. Specs in here are *scoped*: two
symbols are equal only if name and scope are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from alfgraph.diagnostics.source import Source
    from alfgraph.specs.spec import Spec

NodeKind = Literal["component", "math", "distribution", "function"]


@dataclass(eq=False, slots=True)
class Value:
    """One result of a node.

    Attributes:
        node: who makes it.
        name: which of its outputs, dotted inside records: `policy`, `step.reward`.
        spec: scoped spec.
        role: what the numbers mean, if declared.
        hints: names users gave it (record fields, keywords), best first; names the variable.
    """

    node: Node
    name: str
    spec: Spec
    role: str | None = None
    hints: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """How diagnostics call it: `actor.policy`, or the arithmetic's name."""
        return self.node.label_of(self.name)


@dataclass(eq=False, slots=True)
class Node:
    """One call in one phase.

    Attributes:
        id: position in the trace of the phase.
        kind: component (or an operation of it), math, distribution, function (a replaced phase).
        phase: the phase it runs in.
        board: path of the board whose method made the call.
        path: socket path of the component, or a made-up one for arithmetic.
        component: the bound component, None for math and distribution.
        call: `forward` or the operation's name; for the small nodes, the operator.
        inputs: values by port; the fields of records are dotted.
        expected: what each input port expects, scoped like `inputs`.
        outputs: values by port.
        parts: components plugged into component pins.
        settings: static arguments of small nodes (slice ends, axes, constants).
        arguments: the keyword or position that each port's wire was given by.
        every: run once in so many runs of the phase.
        sources: user frames of the call, innermost first.
        state: registers before the call (a value of this node or one passed as `state=`).
        pinned_state: `state=` was passed.
        is_replaced: wiring of a phase that a plain function replaces: it teaches specs, but never
            runs.
    """

    id: int
    kind: NodeKind
    phase: str
    board: str
    path: str
    component: Any
    call: str
    inputs: dict[str, Value] = field(default_factory=dict)
    expected: dict[str, Spec] = field(default_factory=dict)
    outputs: dict[str, Value] = field(default_factory=dict)
    parts: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    arguments: dict[str, str | int] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    every: int = 1
    sources: tuple[Source, ...] = ()
    state: Value | None = None
    pinned_state: bool = False
    is_replaced: bool = False

    def label_of(self, port: str) -> str:
        """`path.port`; operations as `path.operation.port`; arithmetic by its operator."""
        if self.kind == "component":
            call = "" if self.call == "forward" else f".{self.call}"
            return f"{self.path}{call}.{port}" if port else f"{self.path}{call}"
        if self.kind == "distribution":
            return f"{self.inputs['self'].label}.{self.call}()"
        first = next(iter(self.inputs.values()), None)
        if self.call == "key" and first is not None:
            return f"{first.label}[{self.settings['key']!r}]"
        if self.call in {"slice", "index", "detach"} and first is not None:
            return first.label + _SHORT[self.call](self.settings)
        operands = ", ".join(v.label for v in self.inputs.values())
        return f"({self.call} of {operands if len(operands) <= _LONGEST_LABEL else '…'})"

    @property
    def is_effect(self) -> bool:
        """No outputs but monitored ones: a write, an optimizer step, statistics, a feed."""
        return not self.outputs or bool(self.settings.get("effect"))


_LONGEST_LABEL = 60
"""Characters of the operands of nested arithmetic beyond which nobody reads them."""


def _show_slice(settings: dict[str, Any]) -> str:
    start, stop = settings.get("start"), settings.get("stop")
    step = f":{settings['step']}" if "step" in settings else ""
    return f"[{'' if start is None else start}:{'' if stop is None else stop}{step}]"


_SHORT: dict[str, Callable[[dict[str, Any]], str]] = {
    "slice": _show_slice,
    "index": lambda settings: f"[{settings['index']}]",
    "detach": lambda settings: ".detach()",
}


@dataclass(eq=False, slots=True)
class Feed:
    """A wire into a latched port: read at the next tick."""

    node: Node
    port: str
    value: Value
    sources: tuple[Source, ...] = ()


@dataclass(eq=False)
class Trace:
    """The nodes of one phase of one board tree, in the order of the text.

    Attributes:
        phase: whose nodes they are.
        nodes: the calls.
        feeds: wires into latched ports.
        stops: conditions that end the loop, and before which node they stand.
        returned: what the phase methods gave, by board.
        likely: pairs of values with the same spec, unless wires say otherwise.
    """

    phase: str
    nodes: list[Node] = field(default_factory=list)
    feeds: list[Feed] = field(default_factory=list)
    stops: list[tuple[Value, int, tuple[Source, ...]]] = field(default_factory=list)
    returned: dict[str, Any] = field(default_factory=dict)
    likely: list[tuple[Value, Value]] = field(default_factory=list)

    def add(self, **fields: Any) -> Node:
        """Append a node; its id is its place in the text."""
        node = Node(id=len(self.nodes), phase=self.phase, **fields)
        self.nodes.append(node)
        return node
