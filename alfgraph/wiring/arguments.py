"""What happens when a component is called on a board: arguments meet ports, symbols get scopes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from alfgraph.diagnostics.repairs.calls import (
    Fix,
    is_fed,
    misspelt_argument,
    misspelt_attribute,
    with_argument,
    without_statement,
)
from alfgraph.diagnostics.source import Source, names_of_caller
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.specs.dims import UNKNOWN_DTYPE, Dim, Dims, Star, Symbol
from alfgraph.specs.grammar import SpecSyntaxError
from alfgraph.specs.spec import (
    DistributionSpec,
    RecordSpec,
    Spec,
    SymbolSpec,
    TensorSpec,
    map_leaves,
)
from alfgraph.wiring.ports import Port
from alfgraph.wiring.records import Record, as_field, build_record, declared_leaves, record_leaves
from alfgraph.wiring.refusals import NoSuchFieldError, refuse
from alfgraph.wiring.trace import Node, Trace, Value
from alfgraph.wiring.wires import Distribution, Wire, as_wire, check_phase, wrap


@dataclass(frozen=True)
class Scopes:
    """Where the symbols of one application live.

    Attributes:
        application: scope of this call: batch star, CAPITALS, symbols of stateless parts.
        component: scope shared by all calls of one part.
        settings: sizes given by settings of the component, by name.
        axes: CAPITALS the component binds to axes of the board.
        batch: what the batch star stands for, if the component binds it.
    """

    application: str
    component: str
    settings: Callable[[str], int | None]
    axes: Mapping[str, Symbol | int]
    batch: Dims | None = None

    def spec(self, spec: Spec, port: str) -> Spec:
        """The declared spec with scoped symbols."""
        return map_leaves(spec, lambda leaf: self._leaf(leaf, port))

    def _leaf(self, leaf: TensorSpec | SymbolSpec, port: str) -> Spec:
        batch = self._batch(leaf.batch)
        if isinstance(leaf, SymbolSpec):
            return leaf.model_copy(update={"scope": self.component, "batch": batch})
        unknown = leaf.dtype == UNKNOWN_DTYPE
        return leaf.model_copy(
            update={
                "dtype": f"{UNKNOWN_DTYPE}{self.application}.{port}" if unknown else leaf.dtype,
                "batch": batch,
                "sample": tuple(self._dim(dim) for dim in leaf.sample),
                "low": self._dim(leaf.low) if isinstance(leaf.low, Symbol) else leaf.low,
                "high": self._dim(leaf.high) if isinstance(leaf.high, Symbol) else leaf.high,
            }
        )

    def _batch(self, dims: Dims) -> Dims:
        result: list[Dim] = []
        for dim in dims:
            if isinstance(dim, Star):
                bound = self.batch
                result.extend((dim._replace(scope=self.application),) if bound is None else bound)
            else:
                result.append(self._dim(dim))
        return tuple(result)

    def _dim(self, dim: Dim) -> Any:
        if isinstance(dim, int):
            return dim
        if isinstance(dim, Star):
            return dim._replace(scope=self.component)
        if dim.name[:1].isupper():
            axis = self.axes.get(dim.name)
            if isinstance(axis, int):
                return dim.value(axis)
            if axis is not None:
                return axis._replace(factor=dim.factor, offset=dim.offset)
            return dim._replace(scope=self.application)
        size = self.settings(dim.name)
        return dim._replace(scope=self.component) if size is None else dim.value(size)


def size_setting(settings: Mapping[str, Any], name: str) -> int | None:
    """The size a setting gives to the symbol of its name: `width`, `hidden[-1]`."""
    match = re.fullmatch(r"(\w+)\[(-?\d+)\]", name)
    if match:
        sequence = settings.get(match.group(1))
        if not isinstance(sequence, tuple | list) or not sequence:
            raise SpecSyntaxError(f"`{name}` in a spec needs a non-empty tuple setting")
        return int(sequence[int(match.group(2))])
    value = settings.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def port_leaves(port: Port) -> Iterator[tuple[str, Spec, str | None]]:
    """Yield `(dotted name, declared spec, role)` of everything that flows through a port."""
    if isinstance(port.kind, type) and issubclass(port.kind, Record):
        yield from declared_leaves(port.kind, f"{port.name}.")
        return
    spec = port.spec
    if port.kind is Distribution and not isinstance(spec, DistributionSpec):
        spec = DistributionSpec(event=spec)
    yield port.name, spec, port.role


def bind_arguments(
    label: str, ports: Sequence[Port], args: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Match a call's arguments with input ports.

    A record given first is spread over the ports named like its fields (nested ones too), unless
    a port takes that record whole; keywords win; further positional arguments fill the ports
    left, in order.
    """
    return match_arguments(label, ports, args, named)[0]


