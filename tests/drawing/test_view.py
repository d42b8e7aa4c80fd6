"""The neutral picture of a board: what it refuses, and that it survives JSON."""

import pytest
from pydantic import ValidationError

from alfgraph.drawing.picture.view import BoardView, NodeView, PhaseView, PinView, WireView
from tests.drawing.ppo_board import ppo

PHASES = (PhaseView(name="unroll"),)


def node(name: str, inputs: str = "", outputs: str = "") -> NodeView:
    return NodeView(
        id=name,
        phase="unroll",
        label=name,
        inputs=tuple(PinView(name=pin) for pin in inputs.split()),
        outputs=tuple(PinView(name=pin) for pin in outputs.split()),
    )


def test_a_board_survives_json() -> None:
    view = ppo(failing=True)
    assert BoardView.model_validate_json(view.model_dump_json()) == view


def test_wires_must_end_on_pins() -> None:
    wire = WireView(source=("a", "x"), target=("b", "z"))
    with pytest.raises(ValidationError, match=r"a wire ends at `b\.z`, which is no input pin"):
        BoardView(
            name="n", phases=PHASES, nodes=(node("a", "", "x"), node("b", "y")), wires=(wire,)
        )


def test_wires_must_start_on_pins() -> None:
    wire = WireView(source=("a", "w"), target=("b", "y"))
    with pytest.raises(ValidationError, match=r"a wire starts at `a\.w`, which is no output pin"):
        BoardView(
            name="n", phases=PHASES, nodes=(node("a", "", "x"), node("b", "y")), wires=(wire,)
        )


def test_names_are_unique() -> None:
    with pytest.raises(ValidationError, match="the board has two nodes called `a`"):
        BoardView(name="n", phases=PHASES, nodes=(node("a"), node("a")))
    with pytest.raises(ValidationError, match="node `a` has two pins called `x`"):
        BoardView(name="n", phases=PHASES, nodes=(node("a", "x x"),))


def test_phases_and_parts_must_exist() -> None:
    with pytest.raises(ValidationError, match="the phase `unroll`, which the board does not have"):
        BoardView(name="n", nodes=(node("a"),))
    applied = node("a").model_copy(update={"part": "actor"})
    with pytest.raises(ValidationError, match="the part `actor`, which the board does not have"):
        BoardView(name="n", phases=PHASES, nodes=(applied,))
