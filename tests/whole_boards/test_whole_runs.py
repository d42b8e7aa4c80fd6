"""Every concept's board through the front door: run, evaluate; and its state continues exactly."""

from collections.abc import Callable
from typing import Any

import pytest

import alfgraph
from alfgraph.components import (
    DQN,
    PPO,
    ActorCritic,
    Epochs,
    FrameStack,
    GymEnv,
    OffPolicy,
    OnPolicy,
    Pipeline,
    Trainer,
)
from alfgraph.runtime.run import run
from tests.whole_boards import (
    test_child_optimizer,
    test_custom_phase,
    test_nested_observation,
    test_parent_trains,
    test_rates_within_a_phase,
    test_raw_replay,
    test_recurrence,
    test_replaced_phase,
    test_several_optimizers,
)
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.encoders import RememberingPolicy
from tests.whole_boards.worlds import Clock, Goods

LeakySum = test_recurrence.LeakySum


def world(algorithm: Any, make: Any = Clock, **sockets: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=make, num_envs=2), algorithm=algorithm, **sockets)


BOARDS: dict[str, Callable[[], Pipeline]] = {
    "nested": test_nested_observation.board,
    "vector": lambda: world(PPO(), Goods, schedule=Epochs(unroll_length=4)),
    "recurrent": lambda: world(PPO(actor=LeakySum()), schedule=Epochs(unroll_length=3)),
    "recurrent, live": lambda: world(
        ActorCritic(actor=LeakySum()), schedule=OnPolicy(unroll_length=3)
    ),
    "recurrent inside": lambda: world(
        PPO(actor=RememberingPolicy(head=LeakySum())),
        schedule=Epochs(unroll_length=4, mini_batch_length=2),
    ),
    "child": lambda: test_child_optimizer.board(test_child_optimizer.Agent()),
    "phases": test_custom_phase.board,
    "replay": lambda: test_raw_replay.board(test_raw_replay.Moving(), FrameStack(size=2)),
    "by hand": lambda: test_replaced_phase.board(
        PPO().replace(PPO.update, test_replaced_phase.my_update),
        schedule=test_replaced_phase.SCHEDULE,
    ),
    "several optimizers": lambda: test_several_optimizers.board(policy_delay=2, target_period=3),
    "rates": lambda: test_rates_within_a_phase.board(watch_every=3),
    "parent": lambda: test_parent_trains.board(test_parent_trains.two()),
}


@pytest.mark.parametrize("name", BOARDS)
def test_it_runs_and_is_evaluated(name: str) -> None:
    trainer = Trainer(num_iterations=2, num_eval_episodes=2, num_eval_environments=2)
    result = run(BOARDS[name]().swap(trainer=trainer), save=False, quiet=True)
    assert result.iterations == 2
    assert result.env_steps == 2 * alfgraph.plan(BOARDS[name]()).schedule.env_steps_per_iteration
    assert result.return_mean == result.return_mean  # not NaN: it was evaluated


@pytest.mark.parametrize("name", BOARDS)
def test_its_state_continues_exactly(name: str) -> None:
    graph = BOARDS[name]()
    uninterrupted = trained(graph, 5)
    before = trained(graph, 3)
    after = started(graph, seed=1)
    after.load_state(before.save_point())
    iterate(after, 2)
    assert are_equal(parameters(after), parameters(uninterrupted))


@pytest.mark.parametrize("name", BOARDS)
def test_its_plan_prints(name: str) -> None:
    plan = alfgraph.plan(BOARDS[name]())
    assert plan.name in plan.text()
    assert "None" not in plan.text()
    assert "algorithm" in alfgraph.render(BOARDS[name](), "txt")


def test_a_program_counts_and_ends_its_collection_by_itself() -> None:
    """Driven as a library, with nobody looking: the loop's own text advances what it depends on."""
    schedule = OffPolicy(initial_collect_steps=12, random_actions=True, mini_batch_size=4)
    graph = Pipeline(env=GymEnv(num_envs=3), algorithm=DQN(schedule=schedule))
    program = started(graph)
    before = parameters(program)
    iterate(program, 3)
    assert (program.counters["iteration"], program.counters["env_steps"]) == (3, 9)
    assert are_equal(before, parameters(program)), "still collecting"
    iterate(program)
    assert (program.counters["iteration"], program.counters["env_steps"]) == (4, 12)
    assert not are_equal(before, parameters(program))
