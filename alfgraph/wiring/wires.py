"""Wires: typed handles on values while a board is being wired.

A wire has no numbers. It can be passed on, put into a record, sliced along its leading axis,
and used in small arithmetic, which becomes nodes of the board. Anything longer is a component.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.repairs.calls import misspelt_attribute
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.specs.dims import Star
from alfgraph.specs.spec import DistributionSpec, Spec, SymbolSpec
from alfgraph.wiring.refusals import NoSuchFieldError, refusal, refuse
from alfgraph.wiring.trace import Node, Value

if TYPE_CHECKING:
    from alfgraph.wiring.refusals import NoSuchFieldError, refusal, refuse
from alfgraph.wiring.trace import Trace

Number = float | int | bool


class Wire:
    """A handle on one value of the board: a tensor or a tree of tensors."""

    __slots__ = ("trace", "value")
    __hash__ = object.__hash__
    __array_ufunc__ = None  # numpy's numbers leave arithmetic with wires to the wires

    def __init__(self, value: Value, trace: Trace) -> None:
        self.value = value
        self.trace = trace

    def __repr__(self) -> str:
        return f"<wire {self.value.label}: {self.value.spec}>"

    # ------------------------------------------------------------- arithmetic

    def __add__(self, other: Wire | Number) -> Wire:
        return elementwise("add", self, other)

    def __radd__(self, other: Number) -> Wire:
        return elementwise("add", other, self)

    def __sub__(self, other: Wire | Number) -> Wire:
        return elementwise("subtract", self, other)

    def __rsub__(self, other: Number) -> Wire:
        return elementwise("subtract", other, self)

    def __mul__(self, other: Wire | Number) -> Wire:
        return elementwise("multiply", self, other)

    def __rmul__(self, other: Number) -> Wire:
        return elementwise("multiply", other, self)

    def __truediv__(self, other: Wire | Number) -> Wire:
        return elementwise("divide", self, other)

    def __rtruediv__(self, other: Number) -> Wire:
        return elementwise("divide", other, self)

    def __pow__(self, other: Number) -> Wire:
        return elementwise("power", self, other)

    def __neg__(self) -> Wire:
        return elementwise("negate", self)

    def __lt__(self, other: Wire | Number) -> Wire:
        return elementwise("less", self, other)

    def __gt__(self, other: Wire | Number) -> Wire:
        return elementwise("greater", self, other)

    def exp(self) -> Wire:
        """Elementwise exponential."""
        return elementwise("exp", self)

    def log(self) -> Wire:
        """Elementwise natural logarithm."""
        return elementwise("log", self)

    def equals(self, number: int) -> Wire:
        """Elementwise comparison with a number; `==` keeps its Python meaning (identity)."""
        return elementwise("equals", self, number)

    # -------------------------------------------------------------- structure

    def __getitem__(self, key: str | int | slice) -> Wire:
        if isinstance(key, str):
            return self._small("key", {"key": key})
        if isinstance(key, int) and not isinstance(key, bool):
            return self._small("index", {"index": key})
        if not isinstance(key, slice):
            refuse(
                "E111",
                f"`{self.value.label}` is indexed by its leading axis or by a key, not by "
                f"{_shown_key(key)}",
                'write `wire[0]`, `wire[1:]` or `wire["key"]`; anything longer is a component',
            )
        if key.step is not None and not (isinstance(key.step, int) and key.step > 0):
            refuse("E111", "the step of a slice is a positive number")
        if any(isinstance(end, bool) or not isinstance(end, int | None) for end in _ends(key)):
            refuse("E111", "the ends of a slice are whole numbers, known when the board is wired")
        step = {} if key.step is None else {"step": key.step}
        return self._small("slice", {"start": key.start, "stop": key.stop, **step})

    def detach(self) -> Wire:
        """The same values; no gradient passes."""
        return self._small("detach", {})

    def min(self, axis: int | None = None) -> Wire:
        """The least value along a sample axis, or over everything."""
        return self._reduced("min", axis)

    def max(self, axis: int | None = None) -> Wire:
        """The greatest value along a sample axis, or over everything."""
        return self._reduced("max", axis)

    def _reduced(self, name: str, axis: int | None) -> Wire:
        if isinstance(axis, bool) or not isinstance(axis, int | None):
            refuse("E302", f"`{name}(axis=...)` takes a whole number, not {axis!r:.40}")
        return self._small(name, {"axis": axis})

    def mean(self, axis: int | None = None) -> Wire:
        """The mean along a sample axis, or over everything."""
        return self._reduced("mean", axis)

    def _small(self, operator: str, settings: dict[str, Any]) -> Wire:
        return small_node(self.trace, operator, {"x": self}, settings)

    # ---------------------------------------------------------------- refused

    def __bool__(self) -> NoReturn:
        raise refusal(
            "E111",
            f"`{self.value.label}` has no value while the board is being wired, so it cannot be a "
            "condition",
            "put the decision into a component; Python `if` is for settings",
        )

    if TYPE_CHECKING:
        __iter__ = None  # so that type checkers refuse `for x in wire`
    else:

        def __iter__(self) -> NoReturn:
            raise refusal(
                "E111",
                f"`{self.value.label}` cannot be iterated over or unpacked: it has no rows while "
                "the board is being wired",
                "a component sees every row at once; Python `for` is for settings",
            )

    def __ge__(self, other: object) -> NoReturn:
        self._no_order(">=", ">")

    def __le__(self, other: object) -> NoReturn:
        self._no_order("<=", "<")

    def _no_order(self, given: str, known: str) -> NoReturn:
        raise refusal(
            "E111", f"wires know `{known}`, not `{given}`", "write a component for the rest"
        )

    def __len__(self) -> NoReturn:
        raise refusal(
            "E111",
            f"`{self.value.label}` has no length while the board is being wired",
            "slice it along its leading axis: `wire[:-1]`",
        )

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise refusal(
            "E111",
            f"`{self.value.label}` holds no numbers while the board is being wired, so it cannot "
            "become an array",
            "write the computation as a component with a `forward`",
        )

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> NoReturn:
        named = (kwargs or {}).values()
        wire = next((value for value in (*args, *named) if isinstance(value, Wire)), None)
        what = f"`{wire.value.label}`" if wire is not None else "a wire"
        raise refusal(
            "E111",
            f"{what} holds no numbers while the board is being wired, so `torch."
            f"{getattr(function, '__name__', 'function')}` cannot take it",
            "write the computation as a component with a `forward`",
        )

    def __float__(self) -> NoReturn:
        raise self._no_number()

    def __int__(self) -> NoReturn:
        raise self._no_number()

    def __index__(self) -> NoReturn:
        raise self._no_number()

    def _no_number(self) -> WiringError:
        return refusal(
            "E111",
            f"`{self.value.label}` holds no numbers while the board is being wired, so it cannot "
            "become one",
            "wire it into a component, or use a setting",
        )

    if not TYPE_CHECKING:  # to a type checker a missing attribute is one

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):
                raise AttributeError(name)
            known = [n for kind in type(self).__mro__ for n in vars(kind) if not n.startswith("_")]
            refuse(
                "E104",
                f"a wire has no `.{name}`; `{self.value.label}` is a handle, not a tensor",
                *misspelt_attribute(name, did_you_mean(name, known)),
                'wires know arithmetic, slices, ["key"], min, max, mean, exp, log and detach; '
                "anything longer is a component with a `forward`",
                kind=NoSuchFieldError,
            )


def _shown_key(key: Any) -> str:
    """What stood in the brackets, as it was typed: `[:, 0]`."""
    if isinstance(key, tuple):
        return f"`[{', '.join(map(_shown_key, key))}]`"
    if isinstance(key, slice):
        start, stop, step = ("" if end is None else str(end) for end in (*_ends(key), key.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return "..." if key is Ellipsis else f"{key!r:.40}"


def _ends(key: slice) -> tuple[Any, Any]:
    return key.start, key.stop


class Distribution(Wire):
    """A wire that carries a distribution over an action; its methods are small nodes."""

    __slots__ = ()

    def sample(self) -> Wire:
        """Draw; no gradient passes."""
        return self._method("sample")

    def rsample(self) -> Wire:
        """Draw with reparametrisation; the gradient reaches the parameters."""
        return self._method("rsample")

    def mode(self) -> Wire:
        """The most likely value (of a squashed normal: the squashed mean)."""
        return self._method("mode")

    def log_prob(self, action: Wire) -> Wire:
        """Log-probability of an action, summed over its dimensions: float32[*batch]."""
        return self._method("log_prob", action)

    def entropy(self) -> Wire:
        """Entropy in nats: float32[*batch]."""
        return self._method("entropy")

    def kl(self, other: Distribution) -> Wire:
        """KL(self ‖ other) in nats: float32[*batch]."""
        return self._method("kl", other)

    def _method(self, method: str, other: Wire | None = None) -> Wire:
        inputs: dict[str, Wire] = {"self": self}
        if other is not None:
            inputs["other"] = as_wire(other)
        return small_node(self.trace, method, inputs, {}, kind="distribution")


def as_wire(value: Any) -> Wire:
    """A wire as it is; an application stands for its only output."""
    if isinstance(value, Wire):
        return value
    output = getattr(value, "only_output", None)
    if output is None:
        refuse("E111", f"a wire was expected here, not {type(value).__name__} {value!r:.60}")
    result = output()
    if not isinstance(result, Wire):
        refuse(
            "E111", f"`{value.label()}` gives a {type(result).__name__}; name the field you mean"
        )
    return result


def check_phase(wire: Wire, phase: str) -> None:
    """A wire belongs to the phase it was made in; buffers lead from one to another."""
    if wire.trace.phase != phase:
        refuse(
            "E203",
            f"`{wire.value.label}` was made in `{wire.trace.phase}` and is used in "
            f"`{phase}`, which runs at another rate",
            "write it into a buffer there, and read the buffer here",
        )


def wrap(value: Value, trace: Trace) -> Wire:
    """The handle that fits the value's spec."""
    handle = Distribution if isinstance(value.spec, DistributionSpec) else Wire
    return handle(value, trace)


