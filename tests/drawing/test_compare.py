"""Two boards as one."""

from itertools import pairwise

import pytest

from alfgraph.drawing.layout.layout import lay_out
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.compare import compare
from alfgraph.drawing.picture.view import BoardView, PartView, PhaseView, SettingView
from alfgraph.drawing.rendering import render_view
from tests.drawing.boards import actor_critic
from tests.drawing.ppo_board import ppo
from tests.drawing.random_boards import random_board
from tests.drawing.sac_board import sac
from tests.drawing.test_layout import check_geometry
from tests.drawing.wiring import Wiring, board, part


def small(lr: str, scaled: bool) -> BoardView:
    w = Wiring()
    loss = w.node("update", "loss", {"loss": "float32[]"}, part="loss")
    source = (loss, "loss")
    if scaled:
        source = (w.node("update", "×", {"out": "float32[]"}, {"x": source}, kind="math"), "out")
    w.node("update", "adam", {}, {"loss": source}, part="adam")
    parts = (part("loss", "Loss", "loss"), part("adam", "Adam", "opt", settings={"lr": lr}))
    return board(w, parts, PhaseView(name="update"))


def test_settings_and_wires() -> None:
    found = compare(small("0.1", scaled=False), small("0.2", scaled=True))
    assert found.components == ["~ adam: Adam", "    lr: 0.1 → 0.2"]
    assert found.wires == [
        "+ update: loss.loss → ×.x  float32[]",
        "+ update: ×.out → adam.loss  float32[]",
        "- update: loss.loss → adam.loss  float32[]",
    ]
    marks = {node.label: node.change for node in found.board.nodes}
    assert marks == {"loss": None, "×": "added", "adam": "changed"}
    adam = found.board.part("adam")
    assert isinstance(adam, PartView)
    assert adam.settings["lr"] == SettingView(value="0.1 → 0.2", origin="ppo_cart_pole.py:7")


def test_backwards_what_was_added_is_removed() -> None:
    found = compare(small("0.1", scaled=True), small("0.1", scaled=False))
    marks = {node.label: node.change for node in found.board.nodes}
    assert marks == {"loss": None, "×": "removed", "adam": None}
    assert [line[0] for line in found.wires] == ["+", "-", "-"]


def test_a_board_does_not_differ_from_itself() -> None:
    found = compare(ppo(), ppo())
    assert (found.components, found.wires) == ([], [])
    assert 'wire same"' not in str(render_view(found.board, "svg"))
    assert 'wire same"' in str(render_view(compare(actor_critic(), ppo()).board, "svg"))


@pytest.mark.parametrize("other", [ppo(), sac()], ids=lambda view: view.name)
def test_different_algorithms_are_one_sound_board(other: BoardView) -> None:
    merged = compare(actor_critic(), other).board
    BoardView.model_validate_json(merged.model_dump_json())
    check_geometry(lay_out(bundle(merged)))
    text = str(render_view(merged, "svg", heat="none"))
    assert "copper added" in text and "copper removed" in text


def test_random_boards_compared_stay_sound() -> None:
    boards = [random_board(seed, phases=3) for seed in range(12)]
    for first, second in pairwise(boards):
        check_geometry(lay_out(bundle(compare(first, second).board)))


def test_buses_between_phases_have_their_colours_too() -> None:
    merged = compare(actor_critic(), ppo()).board
    lines = {(c.source, c.target): c.change for c in merged.crossings or ()}
    assert lines["unroll/rollout.write", "prepare/rollout.read"] == "added"
    backwards = compare(ppo(), actor_critic()).board
    assert "removed" in {c.change for c in backwards.crossings or ()}
    same = compare(ppo(), ppo()).board
    assert {c.change for c in same.crossings or ()} == {None}
