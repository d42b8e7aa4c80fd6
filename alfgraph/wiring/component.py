"""Components: frozen pydantic models that describe, with declared ports; settings are fields.

    class SignedSqrtReward(Transform):
        scale: float = 1.0
        reward = In("float32[*batch, *r]", role="reward")
        out = Out("float32[*batch, *r]", role="reward")

        def forward(self, reward):
            return self.scale * reward.sign() * reward.abs().sqrt()

A stateless leaf has `forward(self, <ports in order>)`; one with parameters or registers has
`build(self, <its symbols by name>) -> nn.Module`. Calling a component on a board returns an
*application*: a bound copy on which ports are wires.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from alfgraph.diagnostics.source import Source
from alfgraph.specs.dims import Symbol
from alfgraph.wiring.arguments import (
    Scopes,
    check_every,
    connect,
    connect_registers,
    make_output,
    match_arguments,
    refuse_feed,
    refuse_name,
    refuse_second_writer,
    size_setting,
)
from alfgraph.wiring.namespaces import ComponentMeta, Declaration, classes_below
from alfgraph.wiring.pins import Application, Pinned
from alfgraph.wiring.place import Binding
from alfgraph.wiring.ports import Port
from alfgraph.wiring.records import Record
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.settings import setting_errors
from alfgraph.wiring.trace import Feed, Node, Trace
from alfgraph.wiring.wires import Wire, as_wire


class Operation(Pinned, Declaration):
    """A further call a component offers, with ports of its own.

    Declare a class with ports, then place an instance in the component's body:

        class Observe(Operation):
            x = In("float32[*batch, *n]")

        class Normalizer(Transform):
            observe = Observe()
    """

    _name: str = ""
    _component: Any = None
    _application: Application | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Self:
        if instance is None:
            return self
        bound = self._copy()
        bound._component = instance
        return bound

    def _copy(self) -> Self:
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def application(self) -> Application | None:
        """The call this stands for, or None."""
        return self._application

    def label(self) -> str:
        """`part.operation`."""
        part = self._component.label() if self._component is not None else "?"
        return f"{part}.{self._name}"

    def __call__(
        self, *args: Wire | Record | Component | Operation, every: int = 1, **named: Any
    ) -> Self:
        """Add a node for this operation to the board being traced."""
        new = self._copy()
        new._application = call(self._component, self, self._name, args, named, every)
        return new


class Component(Pinned, BaseModel, metaclass=ComponentMeta):
    """The root of everything that can be plugged into a board. It describes; it holds no tensors.

    Class attributes authors may set:
        heat: how often people change this part, 0 (never) to 4 (every project); drawing only.
        board_axes: CAPITALS in its ports that are axes of the board (environments).
        is_called: False where phases call its methods, never itself (buffers, targets).
        deterministic: False if equal inputs may give different outputs.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        ignored_types=(Port, Operation),
        arbitrary_types_allowed=True,
        validate_default=False,
        allow_inf_nan=False,
        defer_build=True,  # of the schema: most families are never made
    )

    heat: ClassVar[int] = 2
    family: ClassVar[str] = "component"
    deterministic: ClassVar[bool] = True
    is_called: ClassVar[bool] = True

    _binding: Binding | None = PrivateAttr(default=None)
    _application: Application | None = PrivateAttr(default=None)
    _source: Source | None = PrivateAttr(default=None)

    def __init__(self, **settings: Any) -> None:
        source = Source.of_caller()
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise setting_errors(type(self), error, source) from None
        self._source = source

    def __eq__(self, other: object) -> bool:
        """Equal settings of one class, wherever they were written; bound parts only themselves."""
        if self is other or not isinstance(other, Component):
            return self is other
        if type(self) is not type(other) or self._private() != other._private():
            return False
        names = type(self).model_fields
        return all(self.__dict__[name] == other.__dict__[name] for name in names)

    def __hash__(self) -> int:
        return hash(type(self))  # settings may be dicts; equal parts hash equal

    def _private(self) -> dict[str, Any]:
        private = self.__pydantic_private__ or {}
        return {name: value for name, value in private.items() if name != "_source"}

    if not TYPE_CHECKING:  # to a type checker a missing attribute is one

        def __getattr__(self, name: str) -> Any:
            """A misspelt port or setting, with the nearest name."""
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("_") or self._binding is None:
                    raise
            refuse_name(self, name)

    # ------------------------------------------------------------- identity

    @property
    def binding(self) -> Binding:
        """Its place on a board."""
        private = self.__pydantic_private__ or {}  # `self._binding` takes ten times as long
        binding: Binding | None = private.get("_binding")
        if binding is None:
            refuse(
                "E111",
                f"`{type(self).__name__}` was called outside a board",
                "components are called in the phase methods of a Graph, as `self.<socket>(...)`",
            )
        return binding

    @property
    def is_bound(self) -> bool:
        """Whether it is part of a bound tree (a private copy of the user's)."""
        return self._binding is not None

    @property
    def socket_path(self) -> str:
        """Where it is plugged, e.g. `algorithm.actor`."""
        return self.binding.path

    @property
    def created_at(self) -> Source | None:
        """The line that made it."""
        return self._source

    def label(self) -> str:
        """Its socket path, or its class."""
        return self._binding.path or type(self).__name__ if self._binding else type(self).__name__

    def application(self) -> Application | None:
        """The call this stands for, or None."""
        return self._application

    @classmethod
    def has_build(cls) -> bool:
        """It has parameters or registers."""
        return cls.build is not Component.build

    @classmethod
    def is_complete(cls) -> bool:
        """It can be called; a family's class itself cannot."""
        return cls.has_build() or cls.has_forward()

    @classmethod
    def has_forward(cls) -> bool:
        """It computes (a leaf) or wires (a graph) by `forward`."""
        return cls.forward is not Component.forward

    # ---------------------------------------------------------------- calls

    def __call__(
        self, *args: Wire | Record | Component | Operation, every: int = 1, **named: Any
    ) -> Self:
        """Add an application of this part to the board being traced.

        Args:
            *args: wires, records (the first is spread) or parts, in the order of the ports.
            every: for effects: run once in so many runs of the phase.
            **named: wires by port; `state=` for the registers to start from.

        Returns:
            The application: a bound copy of this component on which ports are wires.
        """
        if not self.is_called:
            refuse(
                "E104", f"`{self.label()}` is a {self.family}: its methods are called, not itself"
            )
        return self._applied(call(self, self, "forward", args, named, every))

    def _applied(self, application: Application) -> Self:
        new = self.model_copy()
        new._application = application
        return new

    def feed(self, **wires: Any) -> None:
        """Connect latched ports: read at the next tick (z⁻¹)."""
        trace = tracing(self)
        latched = {port.name for port in self.input_ports() if port.latched}
        node = next((n for n in trace.nodes if n.path == self.socket_path), None)
        for name, value in wires.items():
            if name not in latched:
                refuse_feed(self.label(), name, self.input_ports())
            if node is None:
                refuse("E202", f"`{self.label()}` is fed, but not called in this phase")
            before = next((f for f in trace.feeds if f.node is node and f.port == name), None)
            if before is not None:
                refuse_second_writer(self.label(), name, before.sources)
            wire = as_wire(value)
            wire.value.hints.append(name)
            trace.feeds.append(Feed(node, name, wire.value, Source.stack_of_caller()))

    @property
    def state(self) -> Wire:
        """On an application: its registers before the call; `{}` for a feed-forward part."""
        if self._application is None:
            refuse("E111", f"`{self.label()}.state` is of a call; call `{self.label()}` first")
        return self._application.state

    # ------------------------------------------------------ for its authors

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs from the inputs, in the order of the ports (stateless leaves)."""
        _refuse_incomplete(self)

    def build(self, *args: Any, **kwargs: Any) -> Any:
        """Make what computes: an nn.Module; arguments are the component's symbols, by name."""
        _refuse_incomplete(self)

    def known(self) -> Mapping[str, Any]:
        """Symbols this part knows by itself: sizes, stars (`*r`: dims) and trees by name."""
        return {}

    def derive(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]:
        """Symbols that follow from others in a way the ports cannot say.

        Its parameters are symbols of the ports, by name; called once those are solved, with what
        `build` gets. It gives sizes, stars (`*r`: dims) and trees by name.
        """
        return {}

    def axes(self, phase: str) -> Mapping[str, Symbol | int]:
        """CAPITALS of its ports that are axes of the board in this phase, or known numbers."""
        return {}

    def batch_axes(self, phase: str) -> tuple[Symbol, ...] | None:
        """What `*batch` stands for, if this part decides it (environments)."""
        return None


