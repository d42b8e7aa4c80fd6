"""The families: what a socket's annotation asks for. Components live elsewhere; contracts here."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from alfgraph.buffer_contents import BufferNumbers, Contents
from alfgraph.class_repairs import declaring_forward
from alfgraph.component import Component, Operation, check_every, scopes_of, tracing
from alfgraph.graph import Graph
from alfgraph.ports import In, Out
from alfgraph.records import Record, build_record, field_types, record_leaves
from alfgraph.repairs import Fix, changed_first_argument
from alfgraph.source import Source
from alfgraph.specs import Dims, DistributionSpec, Spec, Star, Symbol, SymbolSpec
from alfgraph.storage import LeafLayout, sample_bytes
from alfgraph.timestep import TimeStep
from alfgraph.trace import Node, Value
from alfgraph.wires import Distribution, Wire, refuse, wrap

if TYPE_CHECKING:
    from alfgraph.trace import Trace

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Component)


# ------------------------------------------------------------------------------ environments


class Environment(Component):
    """A batch of environments: gives time steps, reads the action at the next tick."""

    family: ClassVar[str] = "environment"
    heat: ClassVar[int] = 3

    step = Out(TimeStep)
    action = In("action[*batch]", latched=True)

    @classmethod
    def is_complete(cls) -> bool:
        """It can be opened."""
        return cls.open is not Environment.open

    @property
    def identity(self) -> str:
        """Which environment it is, for people: the id, or what makes it."""
        return ""

    def batch_size(self, phase: str) -> int:
        """Environments stepped at once in a phase."""
        raise TypeError(f"{type(self).__name__} declares no batch_size")

    def batch_axes(self, phase: str) -> tuple[Symbol, ...] | None:
        """`*batch` is the board's B; `predict` has its own."""
        return (Symbol("B", scope=self._instance(phase), rigid=True),)

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> Any:
        """Make the environments.

        Args:
            num_envs: how many.
            seed: the run's seed.
            evaluation: whether they evaluate.
            device: where their tensors go.

        Returns:
            An object with `reset()`, `step(action)`, `close()`, `state()`, `load_state(state)` and
            the fields of TimeStep as attributes, plus `step_type_numpy` and `reward_numpy`.
        """
        raise TypeError(f"{type(self).__name__} declares no open")

    def _instance(self, phase: str) -> str:
        return f"{self.socket_path}:{'predict' if phase == 'predict' else 'train'}"


# -------------------------------------------------------------------------------- transforms


class Transform(Graph):
    """Maps a time step to a time step: `unroll`, `replay` and `predict` default to `apply`.

    A leaf declares ports named like fields of TimeStep and an output `out`, which replaces the
    field of its first port. A transform may as well be a board with phases of its own.

    Attributes:
        context: earlier rows a replay buffer reads for it (frame stacks), dropped afterwards.
    """

    family: ClassVar[str] = "transform"
    heat: ClassVar[int] = 4
    context: ClassVar[int] = 0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "unroll" in vars(cls):
            setattr(cls, "unroll", _remembered(cls.unroll))  # noqa: B010  (a method is not assigned)

    def __call__(self, *args: Any, every: int = 1, **named: Any) -> Self:
        """Apply to wires; a leaf's call, unless `forward` wires parts."""
        if isinstance(self, Graph) and _wires(self):
            return super().__call__(*args, every=every, **named)
        return Component.__call__(self, *args, every=every, **named)

    def apply(self, step: TimeStep) -> TimeStep:
        """The call, with the step spread; `out` replaces the field of the first port."""
        _check_step(self, step, "takes")
        first = next((port.name for port in self.input_ports()), "")
        if first not in TimeStep.record_fields:
            refuse(
                "E104",
                f"`{self.label()}`'s first port `{first}` is no field of TimeStep"
                if first
                else f"`{self.label()}` has no input port, so it takes nothing of a TimeStep",
                *declaring_forward(type(self), TimeStep.record_fields),
                f"name it like one of {', '.join(TimeStep.record_fields)}, or override `apply`",
            )
        return step.replace(**{first: self(step).only_output()})

    def context_rows(self) -> int:
        """Earlier rows it needs: `context`, unless a setting decides."""
        return self.context

    def unroll(self, step: TimeStep) -> TimeStep:
        """In the training loop, every environment step."""
        return self.apply(step)

    def replay(self, step: TimeStep) -> TimeStep:
        """On what a replay buffer sampled."""
        return self.apply(step)

    def predict(self, step: TimeStep) -> TimeStep:
        """In evaluation and deployment."""
        return self.apply(step)


def _wires(part: Component) -> bool:
    """Whether a transform's `forward` wires parts, rather than computes on tensors."""
    return any(isinstance(getattr(part, name), Component) for name in type(part).model_fields)


def _check_step(part: Transform, step: Any, verb: str, *helps: str) -> None:
    """What goes through a transform is a time step."""
    if not isinstance(step, TimeStep):
        what = "nothing" if step is None else f"a {type(step).__name__}"
        refuse("E101", f"`{part.label()}` {verb} a TimeStep, not {what}", *filter(None, helps))


