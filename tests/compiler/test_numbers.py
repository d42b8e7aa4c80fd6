"""The schedule in numbers: what `plan` says is what a run then does.

Lengths count transitions. Where ALF counts steps (reference: alf.md §2.4), the same numbers follow
from a rollout one transition longer.
"""

from typing import Any

import pytest
import torch

from alfgraph.components import PPO, ActorCritic, Epochs, GymEnv, OnPolicy, Pipeline, Trainer
from alfgraph.errors import WiringError
from alfgraph.graph import Graph
from alfgraph.plan import PhasePlan, Plan
from tests.boards.driving import iterate, started


def ppo(num_envs: int, **schedule: Any) -> Graph:
    return Pipeline(env=GymEnv(num_envs=num_envs), algorithm=PPO(schedule=Epochs(**schedule)))


def phase(plan: Plan, name: str) -> PhasePlan:
    return next(phase for phase in plan.phases if phase.name == name)


def called_with(graph: Graph, name: str, iterations: int = 1) -> list[tuple[int, ...]]:
    """The shape of the first tensor that a part of the program gets, call by call."""
    program = started(graph)
    compute = program.namespace[name]
    shapes: list[tuple[int, ...]] = []

    def spy(*args: Any) -> Any:
        shapes.append(next(tuple(a.shape) for a in args if isinstance(a, torch.Tensor)))
        return compute(*args)

    program.namespace[name] = spy
    iterate(program, iterations)
    return shapes


CASES = [
    # num_envs, schedule, epochs x batches, (T, M), env steps an iteration
    (8, {"unroll_length": 32, "epochs": 4, "mini_batch_size": 128}, (4, 2), (1, 128), 256),
    # ALF's 8 x 33 steps: 264 sequences in batches of 128 are re-balanced to 132.
    (8, {"unroll_length": 33, "epochs": 4, "mini_batch_size": 128}, (4, 2), (1, 132), 264),
    (8, {"unroll_length": 32, "epochs": 1, "mini_batch_size": 8, "mini_batch_length": 32},
     (1, 1), (32, 8), 256),
    (8, {"unroll_length": 33, "epochs": 1, "mini_batch_size": 8, "mini_batch_length": 33},
     (1, 1), (33, 8), 264),
    (8, {"unroll_length": 32, "epochs": 1, "mini_batch_size": 5, "mini_batch_length": 16},
     (1, 3), (16, 6), 256),
    (3, {"unroll_length": 5, "epochs": 2, "mini_batch_size": 4}, (2, 3), (1, 5), 15),
    (3, {"unroll_length": 5, "epochs": 2, "mini_batch_size": 8}, (2, 1), (1, 15), 15),
    (1, {"unroll_length": 4, "epochs": 1, "mini_batch_size": 1}, (1, 4), (1, 1), 4),
]  # fmt: skip


@pytest.mark.parametrize(("num_envs", "schedule", "runs", "shape", "steps"), CASES)
def test_mini_batches_of_a_rollout(
    num_envs: int, schedule: dict[str, int], runs: tuple[int, int], shape: Any, steps: int
) -> None:
    graph = ppo(num_envs, **schedule)
    plan = graph.plan()
    updates = runs[0] * runs[1]
    assert plan.schedule.updates_per_iteration == updates
    assert plan.schedule.env_steps_per_iteration == steps
    assert phase(plan, "update").runs == updates
    assert phase(plan, "update").axes == f"[T={shape[0]}, M={shape[1]}]"
    assert phase(plan, "prepare").axes == f"[T={schedule['unroll_length']}, B={num_envs}]"
    seen = called_with(graph, "ppo_loss")
    assert len(seen) == updates
    assert all(length == shape[0] for length, _ in seen)
    sequences = steps // shape[0]
    assert sum(size for _, size in seen) == runs[0] * sequences  # every transition, once a pass
    assert max(size for _, size in seen) == shape[1]


def test_a_mini_batch_larger_than_the_rollout_is_an_error() -> None:
    with pytest.raises(WiringError, match="E502") as caught:
        ppo(4, unroll_length=32, mini_batch_size=129).plan()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == (
        "mini_batch_size=129 is larger than the rollout, which holds 128 sequences "
        "(32 x 4 transitions)"
    )
    ppo(4, unroll_length=32, mini_batch_size=128).plan()


def test_sequences_must_fill_the_rollout() -> None:
    with pytest.raises(WiringError, match="mini_batch_length=5 does not divide the rollout's 32"):
        ppo(4, unroll_length=32, mini_batch_size=4, mini_batch_length=5).plan()


def test_a_default_mini_batch_becomes_the_whole_rollout_with_a_note() -> None:
    plan = ppo(4, unroll_length=32).plan()
    assert phase(plan, "update").axes == "[T=1, M=128]"
    (note,) = [n for n in plan.notes if n.code == "W504"]
    assert note.severity == "note"
    assert note.message == "the default mini_batch_size 256 becomes the whole rollout, 128"
    assert [n for n in ppo(8, unroll_length=32).plan().notes if n.code == "W504"] == []


# ------------------------------------------------------------------------ how long a run is


@pytest.mark.parametrize(
    ("trainer", "iterations", "env_steps"),
    [
        (Trainer(), 1000, 240_000),
        (Trainer(num_iterations=10), 10, 2400),
        (Trainer(num_env_steps=1000), 5, 1200),
        (Trainer(num_env_steps=240), 1, 240),
        (Trainer(num_env_steps=241), 2, 480),
        (Trainer(num_iterations=3, num_env_steps=10**6), 3, 720),
        (Trainer(num_iterations=10**6, num_env_steps=500), 3, 720),
    ],
)
def test_the_first_limit_reached_ends_the_run(
    trainer: Trainer, iterations: int, env_steps: int
) -> None:
    schedule = Pipeline(trainer=trainer).plan().schedule
    assert (schedule.iterations, schedule.env_steps) == (iterations, env_steps)


@pytest.mark.parametrize("num_envs", [1, 3])
@pytest.mark.parametrize("unroll_length", [1, 5])
def test_on_policy_is_one_update_on_all_of_the_rollout(num_envs: int, unroll_length: int) -> None:
    graph = Pipeline(
        env=GymEnv(num_envs=num_envs),
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=unroll_length),
    )
    plan = graph.plan()
    assert plan.schedule.updates_per_iteration == 1
    assert plan.schedule.env_steps_per_iteration == num_envs * unroll_length
    assert phase(plan, "update").axes == f"[T={unroll_length}, B={num_envs}]"
    seen = called_with(graph, "actor_critic_loss", iterations=2)
    assert seen == [(unroll_length, num_envs)] * 2
