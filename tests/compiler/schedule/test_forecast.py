"""What a plan says a run will come to, and what it then comes to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.compiler.plan import Plan
from alfgraph.compiler.schedule.forecast import Collection, forecast
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.overrides.swaps import set_values
from alfgraph.program.program import Program
from alfgraph.runtime.checkpoints.checkpoint import list_checkpoints
from alfgraph.runtime.opening import RunOptions, open_session
from tests.graph_files import GRAPHS, skip_without_packages


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


def counted(graph: Graph, path: Path) -> tuple[dict[str, int], dict[str, list[int]], Any]:
    """What a run does: calls of phases that train, env steps; when it evaluates and saves."""
    plan = alfgraph.plan(graph)
    counts: Counter[str] = Counter()
    evaluated: list[int] = []
    training = {phase.name for phase in plan.phases if phase.gradient == "with grad"} - {"unroll"}

    def note(step: dict[str, Any]) -> None:
        if "eval/AverageReturn" in step["metrics"]:
            evaluated.append(step["iteration"])

    with open_session(plan, path, RunOptions(quiet=True, on_summary=note)) as session:
        for name in training:
            function = session.program.namespace[name]

            def counting(*given: Any, function: Any = function) -> Any:
                counts["updates"] += 1
                return function(*given)

            session.program.namespace[name] = counting
        shapes = watched_shapes(session.program)
        while not session.is_done:
            session.iterate()
        found = {**session.program.counters, **counts}
        check_buffers(plan, session.program)
        check_parameters(plan, session.program)
        check_shapes(plan, shapes)
    found.setdefault("updates", 0)
    saved = list_checkpoints(path / "checkpoints")
    times = {"checkpoints": [iteration for iteration, _ in saved], "evaluations": evaluated}
    return found, times, plan.schedule


def storage_bytes(storage: Any) -> int:
    """What a buffer's storage has allocated; MiniBatches keeps what one rollout wrote."""
    if hasattr(storage, "rows") and hasattr(storage.rows, "blocks"):
        beside = [storage.kinds]
        beside += [storage.ends.rows] if hasattr(storage, "ends") else []
        beside += [storage.tree.numbers] if hasattr(storage, "tree") else []
        arrays = [torch.from_numpy(array) for array in beside if array is not None]
        tensors = [*storage.rows.blocks, *arrays]
    else:
        kept = storage.sequences if hasattr(storage, "sequences") else storage.leaves.tensors
        tensors = [tensor for leaf in kept.values() for tensor in leaf]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def check_buffers(plan: Plan, program: Program) -> None:
    """The bytes that were foreseen before anything was allocated are those that were."""
    live = {path for path, storage in program.buffers.items() if getattr(storage, "graph", None)}
    foreseen = {buffer.path: buffer.num_bytes for buffer in plan.buffers}
    assert foreseen.keys() == program.buffers.keys()
    for path, storage in program.buffers.items():
        if path in live:  # leaves with a graph are not stored, but kept
            assert foreseen[path] > storage_bytes(storage)
        else:
            assert foreseen[path] == storage_bytes(storage), path


def check_parameters(plan: Plan, program: Program) -> None:
    """Every optimizer has the parameters it was to have, and nobody has what is untrained."""
    owned: set[int] = set()
    for optimizer in plan.optimizers:
        trained = [p for path in optimizer.trains for p in program.modules[path].parameters()]
        assert sum(p.numel() for p in trained) == optimizer.num_parameters
        assert owned.isdisjoint(map(id, trained))
        owned |= set(map(id, trained))
    others = {
        path: sum(p.numel() for p in module.parameters() if id(p) not in owned)
        for path, module in program.modules.items()
        if hasattr(module, "parameters")
    }
    assert {path: n for path, n in others.items() if n} == plan.untrained


def watched_shapes(program: Program) -> dict[str, set[tuple[int, ...]]]:
    """Leading axes of the mini-batches that each buffer gives, from now on."""
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for path, storage in program.buffers.items():
        for name in ("read", "sample"):
            read = getattr(storage, name, None)
            if read is None:
                continue

            def watching(*given: Any, read: Any = read, path: str = path) -> Any:
                values = read(*given)
                first = next((v for v in values if hasattr(v, "shape") and v.ndim > 1), None)
                if first is not None:
                    shapes.setdefault(path, set()).add(tuple(first.shape[:2]))
                return values

            setattr(storage, name, watching)
    return shapes


def check_shapes(plan: Plan, shapes: dict[str, set[tuple[int, ...]]]) -> None:
    """A phase that trains on mini-batches gets them as long and as wide as its axes say."""
    for phase in plan.phases:
        if phase.phase == "update" and phase.axes:
            length, width = (int(axis.partition("=")[2]) for axis in phase.axes[1:-1].split(", "))
            found = set().union(*shapes.values())
            assert any(w == width and n in {length, length - 1} for n, w in found), phase.axes


@pytest.mark.parametrize("file", GRAPHS, ids=lambda file: file.stem)
def test_a_plan_predicts_its_run(file: Path, tmp_path: Path) -> None:
    skip_without_packages(file)
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
    planned = alfgraph.plan(graph).schedule
    if planned.initial_collect_steps:  # the last two of three iterations train
        steps = int(2 * planned.env_steps_per_iteration)
        tiny[f"{path}.initial_collect_steps"] = steps
    graph = set_values(graph, tiny)
    found, times, planned = counted(graph, tmp_path)
    assert found["iteration"] == planned.iterations == 3
    assert found["env_steps"] == planned.env_steps
    assert found["updates"] == planned.updates
    assert sorted(times["checkpoints"]) == list(planned.saved_at()) == [2, 3]
    assert times["evaluations"] == list(planned.evaluated_at()) == [2, 3]
    assert (planned.checkpoints, planned.evaluations) == (2, 2)
