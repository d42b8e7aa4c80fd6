"""check_algorithm and check_board name the part that makes a run unrepeatable or unresumable."""

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from alfgraph.components import (
    DQN,
    PPO,
    SGD,
    ActorCritic,
    Adam,
    Epochs,
    OffPolicy,
    OnPolicy,
    ReplayBuffer,
    ValueNetwork,
)
from alfgraph.components.buffers.replay_rows import ReplayRows
from alfgraph.components.optimizers.flat_optimizer import FlatOptimizer
from alfgraph.diagnostics.errors import WiringError
from alfgraph.testing import ContractError, check_algorithm, check_component
from tests.testing.worlds import Walk, World, opening

_COUNT = itertools.count()
SHORT = OnPolicy(unroll_length=4)
REPLAYED = OffPolicy(unroll_length=4, initial_collect_steps=24, mini_batch_size=8)


class Still(Adam):
    def build(self, parameters: Any) -> FlatOptimizer:
        class Frozen(FlatOptimizer):
            def apply(self) -> None:
                pass

        return Frozen(parameters, self.rule(), lr=1e-3)


class Forgetful(Adam):
    def build(self, parameters: Any) -> FlatOptimizer:
        class Amnesic(FlatOptimizer):
            def load_state(self, state: Any) -> None:
                pass

        return Amnesic(parameters, self.rule(), lr=1e-3)


class Sieve(ReplayBuffer):
    def build(self, layout: Any) -> ReplayRows:
        class Leaky(ReplayRows):
            def load_state(self, state: Any) -> None:
                super().load_state(state)
                self.rows.blocks[0].zero_()

        return Leaky(layout, self.ring())


class Handled(ReplayBuffer):
    def build(self, layout: Any) -> ReplayRows:
        class Odd(ReplayRows):
            def state(self) -> dict[str, Any]:
                return super().state() | {"handle": object()}

        return Odd(layout, self.ring())


class Drifting(ValueNetwork):
    def build(self, observation: Any, r: tuple[int, ...]) -> nn.Module:
        made = super().build(observation, r)
        for parameter in made.parameters():
            parameter.data.add_(next(_COUNT) * 1e-3)
        return made


class Amnesia(Walk):
    def load_state(self, state: Any) -> None:
        super().load_state(state | {"place": state["place"] * 0})


def refused(algorithm: Any, **options: Any) -> ContractError:
    with pytest.raises(ContractError) as caught:
        check_algorithm(algorithm, **options)
    return caught.value


@pytest.mark.parametrize(
    ("algorithm", "schedule"),
    [
        (ActorCritic(optimizer=Adam(lr=1e-3)), SHORT),
        (ActorCritic(optimizer=SGD(lr=1e-2)), SHORT),
        (PPO(optimizer=Adam(lr=1e-3)), Epochs(unroll_length=4, epochs=2, mini_batch_size=4)),
        (DQN(), REPLAYED),
    ],
    ids=["ac", "sgd", "ppo", "dqn"],
)
def test_the_parts_bin_passes(algorithm: Any, schedule: Any) -> None:
    check_algorithm(algorithm, World(), schedule=schedule)


def test_check_component_tries_algorithms_on_cart_pole() -> None:
    check_component(ActorCritic(optimizer=Adam(lr=1e-3)))


def test_an_optimizer_that_moves_nothing() -> None:
    (found,) = refused(ActorCritic(optimizer=Still()), schedule=SHORT).diagnostics
    assert found.message.startswith("`algorithm.optimizer` has moved none of the parameters")
    assert "`algorithm.actor`" in found.message
    assert found.facts[0].subject == "algorithm.optimizer"
    assert found.source is not None
    assert found.source.line == Still.build.__code__.co_firstlineno


def test_an_optimizer_that_forgets() -> None:
    (found,) = refused(ActorCritic(optimizer=Forgetful()), schedule=SHORT).diagnostics
    assert found.message.startswith("`algorithm.optimizer` forgets: saved after iteration 1 and")
    assert "its optimizers differ (" in found.message


def test_a_buffer_that_forgets() -> None:
    (found,) = refused(DQN(replay=Sieve()), env=World(), schedule=REPLAYED).diagnostics
    assert found.message.startswith("`algorithm.replay` forgets: saved after iteration 1")
    assert "its buffers differ" in found.message
    assert "storage's `state()`" in found.help[0].text


def test_a_state_that_cannot_be_stored() -> None:
    (found,) = refused(DQN(replay=Handled()), env=World(), schedule=REPLAYED).diagnostics
    assert "handle" in found.message


def test_a_network_that_is_not_seeded() -> None:
    network = ActorCritic(optimizer=Adam(lr=1e-3), critic=Drifting())
    (found,) = refused(network, schedule=SHORT).diagnostics
    assert found.message.startswith("`algorithm.critic` is not repeatable: run twice with one seed")
    assert "a generator made without a seed" in found.help[0].text


def test_an_environment_that_forgets() -> None:
    learner = ActorCritic(optimizer=Adam(lr=1e-3))
    (found,) = refused(learner, env=opening(Amnesia), schedule=SHORT).diagnostics
    assert found.message.startswith("`env` forgets: saved after iteration 0")
    assert "check_environment" in found.help[0].text


def test_a_board_that_does_not_check_says_so_itself() -> None:
    with pytest.raises(WiringError, match="E120"):
        check_algorithm(ActorCritic(optimizer=None))


def test_trying_leaves_the_generators_as_they_were() -> None:
    before = torch.get_rng_state()
    check_algorithm(ActorCritic(optimizer=Adam(lr=1e-3)), World(), schedule=SHORT)
    assert torch.equal(torch.get_rng_state(), before)
