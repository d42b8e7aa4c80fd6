"""Ports are declared with a spec or a class; what is misspelt is told."""

from typing import Any

import pytest

from alfgraph.diagnostics.errors import AlfgraphError, WiringError
from alfgraph.families.network import Network
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out, Port, State
from alfgraph.wiring.wires import Distribution, Wire


class Cell(Component):
    """Every kind of port."""

    x = In("float32[*batch, n]", role="observation", detach=True)
    step = In(TimeStep, optional=True)
    trains = In(Component, many=True)
    scale = In("float32[]", default=2.0)
    policy = Out(Distribution, "action[*batch]")
    y = Out("float32[*batch, n]")
    kl = Out("float32[]", monitor=True)
    h = State("float32[*batch, 8]", initial=0.5)


def port(name: str) -> Port:
    found: Any = vars(Cell)[name]
    assert isinstance(found, Port)
    return found


def test_ports_are_listed_in_the_order_declared() -> None:
    assert [p.name for p in Cell.input_ports()] == ["x", "step", "trains", "scale"]
    assert [p.name for p in Cell.output_ports()] == ["policy", "y", "kl"]
    assert [p.name for p in Cell.state_ports()] == ["h"]


def test_a_subclass_adds_ports_after_those_it_inherits() -> None:
    class Wider(Cell):
        z = In("float32[*batch]")

    assert [p.name for p in Wider.input_ports()] == ["x", "step", "trains", "scale", "z"]


def test_a_port_knows_what_it_was_told() -> None:
    assert str(port("x").spec) == "float32[*batch, n]"
    assert (port("x").role, port("x").detach, port("kl").monitor) == ("observation", True, True)
    assert port("h").initial == 0.5
    assert port("step").kind is TimeStep


@pytest.mark.parametrize(
    ("name", "required", "component"),
    [("x", True, False), ("step", False, False), ("trains", True, True), ("scale", False, False)],
)
def test_what_must_be_connected(name: str, required: bool, component: bool) -> None:
    assert (port(name).is_required, port(name).takes_component) == (required, component)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "float32[*batch, n]"),
        ("step", "TimeStep"),
        ("trains", "Component"),
        ("policy", "distribution(action[*batch])"),
    ],
)
def test_a_port_describes_itself(name: str, text: str) -> None:
    assert port(name).describe() == text


def test_a_port_is_immutable_and_read_on_the_class_is_itself() -> None:
    assert Cell.x is vars(Cell)["x"]
    with pytest.raises(ValueError, match="Instance is frozen"):
        port("x").role = "value"


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: In("float32[B"), r"`float32\[B` is not a spec: expected `,`, found `the end`"),
        (lambda: State("float32[*]"), "expected the name of the star"),
        (lambda: In(3), "a port is declared with a spec such as .* not 3"),  # type: ignore[call-overload]
        (lambda: Out(Distribution), "a port is declared with a spec such as"),
        (lambda: In(Wire), "a port is declared with a spec such as"),
        (lambda: In("x[B]", rol="value"), r"(?s)`In` has no option `rol`.*did you mean `role`"),  # type: ignore[call-overload]
        (lambda: Out("x[B]", detach=True), "`Out` has no option `detach`; its options are role, m"),  # type: ignore[call-overload]
    ],
)
def test_a_wrong_declaration_is_refused(declare: Any, message: str) -> None:
    with pytest.raises(AlfgraphError, match=message):
        declare()


def test_a_port_of_a_part_that_was_not_called_gives_advice() -> None:
    class Uncalled(Network):
        y = Out("float32[*batch]")

    with pytest.raises(WiringError, match="is a port; call `Uncalled` first") as e:
        _ = Uncalled().y
    assert "help: `Uncalled().y`" in str(e.value)
