"""The picture of real boards: what a plan, or a board that fails its check, becomes."""

import subprocess
import sys
from pathlib import Path

import pytest

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.cli import main
from alfgraph.components import PPO, ActorCritic, Pipeline, RecurrentActor
from alfgraph.diagnostics.errors import WiringError
from alfgraph.drawing.picture.from_plan import board_view, failed_view
from alfgraph.drawing.picture.view import BoardView, ParameterView
from alfgraph.drawing.render import mime_bundle
from alfgraph.drawing.rendering import render_view
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values

ROOT = Path(__file__).resolve().parents[2]


class Forgetful(Pipeline):
    """A policy goes where an action belongs."""

    algorithm: ActorCritic = ActorCritic()

    def unroll(self) -> None:
        step = self.env().step
        self.algorithm.unroll(step)
        self.env.feed(action=self.algorithm.actor(step).policy)


def failed(graph: Graph) -> BoardView:
    with pytest.raises(WiringError, match="error") as caught:
        alfgraph.plan(graph)
    return failed_view(graph, caught.value.diagnostics)


@pytest.fixture(scope="module")
def dqn() -> BoardView:
    graph = load(ROOT / "graphs/dqn_cart_pole.py")
    return board_view(alfgraph.plan(set_values(graph, {"algorithm.average": None})))


def test_a_target_tracks_its_source_and_moves_the_copy(dqn: BoardView) -> None:
    copy = "algorithm.target.of(algorithm.q)"
    size = 4 * 256 + 256 + 256 * 256 + 256 + 256 * 2 + 2
    assert dqn.parameters == (
        ParameterView(owner="algorithm.optimizer", part="algorithm.q", count=size),
        ParameterView(owner="algorithm.target", part="algorithm.q", relation="tracks", count=size),
        ParameterView(owner="algorithm.target", part=copy, relation="moves", count=size),
    )
    part = dqn.part(copy)
    assert part is not None
    assert (part.follows, part.trained_by, part.num_parameters) == ("algorithm.q", None, size)
    assert part.settings["hidden"].value == "[256, 256]"


def test_a_targets_copy_is_called_by_both_names(dqn: BoardView) -> None:
    labels = {node.label for node in dqn.nodes if node.phase == "update"}
    assert {"q", "target(q)", "target.update"} <= labels


def test_tracking_is_drawn_within_its_phase(dqn: BoardView) -> None:
    svg = str(render_view(dqn, "svg"))
    assert svg.count('class="net tracks"') == 2
    assert "q. gives parameters → target.update. parameters from algorithm.q" in svg


def test_the_files_first_line_stands_beside_the_name(dqn: BoardView) -> None:
    assert dqn.title_note == "Double DQN on CartPole: 500 within 50,000 steps"


def test_a_wire_that_does_not_fit_says_so_on_the_spot() -> None:
    view = failed(Forgetful())
    wrong = {wire.target: wire.failing for wire in view.wires if wire.failing}
    assert list(wrong.values()) == [
        "gives distribution(int64[B] in [0, 2)) ≠ expects int64[B] in [0, 2)"
    ]
    assert next(iter(wrong))[1] == "action"
    svg = str(render_view(view, "svg"))
    assert "gives distribution(int64[B] in [0, 2)) ≠ expects int64[B] in [0, 2)</text>" in svg
    assert "✗ 1 error" in svg and "E101  algorithm.actor.policy does not fit env.action" in svg
    assert 'class="chip bad"' not in svg, "the wire tells it"


def test_the_bands_of_a_failing_board_keep_their_rates_and_axes() -> None:
    view = failed(Forgetful())
    assert [(phase.name, phase.rate, phase.axes) for phase in view.phases] == [
        ("unroll", "Every environment step", "[B=30]"),
        ("update", "Once per rollout", "[T=8, B=30]"),
        ("predict", "Every environment step", "[B=10]"),
    ]
    without_rows = failed(load(ROOT / "tests/diagnostics/broken/unknown_environment.py"))
    assert [(phase.name, phase.rate, phase.axes) for phase in without_rows.phases] == [
        ("unroll", "Every environment step", "[B=30]"),
        ("update", "Once per rollout", ""),
        ("predict", "Every environment step", "[B=10]"),
    ]


def test_a_part_with_registers_says_so_on_its_chip() -> None:
    view = board_view(alfgraph.plan(Pipeline(algorithm=PPO(actor=RecurrentActor()))))
    notes = {(node.phase, node.label): node.note for node in view.nodes if "z⁻¹" in node.note}
    assert notes == {(phase, "memory"): "z⁻¹ memory" for phase in ("unroll", "update", "predict")}
    assert "z⁻¹ memory</text>" in str(render_view(view, "svg"))


def test_what_is_no_wires_fault_stands_below_the_title() -> None:
    view = failed(Pipeline(algorithm=ActorCritic(optimizer=None)))
    svg = str(render_view(view, "svg"))
    assert "✗ 1 error" in svg and "E120  the board has no optimizer" in svg
    assert 'class="chip bad"' not in svg, "what is missing has no chip"
    assert all(node.part or node.inputs or node.outputs for node in view.nodes)


def test_check_draws_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = str(ROOT / "tests/diagnostics/broken/missing_wire.py")
    assert main(["check", broken, "--render", "wrong.svg"]) == 1
    assert "error[E102]" in capsys.readouterr().err
    assert "✗ E102" in Path("wrong.svg").read_text(encoding="utf-8")
    assert main(["check", str(ROOT / "graphs/ac_cart_pole.py"), "--render", "fine.txt"]) == 0
    assert "── UNROLL" in Path("fine.txt").read_text(encoding="utf-8")


def test_a_notebook_shows_even_a_board_that_fails() -> None:
    shown = mime_bundle(Forgetful())
    assert "copper failing" in shown["image/svg+xml"]
    assert "error[E101]" in shown["text/plain"]
    shown = mime_bundle(Pipeline())
    assert "checked ✓" in shown["image/svg+xml"]
    assert "── UNROLL" in shown["text/plain"]


def test_ipython_draws_a_board() -> None:
    script = (
        "from IPython.testing.globalipapp import start_ipython\n"
        "shell = start_ipython()\n"
        "from alfgraph.components import Pipeline\n"
        "shown, _ = shell.display_formatter.format(Pipeline())\n"
        "print(sorted(shown), '<svg' in shown['image/svg+xml'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["['image/svg+xml', 'text/plain'] True"], done.stderr


def test_heat_is_measured_where_the_graph_file_lies(tmp_path: Path) -> None:
    text = "from alfgraph.components import GymEnv, Pipeline\n\ngraph = Pipeline({})\n"
    for name, settings in (("a", "env=GymEnv(num_envs=2)"), ("b", "")):
        (tmp_path / f"{name}.py").write_text(text.format(settings))
    drawn = alfgraph.render(load(tmp_path / "b.py"), "json", heat="usage")
    view = BoardView.model_validate_json(str(drawn))
    assert view.temperature_source == "usage"
    parts = {part.path: part.temperature for part in view.parts}
    assert (parts["env"], parts["algorithm.actor"]) == (2, 0), "one of two files sets `env`"
    assert {part.source_file.partition("/")[0] for part in view.parts} == {"alfgraph"}


def test_a_targets_numbers_flow_from_what_it_tracks_to_the_copy() -> None:
    tracks = ParameterView(owner="target", part="q", relation="tracks")
    moves = ParameterView(owner="target", part="copy", relation="moves")
    trains = ParameterView(owner="adam", part="q")
    ends = [line.direction for line in (tracks, moves, trains)]
    assert ends == [("q", "target"), ("target", "copy"), ("adam", "q")]
