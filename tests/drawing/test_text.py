"""The wiring table."""

from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.picture.view import ParameterView, PhaseView
from tests.drawing.ppo_board import ppo
from tests.drawing.random_boards import random_board
from tests.drawing.wiring import Wiring, board, part

TABLE = """\
small · B=2

── UNROLL · every step · [B=2] ───────────────────────────────
  ■ env            Env id="E"
    └─ reward  float32[B]     → scale.x
    └─ obs     float32[B, 4]  → actor.obs
  ■ scale
    └─ y  float32[B]  → (not read)
  ■ actor          Net θ=10
    └─ action  int64[B]  → ↺ env.action

── PARAMETERS ────────────────────────────────────────────────
  ■ adam trains actor (10)
"""


def test_a_small_board() -> None:
    w = Wiring()
    outputs = {"reward": "float32[B]", "obs": "float32[B, 4]"}
    env = w.node("unroll", "env", outputs, part="env")
    w.node("unroll", "scale", {"y": "float32[B]"}, {"x": (env, "reward")}, kind="math")
    actor = w.node("unroll", "actor", {"action": "int64[B]"}, {"obs": (env, "obs")}, part="actor")
    w.feed((actor, "action"), (env, "action"))
    parts = (
        part("env", "Env", "environment", settings={"id": '"E"'}),
        part("actor", "Net", "network", num_parameters=10),
    )
    view = board(w, parts, PhaseView(name="unroll", rate="every step", axes="[B=2]"))
    lines = ParameterView(owner="adam", part="actor", count=10)
    view = view.model_copy(update={"sizes": {"B": 2}, "parameters": (lines,)})
    assert wiring_table(view, width=62) == TABLE


def test_what_is_wrong_stands_where_it_is_wrong() -> None:
    table = wiring_table(ppo(failing=True))
    assert "→ ✗ optimizer.loss" in table
    assert "✗ loss: gives float32[T, M] ≠ expects float32[]" in table
    assert "error[E101] `loss.loss` does not fit `optimizer.loss`" in table


def test_no_line_is_too_long() -> None:
    for seed in range(40):
        assert all(len(line) <= 100 for line in wiring_table(random_board(seed)).splitlines())
