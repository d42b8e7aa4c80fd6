"""Records become buses."""

from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.fold import fold
from alfgraph.drawing.picture.view import NodeView, PhaseView
from tests.drawing.ppo_board import ppo
from tests.drawing.wiring import Wiring, board


def names(node: NodeView) -> tuple[list[str], list[str]]:
    return [pin.name for pin in node.inputs], [pin.name for pin in node.outputs]


def test_fields_of_one_record_become_one_pin_and_one_wire() -> None:
    w = Wiring()
    outputs = {"step.reward": "float32[B]", "step.obs": "float32[B, 4]", "extra": "float32[]"}
    env = w.node("unroll", "env", outputs)
    w.node(
        "unroll",
        "write",
        {},
        {"step.reward": (env, "step.reward"), "step.obs": (env, "step.obs"), "x": (env, "extra")},
    )
    w.node("unroll", "actor", {}, {"obs": (env, "step.obs")})
    view = bundle(board(w, (), PhaseView(name="unroll")))
    first, write, actor = view.nodes
    assert names(first) == ([], ["step", "extra"])
    assert first.outputs[0].dtype_family == "record"
    assert first.outputs[0].spec == "{reward: float32[B], obs: float32[B, 4]}"
    assert names(write) == (["step", "x"], [])
    assert names(actor) == (["obs"], [])
    ends = [(wire.source, wire.target, wire.dtype_family) for wire in view.wires]
    assert ends == [
        (("unroll/env", "step"), ("unroll/write", "step"), "record"),
        (("unroll/env", "extra"), ("unroll/write", "x"), "float"),
        (("unroll/env", "step"), ("unroll/actor", "obs"), "float"),
    ]


def test_a_replaced_field_stays_a_pin_of_its_own() -> None:
    write = next(n for n in bundle(ppo()).nodes if n.id == "unroll/rollout.write")
    assert names(write)[0] == ["step", "step.observation", "action", "log_prob"]


def test_bundling_twice_changes_nothing() -> None:
    once = bundle(ppo())
    assert bundle(once).nodes == once.nodes


def test_a_pin_remembers_what_it_stands_for() -> None:
    """Also at the edge of a closed board, and through both."""
    env = next(node for node in bundle(ppo()).nodes if node.id == "unroll/env")
    step = env.outputs[0]
    fields = ("step_type", "reward", "discount", "observation")
    assert step.name == "step"
    assert set(step.stands_for) == {("unroll/env", f"step.{field}") for field in fields}
    closed = bundle(fold(ppo(), {"algorithm"}))
    algorithm = next(node for node in closed.nodes if node.id == "unroll/algorithm")
    assert algorithm.outputs[0].stands_for == (("unroll/sample", "action"),)
    assert "stands_for" not in closed.model_dump_json()