def _remembered(method: Callable[[Any, TimeStep], TimeStep]) -> Callable[[Any, TimeStep], TimeStep]:
    """Let the step remember the raw one and its transforms, for replay buffers."""

    @functools.wraps(method)
    def unroll(self: Transform, step: TimeStep) -> TimeStep:
        _check_step(self, step, "takes")
        result = method(self, step)
        _check_step(self, result, "gives", "end it with `return`" if result is None else "")
        raw, transforms = step.__dict__.get("_history", (step, ()))
        if transforms and transforms[-1] is self:
            return result
        fresh = result.replace()
        fresh.__dict__["_history"] = (raw, (*transforms, self))
        return fresh

    return unroll


setattr(Transform, "unroll", _remembered(Transform.unroll))  # noqa: B010  (see above)


def history_of(step: TimeStep) -> tuple[TimeStep, tuple[Transform, ...]]:
    """The raw step and the transforms it went through in `unroll`."""
    raw, transforms = step.__dict__.get("_history", (step, ()))
    return raw, transforms


# ---------------------------------------------------------------------------------- networks


class Network(Component):
    """Parameters: anything with `build`."""

    family: ClassVar[str] = "network"
    heat: ClassVar[int] = 4

    frozen: bool = False


class PolicyNetwork(Network):
    """Gives a distribution over the environment's action."""

    observation = In("observation[*batch]", role="observation")
    policy = Out(Distribution, "action[*batch]")


class ValueFunction(Network):
    """Gives a value per reward dimension."""

    observation = In("observation[*batch]", role="observation")
    value = Out("float32[*batch, *r]", role="value")


class ActionValueFunction(Network):
    """Gives the value of taking an action: one number, or more, as its `derive` says."""

    observation = In("observation[*batch]", role="observation")
    action = In("action[*batch]", role="action")
    value = Out("float32[*batch, *e]", role="value")


# -------------------------------------------------------------------- algorithms and the rest


class Algorithm(Graph):
    """A board that learns: `unroll(step) -> action`, `predict(step) -> action`, `update()`."""

    family: ClassVar[str] = "algorithm"
    heat: ClassVar[int] = 3

    def unroll(self, step: TimeStep) -> Wire:
        """Act, every environment step; [B]."""
        refuse("E505", f"`{type(self).__name__}` defines no unroll")

    def predict(self, step: TimeStep) -> Wire:
        """Act greedily, in evaluation."""
        refuse("E505", f"`{type(self).__name__}` defines no predict")


class Exploration(Component):
    """Chooses an action that is not the best one; evaluation leaves it out."""

    family: ClassVar[str] = "exploration"
    heat: ClassVar[int] = 3
    deterministic: ClassVar[bool] = False


class Loss(Component):
    """Stateless: rows aligned by time in, a scalar loss out."""

    family: ClassVar[str] = "loss"
    heat: ClassVar[int] = 3


class Returns(Component):
    """Value targets and advantages from steps and values."""

    family: ClassVar[str] = "returns"
    heat: ClassVar[int] = 2


class Optimizer(Component):
    """Differentiates a loss and steps the parameters it owns.

    Call it with the loss and, if it is to train those only, with parts:
    `self.optimizer(loss, self.actor)`.
    """

    family: ClassVar[str] = "optimizer"
    heat: ClassVar[int] = 2

    loss = In("float32[]")
    trains = In(Component, many=True)

    def __call__(self, *args: Any, every: int = 1, **named: Any) -> Self:
        """Add an update on a loss; the loss of `actor_optimizer` is `actor_loss` to readers."""
        new = super().__call__(*args, every=every, **named)
        loss = new.loss.value
        if loss.node.kind == "math":
            loss.hints.insert(0, self.socket_path.rpartition(".")[2].replace("optimizer", "loss"))
        return new


class Update(Operation):
    """Move tracked copies towards what they track; an effect."""


class Target(Component):
    """Tracks the parameters of other parts: `target.of(net)(...)`, `target.update()`.

    Authors write `build(self, pairs)`, which gives an object with `update()`; pairs of modules are
    (source, copy).
    """

    family: ClassVar[str] = "target"
    is_called: ClassVar[bool] = False
    heat: ClassVar[int] = 1

    update = Update()

    def of(self, part: C) -> C:
        """The part with its own tracked copy of the parameters; typed as the source."""
        from alfgraph.binding import tracked_copy  # binding stands on the families' floor

        return tracked_copy(part, self)


class Metric(Component):
    """A number of one's own, logged."""

    family: ClassVar[str] = "metric"
    heat: ClassVar[int] = 2


# ----------------------------------------------------------------------------------- buffers


class Buffer(Component):
    """Carries records from one phase to another. Authors use `put` and `get`.

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


__all__ = [name for name in dir() if name[:1].isupper()] + [
    "flexible_axes",
    "history_of",
    "scopes_of",
]