def tracing(part: Component) -> Trace:
    """The trace being written.

    Raises:
        WiringError: the part is not on a board, or no phase is being traced.
    """
    trace = part.binding.slot.trace
    if trace is None:
        refuse("E111", f"`{part.label()}` was called while no phase is being wired")
    return trace


def pins_of(node: Node) -> Pinned:
    """What declares the ports of a node of a component: the component, or the operation called."""
    operation = getattr(type(node.component), node.call, None)
    found: Pinned = operation if isinstance(operation, Operation) else node.component
    return found


def scopes_of(part: Component, node: Node) -> Scopes:
    """Where the symbols of one application of a part live.

    All applications share those of a part with parameters, registers or knowledge of its own.
    """
    knows = type(part).known is not Component.known
    stateful = part.has_build() or bool(part.state_ports()) or knows
    application = f"{node.phase}#{node.id}"
    settings = {name: getattr(part, name) for name in type(part).model_fields}
    return Scopes(
        application=application,
        component=f"part:{part.binding.parameters}" if stateful else application,
        settings=lambda name: size_setting(settings, name),
        axes=part.axes(node.phase),
        batch=part.batch_axes(node.phase),
    )


def call(
    part: Component,
    pins: Pinned,
    name: str,
    args: tuple[Any, ...],
    named: Mapping[str, Any],
    every: int,
) -> Application:
    """Add the node of one call and connect it."""
    trace = tracing(part)
    check_every(pins.label(), every)
    if not part.is_complete():
        _refuse_incomplete(part)
    given = {key: value for key, value in named.items() if key != "state"}
    node = trace.add(
        kind="component",
        board="",
        path=part.socket_path,
        component=part,
        call=name,
        every=every,
        sources=Source.stack_of_caller(),
    )
    scopes = scopes_of(part, node)
    bound, node.arguments = match_arguments(pins.label(), pins.input_ports(), args, given)
    for port in pins.input_ports():
        if port.takes_component:
            parts = bound.get(port.name, ())
            node.parts[port.name] = _parts(part, port, parts)
        elif port.name in bound:
            connect(node, port, bound[port.name], scopes)
    state = named.get("state")
    if state is None:
        state = next((w for path, w in part.binding.slot.states if path == part.socket_path), None)
    outputs = {p.name: make_output(node, p, scopes, trace) for p in pins.output_ports()}
    monitors = frozenset(p.name for p in pins.output_ports() if p.monitor)
    if outputs and monitors.issuperset(outputs):
        node.settings["effect"] = True  # a metric: it is called to be logged
    return Application(
        node=node,
        inputs=bound,
        outputs=outputs,
        monitors=monitors,
        state=connect_registers(pins.state_ports(), node, scopes, state, trace),
    )


def _parts(part: Component, port: Port, given: Any) -> tuple[Component, ...]:
    """What goes into a port for parts."""
    found = given if isinstance(given, tuple) else (given,)
    for entry in found:
        if not isinstance(entry, Component):
            refuse(
                "E101", f"`{part.label()}.{port.name}` takes parts of the board, not {entry!r:.40}"
            )
    return found


def _refuse_incomplete(part: Component) -> NoReturn:
    """Stop with E304: the part is of a class that only says what others have in common."""
    name = type(part).__name__
    complete = sorted(kind.__name__ for kind in classes_below(type(part)) if kind.is_complete())
    refuse(
        "E304",
        f"`{part.label()}` ({name}) computes nothing: it has neither `forward` nor `build`",
        *([f"plug one that does, such as {', '.join(complete[:5])}"] if complete else []),
    )
