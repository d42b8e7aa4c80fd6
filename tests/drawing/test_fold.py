"""Nested boards closed, and views of a part."""

import pytest

from alfgraph.diagnostics.errors import UsageError
from alfgraph.drawing.page.html import folds
from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.focus import focus_on
from alfgraph.drawing.picture.fold import closed_at, fold, nested_boards
from alfgraph.drawing.picture.view import BoardView, PhaseView
from tests.drawing.ppo_board import ppo
from tests.drawing.random_boards import random_board
from tests.drawing.sac_board import sac
from tests.drawing.wiring import Wiring, board, part


def revalidated(view: BoardView) -> BoardView:
    return BoardView.model_validate_json(view.model_dump_json())


def test_a_closed_board_is_one_chip_per_phase() -> None:
    view = revalidated(fold(ppo(), {"algorithm"}))
    assert [node.id for node in view.nodes] == [
        "unroll/env",
        "unroll/normalize",
        "unroll/algorithm",
        "prepare/algorithm",
        "update/algorithm",
    ]
    algorithm = view.nodes[2]
    assert algorithm.note == "⊞ 4 inside"
    assert [pin.name for pin in algorithm.inputs] == [
        "observation",
        "step.step_type",
        "step.reward",
        "step.discount",
    ]
    assert [pin.name for pin in algorithm.outputs] == ["action"]
    latched = [wire for wire in view.wires if wire.latched]
    assert [(w.source, w.target) for w in latched] == [
        (("unroll/algorithm", "action"), ("unroll/env", "action"))
    ]


def test_a_closed_board_in_a_tuple_is_called_by_its_class() -> None:
    w = Wiring()
    w.node("unroll", "inner", {"out": "float32[B]"}, board="transforms.0")
    parts = (part("transforms.0", "Curiosity", "graph"),)
    view = board(w, parts, PhaseView(name="unroll"))
    assert [node.label for node in fold(view, {"transforms.0"}).nodes] == ["Curiosity"]


def test_buffers_inside_still_join_the_phases() -> None:
    lines = crossings(fold(ppo(), {"algorithm"}))
    assert [(line.source, line.target, line.buffer) for line in lines] == [
        ("unroll/algorithm", "prepare/algorithm", "algorithm.rollout"),
        ("prepare/algorithm", "update/algorithm", "algorithm.samples"),
    ]


def test_parameter_lines_inside_a_closed_board_go() -> None:
    assert fold(ppo(), {"algorithm"}).parameters == ()
    assert len(fold(ppo(), set()).parameters) == 2


def test_depth_counts_levels() -> None:
    assert nested_boards(ppo()) == ["algorithm"]
    assert closed_at(ppo(), 0) == {"algorithm"}
    assert closed_at(ppo(), 1) == closed_at(ppo(), None) == frozenset()


def test_the_page_holds_every_fold_of_a_small_board() -> None:
    assert folds(ppo(), None) == [frozenset(), {"algorithm"}]
    assert folds(random_board(1), None) == [frozenset()]


def test_focus_keeps_what_is_near() -> None:
    view = revalidated(focus_on(ppo(), "returns"))
    assert {node.id for node in view.nodes} == {
        "prepare/returns",
        "prepare/rollout.steps",
        "prepare/critic",
        "prepare/samples.write",
    }
    assert view.title_note == "returns and what is one wire away"
    further = focus_on(ppo(), "algorithm.returns", hops=2)
    assert "update/samples.read" in {node.id for node in further.nodes}


def test_focus_on_nothing_says_what_there_is() -> None:
    with pytest.raises(UsageError, match="nothing on this board is called `critcs`; did you mean"):
        focus_on(sac(), "critcs")
