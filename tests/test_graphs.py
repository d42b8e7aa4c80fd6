"""Every graph file checks, is planned as it then runs, is drawn in every format, and trains."""

from __future__ import annotations

import ast
import importlib.util
import json
import math
import os
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.cli import main
from alfgraph.compiler.plan import Plan
from alfgraph.drawing.layout.layout import lay_out
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.fold import fold, nested_boards
from alfgraph.drawing.picture.from_plan import board_view
from alfgraph.drawing.picture.text import wiring_table
from alfgraph.drawing.rendering import render_view
from alfgraph.families.graph import Graph
from alfgraph.families.schedules import OffPolicy
from alfgraph.overrides.swaps import set_values
from alfgraph.program.program import Program
from alfgraph.runtime.opening import RunOptions, open_session
from tests.drawing.test_layout import check_geometry
from tests.drawing.test_lettering import check_lettering
from tests.graph_files import GRAPHS, NEEDS, skip_without_packages

ROOT = Path(__file__).resolve().parents[1]
ITERATIONS = 2
HAS_RASTER = importlib.util.find_spec("resvg_py") is not None


def short(path: Path) -> Graph:
    """A graph file's board, told to stop after two iterations."""
    skip_without_packages(path)
    ends: dict[str, object] = {
        "trainer.num_iterations": ITERATIONS,
        "trainer.num_eval_episodes": 2,
        "trainer.eval_interval": None,  # one longer than the run is worth a warning
    }
    graph = set_values(load(path), ends)
    if isinstance(alfgraph.plan(graph).compiled.draft.collection, OffPolicy):
        graph = set_values(graph, {"schedule.initial_collect_steps": 0})  # learn at once
    return graph


@pytest.fixture(scope="module", params=GRAPHS, ids=lambda path: path.stem)
def plan(request: pytest.FixtureRequest) -> Plan:
    return alfgraph.plan(short(request.param))


def test_there_are_a_few_graph_files_one_for_an_idea() -> None:
    assert 5 <= len(GRAPHS) <= 24


def test_a_graph_file_is_checked_without_anything_to_say(plan: Plan) -> None:
    assert [str(note) for note in plan.notes] == []


@pytest.mark.parametrize("width", [80, 100])
def test_plan_and_wiring_fit_the_terminal(plan: Plan, width: int) -> None:
    numbers, wiring = plan.text(width), wiring_table(board_view(plan), width)
    assert max(map(len, [*numbers.splitlines(), *wiring.splitlines()])) <= width
    words = {word for line in plan.text(10_000).splitlines() for word in line.split()}
    assert words == set(numbers.split()), "nothing is cut"


def test_its_program_is_a_module_of_plain_functions(plan: Plan) -> None:
    compile(plan.code, plan.name, "exec")
    body = ast.parse(plan.code).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assert {"start", "unroll", "update", "start_predict", "predict", "iteration"} <= functions
    assert all(isinstance(node, ast.FunctionDef | ast.Import | ast.ImportFrom) for node in body[1:])
    assert all(ast.get_docstring(node) for node in body if isinstance(node, ast.FunctionDef))


FORMATS = {
    "txt": "── UNROLL",
    "json": '"phases"',
    "svg": "<svg",
    "html": "<!doctype html>",
    "mmd": "flowchart",
    "dot": "digraph",
}


@pytest.mark.parametrize("form", FORMATS)
def test_it_is_drawn(plan: Plan, form: str, tmp_path: Path) -> None:
    view = board_view(plan)
    path = tmp_path / f"board.{form}"
    drawn = render_view(view, path)
    assert isinstance(drawn, str)
    assert FORMATS[form] in drawn
    assert path.read_text(encoding="utf-8") == drawn == render_view(view, form)
    if form == "json":
        assert json.loads(drawn)["name"] == plan.name


@pytest.mark.skipif(not HAS_RASTER, reason="resvg-py is not installed")
def test_it_is_drawn_as_a_picture(plan: Plan) -> None:
    drawn = render_view(board_view(plan), "png")
    assert isinstance(drawn, bytes)
    assert drawn.startswith(b"\x89PNG\r\n")


def test_its_picture_is_sound(plan: Plan) -> None:
    view = board_view(plan)
    boards = nested_boards(view)
    check_lettering(view)
    for closed in ((), boards[:1], boards):
        check_geometry(lay_out(bundle(fold(view, closed))))