def elementwise(operator: str, *operands: Wire | Number) -> Wire:
    """A node of arithmetic on wires and numbers of the same shape (scalars spread)."""
    inputs: dict[str, Wire] = {}
    constants: dict[str, Any] = {}
    for name, operand in zip(("x", "y"), operands, strict=False):
        if isinstance(operand, bool | int | float):
            constants[name] = operand
        else:
            inputs[name] = as_wire(operand)
    trace = next(iter(inputs.values())).trace
    return small_node(trace, operator, inputs, constants)


def small_node(
    trace: Trace,
    operator: str,
    inputs: dict[str, Wire],
    settings: dict[str, Any],
    kind: str = "math",
) -> Wire:
    """Add a node of wire arithmetic or a distribution's method, with one output."""
    for wire in inputs.values():
        check_phase(wire, trace.phase)
    node: Node = trace.add(
        kind=kind,
        board="",
        path=operator,
        component=None,
        call=operator,
        inputs={name: wire.value for name, wire in inputs.items()},
        settings=settings,
        sources=Source.stack_of_caller(),
    )
    scope = f"{trace.phase}#{node.id}"
    batch = (Star("batch", scope),)
    spec: Spec = SymbolSpec(name="out", scope=scope, batch=batch)
    first = next(iter(inputs.values()))
    keeps = operator in {"detach", "slice", "index"} and isinstance(first, Distribution)
    if keeps:
        spec = DistributionSpec(event=spec)
    role = first.value.role if operator in {"detach", "slice", "index", "mean", "min"} else None
    node.outputs["out"] = Value(
        node,
        "out",
        spec,
        role=_METHOD_ROLES.get(operator, role) if kind == "distribution" else role,
    )
    return wrap(node.outputs["out"], trace)


_METHOD_ROLES = {"log_prob": "log_prob", "entropy": "entropy"}