def match_arguments(
    label: str, ports: Sequence[Port], args: Sequence[Any], named: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str | int]]:
    """What `bind_arguments` gives, and the keyword or position that gave it, by port."""
    by_name = {port.name: port for port in ports}
    for name in named:
        if name not in by_name:
            helps = misspelt_argument(name, did_you_mean(name, list(by_name)))
            refuse("E104", f"`{label}` has no input `{name}`", *helps, _listing(by_name))
    bound: dict[str, Any] = {}
    places: dict[str, str | int] = {name: name for name in named}
    rest = [as_part_or_field(argument) for argument in args]
    if rest and isinstance(rest[0], Record) and not _takes_whole(ports, rest[0]):
        bound.update(_spread(rest.pop(0), by_name))
        places = {**dict.fromkeys(bound, 0), **places}
    open_ports = [p for p in ports if p.name not in bound and p.name not in named]
    for port in open_ports:
        if not rest:
            break
        places[port.name] = len(args) - len(rest)
        if port.many:
            bound[port.name], rest = tuple(rest), []
        else:
            bound[port.name] = rest.pop(0)
    if rest:
        refuse("E104", f"`{label}` got more arguments than it has inputs", _listing(by_name))
    bound.update({name: as_part_or_field(value) for name, value in named.items()})
    _require(label, ports, bound)
    return {name: value for name, value in bound.items() if value is not None}, places


def _require(label: str, ports: Sequence[Port], bound: Mapping[str, Any]) -> None:
    """Stop with E102, or E201 where it is fed later, if a port that needs a wire has none."""
    for port in ports:
        is_open = bound.get(port.name) is None and not port.many and not port.latched
        if port.is_required and is_open:
            if is_fed(Source.of_caller(), port.name):
                refuse_loop(label, port.name)
            refuse(
                "E102",
                f"`{label}.{port.name}` is not connected",
                *_at_hand(port, names_of_caller()),
                f"it expects {port.describe()}; pass `{port.name}=...`",
            )


def _at_hand(port: Port, names: Mapping[str, Any]) -> list[Fix]:
    """A local variable, or a field of one, that has the name or the role of an open port."""
    named = {name: value for name, value in names.items() if name == port.name}
    fields = {
        f"{name}.{port.name}": getattr(value, port.name, None)
        for name, value in names.items()
        if name != "self" and (isinstance(value, Record) or getattr(value, "is_application", False))
    }
    of_role = {name: value for name, value in names.items() if _role(value) == (port.role or "-")}
    for text, value in {**named, **fields, **of_role}.items():
        if _is_wired(value) and _role(value) in {None, port.role}:
            return [_pass(f"{port.name}={text}")]
    return []


def refuse_loop(label: str, port: str) -> NoReturn:
    """Stop with E201: a port that waits for no tick is fed from behind."""
    refuse(
        "E201",
        f"`{label}.{port}` is fed, but not latched: what comes later in the tick would have to be "
        "there before it",
        "keep the value of the tick before in a register: `State(...)`, given and returned by the "
        "module that `build` makes",
        "only environments have latched ports, such as `env.action`; they are read a tick later",
    )


def refuse_feed(label: str, name: str, inputs: Sequence[Port]) -> NoReturn:
    """Stop with E104, or E201 for an input that waits for no tick."""
    latched = [port.name for port in inputs if port.latched]
    if name in {port.name for port in inputs}:
        refuse_loop(label, name)
    refuse(
        "E104",
        f"`{label}` has no latched input `{name}`",
        *misspelt_argument(name, did_you_mean(name, latched)),
        f"its latched inputs are {', '.join(latched)}"
        if latched
        else "it has none; pass the wire in the call",
    )


def refuse_second_writer(label: str, name: str, first: Sequence[Source]) -> NoReturn:
    """Stop with E106: a latched port is fed twice in a phase."""
    refuse(
        "E106",
        f"`{label}.{name}` has two writers",
        Fix("feed it once in a phase: leave one of them out", without_statement),
        related=tuple(("the first writer", source) for source in first[:1]),
    )


