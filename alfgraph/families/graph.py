"""Graphs: components made of sockets and of phase methods that wire them. Graphs nest.

Phase methods are ordinary methods; a parent calls a nested board's methods as typed calls that
the tracer walks through. Phases without arguments run by themselves. A graph that defines
`forward` is called like a leaf: a network made of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr

from alfgraph.diagnostics.source import Source
from alfgraph.families.verbs import FormerVerbs
from alfgraph.specs.spec import RecordSpec
from alfgraph.wiring.arguments import bind_arguments
from alfgraph.wiring.component import Component, Operation, tracing
from alfgraph.wiring.pins import Application
from alfgraph.wiring.records import Record
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.settings import class_settings
from alfgraph.wiring.trace import Value
from alfgraph.wiring.tree import parts_below
from alfgraph.wiring.wires import Wire, as_wire, wrap

PHASES = ("unroll", "prepare", "update")
"""Phases every board may have, in the order they run; `predict` is a slice of its own."""


class Graph(FormerVerbs, Component):
    """A board: sockets are fields that hold components, phase methods wire them."""

    family: ClassVar[str] = "board"

    _replaced: dict[str, Callable[[Any], object]] = PrivateAttr(default_factory=dict)
    _with_grad: frozenset[str] = PrivateAttr(default=frozenset())
    _configured: tuple[tuple[type[Component], dict[str, Any], Any], ...] = PrivateAttr(default=())

    def __call__(
        self, *args: Wire | Record | Component | Operation, every: int = 1, **named: Any
    ) -> Self:
        """Walk through `forward`; the result stands for its outputs, as a leaf's application."""
        if not type(self).has_forward():
            refuse(
                "E111",
                f"`{self.label()}` is a board; call one of its phase methods",
                f"`{self.label()}.unroll(...)`",
            )
        trace = tracing(self)
        bound = bind_arguments(
            self.label(),
            self.input_ports(),
            args,
            {k: v for k, v in named.items() if k != "state"},
        )
        return self._applied(_walk(self, bound, named.get("state"), trace))

    def stop_when(self, condition: Wire) -> None:
        """Leave this phase's loop until the next rollout once `condition` is true.

        Placed before the optimizer it also skips that step; after it, it finishes the step.
        """
        trace = tracing(self)
        value = as_wire(condition).value
        trace.stops.append((value, len(trace.nodes), Source.stack_of_caller()))

    def replace(
        self, phase: Callable[..., object], by: Callable[[Any], object], *, with_grad: bool = False
    ) -> Self:
        """This board with one phase computed by a plain function.

        Args:
            phase: the method it replaces, e.g. `PPO.update`.
            by: takes a `Running` handle: real modules, buffers and optimizers.
            with_grad: the rollouts it reads carry the gradient of `unroll`.
        """
        new = self.model_copy()
        new._replaced = {**self._replaced, phase.__name__: by}
        if with_grad:
            new._with_grad = self._with_grad | {phase.__name__}
        return new

    @property
    def replaced_phases(self) -> Mapping[str, Callable[[Any], object]]:
        """Phases computed by plain functions, by name."""
        return self._replaced

    def keeps_gradient_for(self, phase: str) -> bool:
        """Whether a phase by hand reads rollouts with the gradient of `unroll`."""
        return phase in self._with_grad

    def configure(self, kind: type[Component], /, **settings: Any) -> Self:
        """This board with other class-wide defaults; explicit settings win.

        Args:
            kind: the component class, subclasses included.
            **settings: its settings.

        Raises:
            SettingError: E301, the class has no such setting; E302, it cannot have this value.
        """
        source = Source.of_caller()
        new = self.model_copy()
        checked = class_settings(kind, settings, source)
        new._configured = (*self._configured, (kind, checked, source))
        return new

    @property
    def configured(self) -> tuple[tuple[type[Component], dict[str, Any], Any], ...]:
        """What `configure` was told, in order."""
        return self._configured

    def swap(self, **sockets: Component | tuple[Component, ...] | None) -> Self:
        """This board with other components in some sockets.

        Raises:
            SettingError: E303, there is no such socket; E304, the component does not fit.
        """
        from alfgraph.overrides.swaps import swap  # most boards are never swapped

        return swap(self, sockets)


def _walk(graph: Graph, bound: Mapping[str, Any], state: Any, trace: Any) -> Application:
    """Trace a graph's `forward` with its arguments, and collect outputs and registers."""
    first = len(trace.nodes)
    slot = graph.binding.slot
    before = slot.states
    if state is not None:
        slot.states = (*_parts_states(graph, as_wire(state)), *before)
    try:
        result = graph.forward(**bound)
    finally:
        slot.states = before
    ports = [port for port in graph.output_ports() if not port.monitor]
    given = result if isinstance(result, tuple) else (result,)
    if len(given) != len(ports):
        refuse(
            "E109",
            f"`{graph.label()}.forward` gives {len(given)} results for {len(ports)} outputs",
            f"its outputs are {', '.join(p.name for p in ports)}",
        )
    outputs = {p.name: _as_output(v) for p, v in zip(ports, given, strict=True)}
    for port in ports:
        wire = outputs[port.name]
        if isinstance(wire, Wire):
            wire.value.hints.append(port.name)
    return Application(
        node=None,
        inputs=bound,
        outputs=outputs,
        monitors=frozenset(),
        state=_collected_state(graph, trace, first) if state is None else as_wire(state),
    )


def _as_output(value: Any) -> Any:
    return value if isinstance(value, Record) else as_wire(value)


def _parts_states(graph: Graph, state: Wire) -> list[tuple[str, Wire]]:
    """The registers passed to a graph, handed on to its stateful parts."""
    prefix = f"{graph.socket_path}."
    paths = [p.socket_path for p in parts_below(graph) if p.state_ports()]
    return [(path, state[path.removeprefix(prefix)]) for path in paths]


def _collected_state(graph: Graph, trace: Any, first: int) -> Wire:
    """The registers of the parts called inside, as one tree by their paths."""
    prefix = f"{graph.socket_path}."
    states = {
        node.path.removeprefix(prefix): node.state
        for node in trace.nodes[first:]
        if node.state is not None and node.kind == "component" and node.component.state_ports()
    }
    pack = trace.add(
        kind="math",
        board="",
        path=f"{graph.socket_path}.state",
        component=None,
        call="record",
        inputs=dict(states),
        sources=Source.stack_of_caller(),
    )
    spec = RecordSpec(fields=tuple((name, value.spec) for name, value in states.items()))
    pack.outputs["out"] = Value(pack, "out", spec)
    return wrap(pack.outputs["out"], trace)
