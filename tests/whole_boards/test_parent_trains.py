"""`optimizer=None`: an algorithm only gives its loss, and the parent trains it."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import (
    MLP,
    SGD,
    ActorCritic,
    Algorithm,
    GymEnv,
    OnPolicy,
    Optimizer,
    Pipeline,
    Schedule,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import (
    are_equal,
    changed,
    iterate,
    parameters,
    started,
    trained,
    trains,
)
from tests.whole_boards.encoders import EncodedPolicy, EncodedValue
from tests.whole_boards.worlds import Noise

SCHEDULE = OnPolicy(unroll_length=5)


class Parent(Algorithm):
    """Trains one child."""

    child: ActorCritic = ActorCritic(optimizer=None)
    optimizer: Optimizer = SGD(lr=0.1)
    schedule: Schedule = SCHEDULE

    def unroll(self, step: TimeStep) -> Wire:
        return self.child.unroll(step)

    def predict(self, step: TimeStep) -> Wire:
        return self.child.predict(step)

    def update(self) -> None:
        self.optimizer(self.child.update())


class Two(Algorithm):
    """Trains two children on the sum of their losses; the first one acts."""

    first: ActorCritic = ActorCritic(optimizer=None)
    second: ActorCritic = ActorCritic(optimizer=None)
    optimizer: Optimizer = SGD(lr=0.1)
    schedule: Schedule = SCHEDULE

    def unroll(self, step: TimeStep) -> Wire:
        self.second.unroll(step)
        return self.first.unroll(step)

    def predict(self, step: TimeStep) -> Wire:
        return self.first.predict(step)

    def update(self) -> None:
        self.optimizer(self.first.update() + self.second.update())


def board(algorithm: Algorithm) -> Pipeline:
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=algorithm, schedule=SCHEDULE)


def renamed(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.replace("algorithm.child.", "algorithm."): p for name, p in found.items()}


def test_the_parent_trains_the_child_exactly_as_it_would_itself() -> None:
    alone = parameters(trained(board(ActorCritic(optimizer=SGD(lr=0.1))), 3))
    child = trained(board(Parent()), 3)
    assert trains(child) == {
        "algorithm.optimizer": ["algorithm.child.actor", "algorithm.child.critic"]
    }
    assert are_equal(renamed(parameters(child)), alone)


def test_the_childs_update_runs_in_the_parents_once() -> None:
    program = trained(board(Parent()), 3)
    assert program.optimizers["algorithm.optimizer"].step_count == 3
    assert [p.name for p in program.plan.phases] == ["unroll", "update", "predict"]


def test_a_child_that_nobody_trains_is_an_error() -> None:
    class Forgetful(Parent):
        def update(self) -> None:
            self.child.update()

    with pytest.raises(WiringError, match=r"(?s)E120.*`algorithm.child.actor`"):
        alfgraph.plan(board(Forgetful()))


def two(**sockets: Any) -> Two:
    encoder = MLP(hidden=(5,))

    def agent() -> ActorCritic:
        return ActorCritic(
            actor=EncodedPolicy(encoder=encoder),
            critic=EncodedValue(encoder=encoder),
            optimizer=None,
        )

    return Two(first=agent(), second=agent(), **sockets)


def test_two_children_and_one_encoder_are_trained_by_one_optimizer() -> None:
    program = trained(board(two()), 2)
    assert trains(program) == {
        "algorithm.optimizer": [
            "algorithm.first.actor.encoder",
            "algorithm.first.actor.head",
            "algorithm.first.critic.head",
            "algorithm.second.actor.head",
            "algorithm.second.critic.head",
        ]
    }
    encoder, policy, value = 4 * 5 + 5, 5 * 2 + 2, 5 + 1
    assert program.plan.optimizers[0].num_parameters == encoder + 2 * (policy + value)
    assert program.optimizers["algorithm.optimizer"].step_count == 2


def test_nothing_of_the_second_child_is_lost_for_being_inside() -> None:
    program = started(board(two()))
    before = parameters(program)
    iterate(program)
    after = parameters(program)
    assert changed(before, after) == set(program.modules)


def test_training_repeats_bit_for_bit() -> None:
    graph = board(two())
    assert are_equal(parameters(trained(graph, 3)), parameters(trained(graph, 3)))
