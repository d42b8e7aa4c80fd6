"""What a plan says a run will come to, and what it then comes to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from alfgraph.compiler.forecast import Collection, forecast
from alfgraph.graph import Graph
from alfgraph.loading import load
from alfgraph.overrides import set_values
from alfgraph.runtime.checkpoint import list_checkpoints
from alfgraph.runtime.session import RunOptions, Session
from alfgraph.trainer import Trainer

GRAPHS = sorted((Path(__file__).parents[2] / "graphs").glob("*.py"))


def test_env_steps_and_iterations_of_a_fractional_rollout() -> None:
    """1.5 steps in each of two environments: 1, 2, 1, 2 ticks, so 2, 6, 8, 12 env steps."""
    collection = Collection(1.5, 2)
    assert [collection.env_steps(n) for n in range(1, 5)] == [2, 6, 8, 12]
    assert [collection.iterations(n) for n in (1, 2, 3, 6, 7, 12, 13)] == [1, 1, 2, 2, 3, 4, 5]


def test_ten_times_a_tenth_is_one() -> None:
    assert Collection(0.1, 1).env_steps(10) == 1
    assert Collection(0.1, 1).iterations(1) == 10


def test_the_nearer_limit_ends_the_run() -> None:
    trainer = Trainer(num_iterations=7, num_env_steps=100)
    assert forecast(trainer, Collection(10, 2), [], True).iterations == 5
    assert forecast(trainer, Collection(10, 1), [], True).iterations == 7


def test_updates_wait_for_the_collection_and_gated_phases_for_their_turn() -> None:
    """Steps 10, 20, 30: with 25 to collect the third of 9 iterations is the first to train.

    A phase that runs every 4 iterations runs in the 4th and the 8th, one that runs every 2 in the
    4th, 6th and 8th.
    """
    found = forecast(Trainer(num_iterations=9), Collection(10, 1, 25), [(2, 1), (3, 4)], True)
    assert found.updates == 2 * 7 + 3 * 2
    assert forecast(Trainer(num_iterations=9), Collection(10, 1, 25), [(1, 2)], True).updates == 3


def test_checkpoints_and_evaluations_end_with_the_run() -> None:
    trainer = Trainer(num_iterations=10, num_checkpoints=3, eval_interval=3)
    found = forecast(trainer, Collection(1, 1), [], True)
    assert (found.checkpoint_interval, found.checkpoints, found.evaluations) == (4, 3, 4)
    assert forecast(trainer, Collection(1, 1), [], False).evaluations == 0


def counted(graph: Graph, path: Path) -> tuple[dict[str, int], Any]:
    """What a run does: calls of phases that train, evaluations, checkpoints, env steps."""
    plan = graph.plan()
    counts: Counter[str] = Counter()
    training = {phase.name for phase in plan.phases if phase.gradient == "with grad"} - {"unroll"}

    def note(step: dict[str, Any]) -> None:
        counts["evaluations"] += "eval/AverageReturn" in step["metrics"]

    with Session(plan, path, RunOptions(quiet=True, on_summary=note)) as session:
        for name in training:
            function = session.program.namespace[name]

            def counting(*given: Any, function: Any = function) -> Any:
                counts["updates"] += 1
                return function(*given)

            session.program.namespace[name] = counting
        while not session.is_done:
            session.iterate()
        found = {**session.program.counters, **counts}
    found.setdefault("updates", 0)
    found["checkpoints"] = len(list_checkpoints(path / "checkpoints"))
    return found, plan.schedule


@pytest.mark.parametrize("file", GRAPHS, ids=lambda file: file.stem)
def test_a_plan_predicts_its_run(file: Path, tmp_path: Path) -> None:
    tiny: dict[str, Any] = {
        "trainer.num_iterations": 3,
        "trainer.num_checkpoints": 2,
        "trainer.eval_interval": 2,
        "trainer.num_eval_episodes": 1,
        "trainer.num_env_steps": None,
        "trainer.keep_best": False,
    }
    graph: Any = load(file)
    path = "algorithm.schedule" if getattr(graph, "schedule", None) is None else "schedule"
    if file.stem.startswith("ppo_lunar_lander"):  # their rollouts are long
        tiny |= {f"{path}.unroll_length": 16, f"{path}.epochs": 1, "env.num_envs": 4}
    planned = graph.plan().schedule
    if planned.initial_collect_steps:  # the last two of three iterations train
        steps = int(2 * planned.env_steps_per_iteration)
        tiny[f"{path}.initial_collect_steps"] = steps
    graph = set_values(graph, tiny)
    found, planned = counted(graph, tmp_path)
    assert found["iteration"] == planned.iterations == 3
    assert found["env_steps"] == planned.env_steps
    assert found["updates"] == planned.updates
    assert found["checkpoints"] == planned.checkpoints == 2
    assert found["evaluations"] == planned.evaluations == 2
