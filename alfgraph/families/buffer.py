"""Buffers: what carries records from one phase to another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from alfgraph.diagnostics.repairs.calls import Fix, changed_first_argument
from alfgraph.diagnostics.source import Source, blames_caller
from alfgraph.families.buffer_contents import BufferNumbers, Contents
from alfgraph.families.storage import LeafLayout, sample_bytes
from alfgraph.families.timestep import TimeStep
from alfgraph.families.transform import Transform, history_of
from alfgraph.specs.dims import Dims, Star, Symbol
from alfgraph.specs.spec import DistributionSpec, Spec, SymbolSpec
from alfgraph.wiring.arguments import check_every
from alfgraph.wiring.component import Component, tracing
from alfgraph.wiring.records import Record, build_record, field_types, record_leaves
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.trace import Node, Value
from alfgraph.wiring.wires import Wire, wrap

if TYPE_CHECKING:
    from alfgraph.families.protocols import BufferStorage
    from alfgraph.wiring.trace import Trace


R = TypeVar("R", bound=Record)


class Buffer(Component):
    """Carries records from one phase to another.

    Authors write methods that boards call, with `put` and `get`, and `build`. The other methods are
    hooks with defaults.

    Attributes (class):
        keeps_gradient: data may carry the gradient of the phase that wrote them.
        holds_raw: time steps are stored raw, transforms are re-applied on what is read.
        hands_out_batches: a phase that reads it runs once per mini-batch, in epochs.
        closes: the time step made at the end of a rollout is its last row (`close`).
        samples: a phase that reads it runs as often as the schedule says, on fresh samples.
    """

    family: ClassVar[str] = "buffer"
    is_called: ClassVar[bool] = False
    heat: ClassVar[int] = 1
    keeps_gradient: ClassVar[bool] = False
    holds_raw: ClassVar[bool] = False
    hands_out_batches: ClassVar[bool] = False
    samples: ClassVar[bool] = False
    closes: ClassVar[bool] = False

    if TYPE_CHECKING:  # a buffer without one must stay incomplete

        def build(self, layout: LeafLayout) -> BufferStorage:
            """Make the storage; `protocols.BufferStorage` says all that it must do."""

    def __init_subclass__(cls, **options: Any) -> None:
        """What a buffer offers are words of the board that uses them: their lines are its own."""
        super().__init_subclass__(**options)
        for function in vars(cls).values():
            if isinstance(function, FunctionType):
                blames_caller(function)

    def put(self, record: Record, batch: Dims, every: int = 1) -> None:
        """Add the write of a record; an effect.

        Args:
            record: what to store.
            batch: the batch part every leaf must have.
            every: run once in so many runs of the phase.
        """
        trace = tracing(self)
        if not isinstance(record, Record):
            refuse("E101", f"`{self.label()}.write` takes a record, not {type(record).__name__}")
        if self.socket_path in self.binding.slot.contents:
            refuse("E106", f"`{self.label()}` is written twice", "give the second writer its own")
        history: dict[str, Any] = {}
        if self.holds_raw:
            record = _raw(record, history)
        node = self._node(trace, "write", every)
        node.settings["effect"] = True
        node.settings["steps"] = tuple(
            name for name, kind in field_types(type(record)).items() if kind is TimeStep
        )
        for name, wire in record_leaves(record):
            if not isinstance(wire, Wire):
                refuse("E101", f"`{type(record).__name__}.{name}` holds {wire!r:.40}, not a wire")
            node.inputs[name] = wire.value
            node.expected[name] = self._leaf(name, wire.value.spec, batch)
        self.binding.slot.contents[self.socket_path] = Contents(type(record), node, history)

    def get(
        self,
        kind: type[R],
        call: str,
        batch: Dims,
        *,
        field: str = "",
        rows: Mapping[str, Dims] | None = None,
        extra: Mapping[str, tuple[Spec, str | None]] | None = None,
    ) -> tuple[R, dict[str, Wire]]:
        """Add a read of the record written before.

        Args:
            kind: the record's class, which must be the one written.
            call: method of the built buffer.
            batch: the batch part every leaf then has.
            field: read one record-valued field only (`kind` is that field's class).
            rows: batch parts of fields that have another one, by field.
            extra: further outputs, name -> (spec, role).

        Returns:
            The record, and the further outputs by name.
        """
        trace = tracing(self)
        contents = self._contents(kind, field)
        node = self._node(trace, call, 1)
        prefix = f"{field}." if field else ""
        wires: dict[str, Wire] = {}
        for name, written in contents.node.inputs.items():
            if not name.startswith(prefix):
                continue
            own = (rows or {}).get(name.partition(".")[0], batch)
            spec = self._leaf(name, written.spec, own)
            value = Value(node, name, spec, role=written.role)
            value.hints.append(name.rpartition(".")[2])
            node.outputs[name] = value
            wires[name.removeprefix(prefix)] = wrap(value, trace)
        extras: dict[str, Wire] = {}
        for name, (spec, role) in (extra or {}).items():
            node.outputs[name] = Value(node, name, spec, role=role, hints=[name])
            extras[name] = wrap(node.outputs[name], trace)
        return build_record(kind, wires), extras

    def always_stored(self, leaves: tuple[str, ...]) -> tuple[str, ...]:
        """Leaves the buffer needs whether or not anybody reads them."""
        return ()

    def kept_rollouts(self) -> int:
        """Rollouts that are in it at once."""
        return 1

    def num_bytes(self, layout: LeafLayout) -> int:
        """What `build` will allocate for a layout: one row of what is written, if not more."""
        return math.prod(layout.written or (layout.batch,)) * sample_bytes(layout)

    def shortage(self, collected: int, numbers: BufferNumbers) -> tuple[str, str] | None:
        """What is wrong, and its fix, if no mini-batch can be drawn from `collected` rows."""
        return None

    def axis_sizes(self, numbers: BufferNumbers) -> dict[Symbol, int]:
        """What the axes of its reads are, in numbers."""
        return {}

    def step_field(self) -> str:
        """The name of the record's one TimeStep field."""
        contents = self._written()
        names = [n for n, kind in field_types(contents.kind).items() if kind is TimeStep]
        if len(names) != 1:
            fields = f"`{contents.kind.__name__}` has {len(names)} TimeStep fields"
            refuse("E204", f"{fields}, so `{self.label()}.steps()` is undecided")
        return names[0]

    def transforms_of(self, field: str) -> tuple[Transform, ...]:
        """Transforms to re-apply on a stored TimeStep field."""
        found: tuple[Transform, ...] = self._written().history.get(field, ())
        return found

    def _leaf(self, name: str, written: Spec, batch: Dims) -> Spec:
        symbol = SymbolSpec(name=name, scope=f"buffer:{self.socket_path}", batch=batch)
        return DistributionSpec(event=symbol) if isinstance(written, DistributionSpec) else symbol

    def _node(self, trace: Trace, call: str, every: int) -> Node:
        check_every(self.label(), every)
        return trace.add(
            kind="component",
            board="",
            path=self.socket_path,
            component=self,
            call=call,
            every=every,
            sources=Source.stack_of_caller(),
        )

    def _written(self) -> Contents:
        contents: Contents | None = self.binding.slot.contents.get(self.socket_path)
        if contents is None:
            refuse(
                "E204",
                f"`{self.label()}` is read, but nothing writes it",
                f"`{self.label()}.write(...)` in an earlier phase (unroll, prepare)",
            )
        return contents

    def _contents(self, kind: type[Record], field: str) -> Contents:
        contents = self._written()
        expected = field_types(contents.kind)[field] if field else contents.kind
        if kind is not expected:
            found = kind.__name__ if isinstance(kind, type) else f"an object, {type(kind).__name__}"
            refuse(
                "E205",
                f"`{self.label()}` holds {contents.kind.__name__}, but is read as {found}",
                Fix(
                    f"`{self.label()}.read({expected.__name__})`",
                    lambda at: changed_first_argument(at, expected.__name__),
                ),
                related=tuple(("written here", s) for s in contents.node.sources[:1]),
            )
        return contents


def _raw(record: Record, history: dict[str, Any]) -> Record:
    """The record with raw time steps; remembers their transforms by field."""
    changed: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, TimeStep):
            changed[name], history[name] = history_of(value)
    return record.replace(**changed) if changed else record


def flexible_axes(part: Component, *names: str) -> Dims:
    """Axes whose size follows from what is connected: `B`, or any number as `*written`."""
    scope = f"buffer:{part.socket_path}"
    return tuple(
        Star(name[1:], scope) if name.startswith("*") else Symbol(name, scope) for name in names
    )
