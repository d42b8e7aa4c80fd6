"""A vector reward end to end: the value head's width follows, gamma is one per dimension."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import (
    GAE,
    PPO,
    ActorCritic,
    Algorithm,
    GymEnv,
    MonteCarlo,
    OnPolicy,
    Pipeline,
    Transform,
)
from alfgraph.diagnostics.errors import AlfgraphError
from alfgraph.wiring.ports import In, Out
from tests.whole_boards.driving import are_equal, parameters, started, trained
from tests.whole_boards.worlds import Goods


class Scalarize(Transform):
    """One number from several rewards."""

    weights: tuple[float, ...] = (1.0, 0.5, 0.1)
    reward = In("float32[*batch, k]", role="reward")
    out = Out("float32[*batch]", role="reward")

    def forward(self, reward: Any) -> Any:
        return reward @ torch.tensor(self.weights)


def board(algorithm: Algorithm) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=Goods, num_envs=2), algorithm=algorithm, schedule=OnPolicy(unroll_length=4)
    )


def zero_values(critic: Any) -> None:
    with torch.no_grad():
        critic.last.weight.zero_()
        critic.last.bias.zero_()


def test_the_width_of_the_value_follows_from_the_reward() -> None:
    program = started(board(ActorCritic()))
    critic = program.modules["algorithm.critic"]
    assert critic.last.weight.shape == (3, 64)
    assert "# float32[5, 2, 3]" in program.plan.code  # the value of T+1 steps


def test_every_dimension_has_its_own_discount() -> None:
    """Rewards of the four actions: [1, 1, 1, 1], [1, 2, 3, 4] and zeros; then it terminates.

    gamma 0:   the next reward;
    gamma 0.5: 1 + 2/2 + 3/4 + 4/8 = 3.25, 2 + 3/2 + 4/4 = 4.5, 3 + 4/2 = 5, 4.
    """
    algorithm = ActorCritic(returns=MonteCarlo(gamma=(0.0, 0.5, 0.9)))
    program = started(board(algorithm))
    returns: list[Any] = []
    compute = program.namespace["monte_carlo"]

    def listen(*inputs: Any) -> Any:
        advantage, target = compute(*inputs)
        returns.append(target[:, 0])
        return advantage, target

    program.namespace["monte_carlo"] = listen
    zero_values(program.modules["algorithm.critic"])
    with program.generators():
        program.namespace["iteration"]()
    expected = [[1.0, 3.25, 0.0], [1.0, 4.5, 0.0], [1.0, 5.0, 0.0], [1.0, 4.0, 0.0]]
    torch.testing.assert_close(returns[0], torch.tensor(expected))


@pytest.mark.parametrize("kind", [ActorCritic, PPO])
def test_training_moves_every_row_of_the_value_head_and_repeats(kind: type[ActorCritic]) -> None:
    graph = Pipeline(
        env=GymEnv(make=Goods, num_envs=2),
        algorithm=kind(returns=GAE(gamma=(0.99, 0.9, 0.5))),
    )
    before = parameters(started(graph))
    after = parameters(trained(graph, 2))
    moved = (after["algorithm.critic:last.weight"] - before["algorithm.critic:last.weight"]).abs()
    assert bool((moved.sum(1) > 0).all())
    assert are_equal(after, parameters(trained(graph, 2)))


def test_a_transform_makes_one_number_of_it() -> None:
    graph = Pipeline(
        env=GymEnv(make=Goods, num_envs=2),
        transforms=(Scalarize(),),
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=3),
    )
    program = trained(graph, 2)
    assert program.modules["algorithm.critic"].last.weight.shape == (1, 64)
    (reward,) = program.buffers["algorithm.rollout"].steps("step.reward")
    # iteration 2 begins at time 3: rewards 1 + 0.5 t of times 3 and 4, then FIRST, then time 1
    torch.testing.assert_close(reward[:, 0], torch.tensor([2.5, 3.0, 0.0, 1.5]))


def test_a_wrong_number_of_discounts_is_found_by_the_check() -> None:
    with pytest.raises(AlfgraphError, match="gamma"):
        alfgraph.plan(board(ActorCritic(returns=GAE(gamma=(0.9, 0.5)))))
