"""A call meets its ports: records are spread, keywords win, what is left open or over is told."""

from typing import Any

import pytest

from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.dims import Star, Symbol
from alfgraph.specs.grammar import SpecSyntaxError
from alfgraph.specs.spec import parse_spec
from alfgraph.wiring.arguments import Scopes, bind_arguments, size_setting
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out, Port
from alfgraph.wiring.records import Record
from alfgraph.wiring.trace import Trace, Value
from alfgraph.wiring.wires import Wire, wrap


class Inner(Record):
    reward: Wire
    deep: Wire


class Outer(Record):
    inner: Inner
    reward: Wire
    unused: Wire


class Taking(Component):
    """Ports named like fields, and others."""

    reward = In("float32[*batch]")
    deep = In("float32[*batch]")
    weight = In("float32[*batch]", optional=True)
    trains = In(Component, many=True)
    y = Out("float32[*batch]")


class Whole(Component):
    """Takes a record as it is."""

    record = In(Outer)


def ports(kind: type[Component]) -> tuple[Port, ...]:
    return kind.input_ports()


def wire(name: str) -> Any:
    node = Trace("unroll").add(
        kind="component", board="", path="env", component=None, call="forward"
    )
    return wrap(Value(node, name, parse_spec("float32[B]")), Trace("unroll"))


def outer() -> Outer:
    inner = Inner(reward=wire("inner reward"), deep=wire("deep"))
    return Outer(inner=inner, reward=wire("outer reward"), unused=wire("unused"))


def bound(kind: type[Component], *args: Any, **named: Any) -> dict[str, str]:
    """The name of what each port got."""
    found = bind_arguments("part", ports(kind), args, named)
    return {port: getattr(value, "value", value).name for port, value in found.items()}


def test_positional_arguments_follow_the_order_of_the_ports() -> None:
    assert bound(Taking, wire("a"), wire("b")) == {"reward": "a", "deep": "b"}


def test_a_record_is_spread_and_outer_fields_come_before_nested_ones() -> None:
    assert bound(Taking, outer()) == {"deep": "deep", "reward": "outer reward"}


def test_keywords_win_over_the_record() -> None:
    assert bound(Taking, outer(), reward=wire("mine")) == {"deep": "deep", "reward": "mine"}


def test_further_arguments_fill_what_the_record_left_open() -> None:
    found = bound(Taking, outer(), wire("w"))
    assert found == {"deep": "deep", "reward": "outer reward", "weight": "w"}


def test_a_port_may_take_the_record_whole() -> None:
    record = outer()
    assert bind_arguments("part", ports(Whole), (record,), {}) == {"record": record}


def test_a_port_may_take_any_number_of_parts() -> None:
    parts = Whole(), Whole()
    found = bind_arguments("part", ports(Taking), (outer(), wire("w"), *parts), {})
    assert found["trains"] == parts


def test_none_leaves_an_optional_port_open() -> None:
    assert "weight" not in bound(Taking, outer(), weight=None)


@pytest.mark.parametrize(
    ("args", "named", "code", "message", "help_"),
    [
        ((), {}, "E102", "`part.reward` is not connected",
         "it expects float32[*batch]; pass `reward=...`"),
        ((outer(),), {"reward": None}, "E102", "`part.reward` is not connected", None),
        ((outer(),), {"wieght": wire("w")}, "E104", "`part` has no input `wieght`",
         "did you mean `weight`?"),
        ((outer(),), {"zzz": wire("w")}, "E104", "`part` has no input `zzz`",
         "its inputs are reward (float32[*batch]), deep (float32[*batch]), weight "
         "(float32[*batch]), trains (Component)"),
    ],
)  # fmt: skip
def test_what_does_not_meet_a_port_is_told(
    args: Any, named: dict[str, Any], code: str, message: str, help_: str | None
) -> None:
    with pytest.raises(WiringError, match=code) as caught:
        bind_arguments("part", ports(Taking), args, named)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == message
    assert help_ is None or diagnostic.help[0].text == help_


def test_too_many_arguments() -> None:
    with pytest.raises(WiringError, match="`part` got more arguments than it has inputs"):
        bind_arguments("part", ports(Whole), (wire("a"), wire("b")), {})


def test_a_part_without_inputs_says_so() -> None:
    with pytest.raises(WiringError, match="it has no inputs"):
        bind_arguments("part", (), (wire("a"),), {})


# --------------------------------------------------------------------------------- scopes


def scopes(**settings: Any) -> Scopes:
    return Scopes(
        application="update#3",
        component="part:actor",
        settings=lambda name: size_setting(settings, name),
        axes={"B": Symbol("B", "env:train", rigid=True)},
    )


def test_symbols_live_where_the_design_says() -> None:
    spec: Any = scopes(width=64).spec(parse_spec("float32[T, B, *batch, n, width, *r]"), "x")
    assert spec.batch == (
        Symbol("T", "update#3"),
        Symbol("B", "env:train", rigid=True),
        Star("batch", "update#3"),
    )
    assert spec.sample == (Symbol("n", "part:actor"), 64, Star("r", "part:actor"))


def test_settings_give_sizes() -> None:
    spec: Any = scopes(hidden=(32, 16), width=3).spec(
        parse_spec("float32[*batch, hidden[-1], hidden[0], 2*width+1]"), "x"
    )
    assert spec.sample == (16, 32, 7)


@pytest.mark.parametrize(("value", "size"), [(3, 3), (True, None), (2.5, None), ("x", None)])
def test_only_whole_numbers_are_sizes(value: Any, size: int | None) -> None:
    assert size_setting({"n": value}, "n") == size


def test_an_entry_needs_a_tuple() -> None:
    with pytest.raises(SpecSyntaxError, match=r"`hidden\[-1\]` in a spec needs a non-empty tuple"):
        size_setting({"hidden": ()}, "hidden[-1]")


def test_unknown_dtypes_belong_to_the_port() -> None:
    one: Any = scopes().spec(parse_spec("?[*batch]"), "x")
    other: Any = scopes().spec(parse_spec("?[*batch]"), "y")
    assert one.dtype != other.dtype


def test_a_time_step_is_spread_over_a_network() -> None:
    class Network(Component):
        observation = In("observation[*batch]")
        step_type = In("int32[*batch]")

    step = TimeStep(**{name: wire(name) for name in TimeStep.record_fields})
    assert bound(Network, step) == {"observation": "observation", "step_type": "step_type"}