def _pass(argument: str) -> Fix:
    return Fix(f"pass `{argument}`", lambda at: with_argument(at, argument))


def _is_wired(value: Any) -> bool:
    return isinstance(value, Wire | Record) or bool(getattr(value, "is_application", False))


def _role(value: Any) -> str | None:
    return value.value.role if isinstance(value, Wire) else None


def as_part_or_field(value: Any) -> Any:
    """An argument of a call: a component as a part, an application as its output."""
    if hasattr(type(value), "is_application") and not value.is_application:
        return value
    if isinstance(value, tuple | list):
        return tuple(as_part_or_field(entry) for entry in value)
    return as_field(value)


def _listing(ports: Mapping[str, Port]) -> str:
    described = ", ".join(f"{name} ({port.describe()})" for name, port in ports.items())
    return f"its inputs are {described}" if described else "it has no inputs"


def _takes_whole(ports: Sequence[Port], record: Record) -> bool:
    return any(isinstance(p.kind, type) and isinstance(record, p.kind) for p in ports)


def _spread(record: Record, by_name: Mapping[str, Port]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, value in record.items():
        if isinstance(value, Record):
            found.update(_spread(value, by_name))
    found.update({name: value for name, value in record.items() if name in by_name})
    return found


def connect(node: Node, port: Port, value: Any, scopes: Scopes) -> None:
    """Put a wire or record into an input port of a node."""
    leaves = list(port_leaves(port))
    if isinstance(value, Record):
        given = dict(record_leaves(value, f"{port.name}."))
    else:
        given = {port.name: as_wire(value)}
    for name, spec, _role in leaves:
        if name not in given:
            refuse(
                "E101",
                f"`{node.path}.{port.name}` takes a {port.describe()}, not {type(value).__name__}",
            )
        wire = given[name]
        if not isinstance(wire, Wire):
            refuse("E101", f"`{node.path}.{port.name}` takes a wire, not {wire!r:.40}")
        check_phase(wire, node.phase)
        wire.value.hints.append(name.rpartition(".")[2])
        node.inputs[name] = wire.value
        node.expected[name] = scopes.spec(spec, name)


def make_output(node: Node, port: Port, scopes: Scopes, trace: Trace) -> Any:
    """The wire or record that stands for an output port."""
    wires: dict[str, Wire] = {}
    for name, spec, role in port_leaves(port):
        value = Value(node, name, scopes.spec(spec, name), role=role)
        value.hints.append(name.rpartition(".")[2])
        node.outputs[name] = value
        wires[name] = wrap(value, trace)
    if isinstance(port.kind, type) and issubclass(port.kind, Record):
        return build_record(port.kind, wires, f"{port.name}.")
    return wires[port.name]


def refuse_name(part: Any, name: str) -> NoReturn:
    """Stop with E104: neither a port, nor a setting, nor an operation has this name."""
    known = [port.name for port in (*part.output_ports(), *part.input_ports())]
    near = did_you_mean(name, [*known, *type(part).model_fields])
    refuse(
        "E104",
        f"`{part.label()}` ({type(part).__name__}) has no `.{name}`",
        *misspelt_attribute(name, near),
        f"its ports are {', '.join(known)}" if known else "it has no ports",
        kind=NoSuchFieldError,
    )


def connect_registers(
    ports: Sequence[Port], node: Node, scopes: Scopes, given: Any, trace: Trace
) -> Wire:
    """The registers before a call, as one tree: those given, or the part's own."""
    scopes = replace(scopes, batch=(Star("registers", scopes.application),))
    spec = RecordSpec(fields=tuple((p.name, scopes.spec(p.spec, p.name)) for p in ports))
    if given is None or not ports:
        node.state = Value(node, "state", spec)
        return wrap(node.state, trace)
    wire = as_wire(given)
    node.state, node.pinned_state = wire.value, True
    node.inputs["state"], node.expected["state"] = wire.value, spec
    return wire


def check_every(label: str, every: Any) -> None:
    """What runs once in so many runs of its phase runs in whole ones.

    Raises:
        WiringError: E302, `every` is no whole number from 1.
    """
    if isinstance(every, bool) or not isinstance(every, int) or every < 1:
        refuse("E302", f"`every` of `{label}` is a whole number from 1, not {every!r:.40}")
