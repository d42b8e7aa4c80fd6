"""Ports: the named, directed, typed pins of a component.

    reward = In("float32[*batch, *r]", role="reward")
    policy = Out(Distribution, "action[*batch]")
    step = Out(TimeStep)
    h = State("float32[*batch, width]")

A port is declared once, as a class attribute. Read on an application it is the wire there; read
on a component that was not called it is an error with advice. `In`, `Out` and `State` are typed
as what such a read gives, so that editors and type checkers follow wires.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from pydantic import BaseModel, ConfigDict

from alfgraph.diagnostics.diagnostic import Help
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.repairs.calls import replaced_text
from alfgraph.diagnostics.source import Source
from alfgraph.diagnostics.suggestions import did_you_mean
from alfgraph.specs.grammar import SpecSyntaxError
from alfgraph.specs.spec import Spec, parse_spec

if TYPE_CHECKING:
    from alfgraph.wiring.wires import Wire

P = TypeVar("P")

_IN_OPTIONS = ("role", "detach", "optional", "default", "latched", "many")
_OUT_OPTIONS = ("role", "monitor")
_NEEDS_SPEC = ("Wire", "Distribution")  # they say nothing of what they carry


class Port(BaseModel):
    """A named, directed, typed pin: a pydantic model around a spec.

    Attributes:
        direction: in, out or state (a register the component feeds itself).
        spec: the declared spec; None where `kind` alone says what flows (records, components).
        kind: the class of what flows: Wire, Distribution, a Record or a Component class.
        role: what the values mean; a wire between two different roles is a warning.
        detach: gradients stop here.
        optional: may stay unconnected; `forward` then gets None.
        default: the constant an unconnected port reads.
        latched: read at the next tick, so a wire into it closes a loop (z⁻¹).
        many: takes any number of components.
        monitor: a diagnostic output: logged (the mean, if it has axes), and not counted as an
            output. A component with no other outputs is a metric: it is called to be logged.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    direction: Literal["in", "out", "state"]
    spec: Any = None
    kind: Any = None
    role: str | None = None
    detach: bool = False
    optional: bool = False
    default: Any = None
    latched: bool = False
    many: bool = False
    monitor: bool = False
    name: str = ""
    initial: float = 0.0

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return instance.read_port(self)

    @property
    def is_required(self) -> bool:
        """An input that must be connected."""
        return self.direction == "in" and not self.optional and self.default is None

    @property
    def takes_component(self) -> bool:
        """A pin for a part, not for a wire."""
        return (
            self.spec is None and self.direction == "in" and not hasattr(self.kind, "record_fields")
        )

    def describe(self) -> str:
        """The declared spec, or the class of what flows."""
        if self.spec is None:
            return getattr(self.kind, "__name__", str(self.kind))
        if getattr(self.kind, "__name__", "") == "Distribution":
            return f"distribution({self.spec})"
        return str(self.spec)


def _read_spec(first: Any, second: Any) -> tuple[Any, Spec | None]:
    """Split the arguments of In and Out into (kind, spec)."""
    if isinstance(first, str):
        return None, _parsed(first)
    if isinstance(second, str):
        return first, _parsed(second)
    if not isinstance(first, type) or getattr(first, "__name__", "") in _NEEDS_SPEC:
        raise WiringError(
            f'a port is declared with a spec such as "float32[*batch, n]", a Record, a '
            f"Distribution or a Component class, not {first!r}",
            code="E112",
            source=Source.of_caller(),
        )
    return first, None


def _parsed(text: str) -> Spec:
    """The spec of a port; what is wrong with it is shown where the port is declared."""
    try:
        return parse_spec(text)
    except SpecSyntaxError as error:
        source = Source.of_caller()
        near = _nearest_spec(text)
        edits = replaced_text(source, text, near) if near else ()
        fixes = (Help(text=f"did you mean `{near}`?", edits=edits),) if near else ()
        place = {"code": "E112", "source": source, "help": fixes}
        raise SpecSyntaxError(error.diagnostics[0].model_copy(update=place)) from None


def _nearest_spec(text: str) -> str:
    """The text with one mark more, or a misspelt dtype corrected, if that is a spec."""
    word, bracket, rest = text.partition("[")
    near = did_you_mean(word.strip(), _DTYPES)
    spelt = [f"{near}{bracket}{rest}"] if near else []
    closed = [f"{text}{mark}" for mark in ("]", ")", "}")]
    opened = [re.sub(r"^(\w+)\s+(?=[^\[]*\]?$)", r"\1[", text)]
    round_ = [text.replace("(", "[").replace(")", "]")]
    for candidate in (*spelt, *closed, *opened, *round_):
        with contextlib.suppress(SpecSyntaxError):
            parse_spec(candidate)
            return candidate
    return ""


_DTYPES = ("float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool")


def _check_options(word: str, options: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            near = did_you_mean(name, list(known))
            raise WiringError(
                f"`{word}` has no option `{name}`; its options are {', '.join(known)}",
                code="E112",
                help=f"did you mean `{near}`?" if near else "",
                source=Source.of_caller(),
            )


@overload
def In(
    spec: str,
    /,
    *,
    role: str | None = ...,
    detach: bool = ...,
    optional: bool = ...,
    default: float | None = ...,
    latched: bool = ...,
) -> Wire: ...
@overload
def In(
    kind: type[P],
    spec: str | None = ...,
    /,
    *,
    many: bool = ...,
    optional: bool = ...,
    detach: bool = ...,
) -> P: ...
def In(first: Any, second: Any = None, /, **options: Any) -> Any:
    """Declare an input pin.

    Args:
        first: a spec, or the class of what flows (Record, Distribution, Component).
        second: the spec, where `first` is Distribution.
        **options: role, detach, optional, default, latched, many (see `Port`).
    """
    kind, spec = _read_spec(first, second)
    _check_options("In", options, _IN_OPTIONS)
    return Port(direction="in", spec=spec, kind=kind, **options)


@overload
def Out(spec: str, /, *, role: str | None = ..., monitor: bool = ...) -> Wire: ...
@overload
def Out(kind: type[P], spec: str | None = ..., /) -> P: ...
def Out(first: Any, second: Any = None, /, **options: Any) -> Any:
    """Declare an output pin.

    Args:
        first: a spec, or the class of what flows (Record, Distribution).
        second: the spec, where `first` is Distribution.
        **options: role, monitor (see `Port`).
    """
    kind, spec = _read_spec(first, second)
    _check_options("Out", options, _OUT_OPTIONS)
    return Port(direction="out", spec=spec, kind=kind, **options)


def State(spec: str, /, *, initial: float = 0.0) -> Wire:
    """Declare a register the component feeds itself.

    Args:
        spec: what it holds, e.g. "float32[*batch, width]".
        initial: its value before the first step and where an episode begins.
    """
    port: Any = Port(direction="state", spec=_parsed(spec), initial=initial)
    return port  # type: ignore[no-any-return]
