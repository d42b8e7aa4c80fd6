"""The schedule in numbers: what `plan` says is what a run then does.

Lengths count transitions. Where ALF counts steps (reference: alf.md §2.4), the same numbers follow
from a rollout one transition longer.
"""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.compiler.plan import PhasePlan, Plan
from alfgraph.components import (
    PPO,
    SAC,
    ActorCritic,
    Algorithm,
    Epochs,
    GymEnv,
    OffPolicy,
    OnPolicy,
    Pipeline,
    Trainer,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.graph import Graph
from alfgraph.overrides.swaps import set_values
from tests.whole_boards.driving import iterate, started


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
    plan = alfgraph.plan(graph)
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
    learnt = sum(length * size for length, size in seen)
    assert plan.schedule.trained_per_transition == learnt / steps == runs[0]


def test_a_mini_batch_larger_than_the_rollout_is_an_error() -> None:
    with pytest.raises(WiringError, match="E502") as caught:
        alfgraph.plan(ppo(4, unroll_length=32, mini_batch_size=129))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == (
        "mini_batch_size=129 is larger than the rollout, which holds 128 sequences "
        "(32 x 4 transitions)"
    )
    alfgraph.plan(ppo(4, unroll_length=32, mini_batch_size=128))


def test_sequences_must_fill_the_rollout() -> None:
    with pytest.raises(WiringError, match="mini_batch_length=5 does not divide the rollout's 32"):
        alfgraph.plan(ppo(4, unroll_length=32, mini_batch_size=4, mini_batch_length=5))


def test_a_default_mini_batch_becomes_the_whole_rollout_with_a_note() -> None:
    plan = alfgraph.plan(ppo(4, unroll_length=32))
    assert phase(plan, "update").axes == "[T=1, M=128]"
    (note,) = [n for n in plan.notes if n.code == "W504"]
    assert note.severity == "note"
    assert note.message == "the default mini_batch_size 256 becomes the whole rollout, 128"
    assert [n for n in alfgraph.plan(ppo(8, unroll_length=32)).notes if n.code == "W504"] == []


def test_what_an_algorithm_comes_with_is_a_default_too() -> None:
    graph = Pipeline(env=GymEnv(num_envs=1), algorithm=PPO())
    (note,) = [n for n in alfgraph.plan(graph).notes if n.code == "W504"]
    assert note.message == "the default mini_batch_size 256 becomes the whole rollout, 128"
    chosen = set_values(graph, {"algorithm.schedule.mini_batch_size": 256})
    with pytest.raises(WiringError, match="mini_batch_size=256 is larger than the rollout"):
        alfgraph.plan(chosen)


@pytest.mark.parametrize(
    ("algorithm", "times"),
    [
        (ActorCritic(), 1),
        (SAC(schedule=OffPolicy(mini_batch_size=64)), 64),
        (SAC(schedule=OffPolicy(mini_batch_size=64, unroll_length=4)), 16),
    ],
)
def test_what_is_learnt_for_each_transition(algorithm: Algorithm, times: float) -> None:
    plan = alfgraph.plan(Pipeline(env=GymEnv(num_envs=1), algorithm=algorithm))
    assert plan.schedule.trained_per_transition == times
    assert ("on every transition once" in plan.text()) == (times == 1)


def test_a_run_that_ends_before_it_trains_is_a_warning() -> None:
    never = OffPolicy(initial_collect_steps=1000, mini_batch_size=64)
    graph = Pipeline(
        env=GymEnv(num_envs=1),
        algorithm=SAC(schedule=never),
        trainer=Trainer(num_iterations=500),
    )
    (warning,) = alfgraph.plan(graph).notes
    assert (warning.code, warning.severity) == ("W503", "warning")
    assert warning.message == (
        "nothing is ever trained: the run ends after 500 iterations, 500 env steps; "
        "the first 1,000 only fill the buffer"
    )
    assert warning.source is not None and "OffPolicy(" in warning.source.text()
    enough = graph.swap(trainer=Trainer(num_iterations=1000))
    assert alfgraph.plan(enough).notes == ()
    assert alfgraph.plan(enough).schedule.updates == 1


@pytest.mark.parametrize("name", ["eval_interval", "summary_interval"])
def test_an_interval_longer_than_the_run_is_a_warning(name: str) -> None:
    settings: Any = {"num_iterations": 50, name: 51}
    (warning,) = alfgraph.plan(Pipeline(trainer=Trainer(**settings))).notes
    assert (warning.code, warning.severity, warning.path) == ("W504", "warning", "trainer")
    assert warning.message.startswith(f"{name}=51 is longer than the run of 50 iterations")
    assert warning.help[0].text == f"{name}=5 gives ten"
    assert alfgraph.plan(Pipeline(trainer=Trainer(**(settings | {name: 50})))).notes == ()


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
    schedule = alfgraph.plan(Pipeline(trainer=trainer)).schedule
    assert (schedule.iterations, schedule.env_steps) == (iterations, env_steps)


@pytest.mark.parametrize("num_envs", [1, 3])
@pytest.mark.parametrize("unroll_length", [1, 5])
def test_on_policy_is_one_update_on_all_of_the_rollout(num_envs: int, unroll_length: int) -> None:
    graph = Pipeline(
        env=GymEnv(num_envs=num_envs),
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=unroll_length),
    )
    plan = alfgraph.plan(graph)
    assert plan.schedule.updates_per_iteration == 1
    assert plan.schedule.env_steps_per_iteration == num_envs * unroll_length
    assert phase(plan, "update").axes == f"[T={unroll_length}, B={num_envs}]"
    seen = called_with(graph, "actor_critic_loss", iterations=2)
    assert seen == [(unroll_length, num_envs)] * 2