class Record:
    """Counts what a program does and keeps what was written where."""

    def __init__(self, program: Program) -> None:
        self.calls: Counter[str] = Counter()
        self.written: dict[str, list[str]] = {}
        for path, optimizer in program.optimizers.items():
            self.watch(path, optimizer, "step")
        for path, buffer in program.buffers.items():
            self.watch(path, buffer, "write")
        for path, env in program.environments.items():
            self.watch(path, env, "step")

    def watch(self, path: str, part: Any, method: str) -> None:
        call: Callable[..., Any] = getattr(part, method)

        def counted(*args: Any, **named: Any) -> Any:
            self.calls[path] += 1
            self.written[path] = [described(argument) for argument in args]
            return call(*args, **named)

        setattr(part, method, counted)


def described(argument: Any) -> str:
    """A tensor as the plan prints it."""
    if not isinstance(argument, torch.Tensor):
        return type(argument).__name__
    shape = ", ".join(map(str, argument.shape))
    return f"{str(argument.dtype).removeprefix('torch.')}[{shape}]"


def test_two_iterations_do_what_the_plan_says(plan: Plan) -> None:
    with open_session(plan, None, RunOptions(quiet=True, save=False)) as session:
        record = Record(session.program)
        while not session.is_done:
            session.iterate()
        program = session.program
    schedule = plan.schedule
    assert program.counters["iteration"] == schedule.iterations == ITERATIONS
    steps = schedule.unroll_length * ITERATIONS
    assert program.counters["env_steps"] == steps * schedule.num_environments
    assert program.counters["env_steps"] == ITERATIONS * schedule.env_steps_per_iteration
    assert [record.calls[path] for path in program.environments] == [steps]
    updates = ITERATIONS * schedule.updates_per_iteration
    assert updates in {record.calls[optimizer.path] for optimizer in plan.optimizers}
    for optimizer in plan.optimizers:  # one may be delayed, as TD3's of the actor
        assert 0 < record.calls[optimizer.path] <= updates
        owned = [program.modules[path] for path in optimizer.trains]
        counted = [sum(p.numel() for p in module.parameters()) for module in owned]
        assert counted == list(optimizer.trains.values())
    for buffer in plan.buffers:
        is_written_in_unroll = buffer.kind != "MiniBatches"
        assert record.calls[buffer.path] == (steps if is_written_in_unroll else ITERATIONS)
        if is_written_in_unroll:
            assert record.written[buffer.path] == [
                "dict" if spec.startswith("{") else spec.partition(" in ")[0]
                for spec in buffer.leaves.values()
            ]
    assert math.isfinite(session.scores.last_return), "it was evaluated at the end"


# ------------------------------------------------- every environment, every algorithm, by swaps

ENVIRONMENTS = (
    "CartPole-v1",
    "LunarLanderContinuous-v3",
    "Acrobot-v1",
    "Pendulum-v1",
    "MountainCarContinuous-v0",
    "BipedalWalker-v3",
)
SMALLEST = str(ROOT / "graphs" / "ac_cart_pole.py")
TINY = [
    word
    for setting in ("trainer.num_iterations=2", "trainer.num_eval_episodes=0", "env.num_envs=4")
    for word in ("--set", setting)
]


@pytest.mark.parametrize("algorithm", ["ActorCritic", "PPO"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environment_and_algorithm_are_swapped_on_the_command_line(
    environment: str,
    algorithm: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    package = next((p for word, p in NEEDS.items() if environment.startswith(word)), None)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    swaps = ["--swap", f"algorithm={algorithm}", "--set", f"env.id={environment}"]
    assert main(["check", SMALLEST, *swaps]) == 0, capsys.readouterr().err
    checked = capsys.readouterr()
    assert environment in checked.out and "error" not in checked.err
    assert main(["run", SMALLEST, *swaps, *TINY, "--run-dir", "run", "--json"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["env_steps"] == 2 * 8 * 4  # the file's unroll_length stays with either algorithm
    assert (tmp_path / "run" / "checkpoints" / "2").is_dir()


def test_a_swap_typed_in_a_shell(tmp_path: Path) -> None:
    words = "--swap algorithm=PPO --set env.id=Pendulum-v1 --set algorithm.actor.hidden=[32,32]"
    script = os.path.join(sysconfig.get_path("scripts"), "alfgraph")
    done = subprocess.run(
        [script, "run", SMALLEST, *words.split(), *TINY, "--run-dir", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "note: `schedule` is now Epochs" in done.stderr
    assert "Pendulum-v1" in done.stdout
    assert (tmp_path / "run" / "program.py").is_file()
