"""ALF's tutorial boards: what `plan` says and what a run does are the shapes ALF prints.

Source: reference alf.md §2.6 and §2.12, measured on ALF itself; lengths count transitions, so a
loss sees all 8 of them.
"""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import alfgraph
from alfgraph import In, Out, Record, Wire
from alfgraph.components import (
    SGD,
    ActorCritic,
    ActorDistributionNetwork,
    Adam,
    Algorithm,
    GymEnv,
    LinearAnnealing,
    Loss,
    OffPolicy,
    Optimizer,
    Pipeline,
    PolicyNetwork,
    ReplayBuffer,
    Schedule,
    TimeStep,
    ValueFunction,
    ValueNetwork,
)
from alfgraph.families.annealing import Progress
from alfgraph.families.graph import Graph
from tests.whole_boards.driving import iterate, started


def shapes(graph: Graph, name: str, iterations: int = 1) -> list[tuple[int, ...]]:
    """The batch axes of what a part of the program gets, call by call."""
    program = started(graph)
    compute = program.namespace[name]
    seen: list[tuple[int, ...]] = []

    def spy(*args: Tensor) -> Any:
        seen.append(tuple(args[0].shape))
        return compute(*args)

    program.namespace[name] = spy
    iterate(program, iterations)
    return seen


# ------------------------------------------------------------------------- minimal_example


def test_the_minimal_board_is_240_steps_and_one_update_an_iteration() -> None:
    plan = alfgraph.plan(Pipeline())
    assert (plan.schedule.num_environments, plan.schedule.unroll_length) == (30, 8)
    assert plan.schedule.env_steps_per_iteration == 240
    assert plan.schedule.updates_per_iteration == 1
    axes = {phase.name: phase.axes for phase in plan.phases}
    assert axes["unroll"] == "[B=30]"
    assert axes["update"] == "[T=8, B=30]"
    (optimizer,) = plan.optimizers
    assert optimizer.kind == "Adam"


def test_a_run_of_the_minimal_board_does_what_its_plan_says() -> None:
    acted = shapes(Pipeline(), "actor")
    assert acted[:8] == [(30, 4)] * 8  # rollout_step: torch.Size([30])
    assert shapes(Pipeline(), "actor_critic_loss") == [(8, 30)]  # calc_loss: torch.Size([8, 30])
    program = iterate(started(Pipeline()), 3)
    assert program.counters["iteration"] == 3
    assert program.counters["env_steps"] == 3 * 240


# --------------------------------------------------------------------- off_policy_interfaces


class Recorded(Record):
    """What is stored."""

    step: TimeStep
    action: Wire


class Regression(Loss):
    """Something to minimise."""

    reward = In("float32[T, *batch]", role="reward")
    value = In("float32[T, *batch]", role="value")
    loss = Out("float32[]")

    def forward(self, reward: Tensor, value: Tensor) -> Tensor:
        """Mean squared difference."""
        return nn.functional.mse_loss(value, reward)


class OffPolicyInterfaces(Algorithm):
    """ALF's tutorial algorithm: it stores, samples and trains something."""

    actor: PolicyNetwork = ActorDistributionNetwork(hidden=(8,), frozen=True)
    critic: ValueFunction = ValueNetwork(hidden=(8,))
    replay: ReplayBuffer = ReplayBuffer(max_length=64)
    regression: Regression = Regression()
    optimizer: Optimizer = Adam()
    schedule: Schedule = OffPolicy(
        unroll_length=3, mini_batch_length=2, mini_batch_size=4, num_updates_per_train_iter=2
    )

    def unroll(self, step: TimeStep) -> Wire:
        """Act and store."""
        action = self.actor(step).policy.sample()
        self.replay.write(Recorded(step=step, action=action))
        return action

    def update(self) -> Wire:
        """Regress the value on the next reward."""
        sample = self.replay.sample(Recorded)
        value = self.critic(sample.steps[:-1]).value
        loss = self.regression(reward=sample.steps.reward[1:], value=value).loss
        self.optimizer(loss)
        return loss

    def predict(self, step: TimeStep) -> Wire:
        """Act."""
        return self.actor(step).policy.mode()


def test_replayed_mini_batches_have_alfs_shapes() -> None:
    graph = Pipeline(env=GymEnv(num_envs=10), algorithm=OffPolicyInterfaces())
    plan = alfgraph.plan(graph)
    assert plan.schedule.env_steps_per_iteration == 30
    assert plan.schedule.updates_per_iteration == 2
    axes = {phase.name: phase.axes for phase in plan.phases}
    assert axes["unroll"] == "[B=10]"  # rollout_step: [10], three times
    assert axes["update"] == "[T+1=3, M=4]"  # the steps around 2 transitions
    assert shapes(graph, "regression") == [(2, 4)] * 2  # calc_loss: [2, 4]
    assert shapes(graph, "actor") == [(10, 4)] * 3


def test_a_fraction_of_a_step_is_carried_over() -> None:
    """ALF: unroll_length 2.5 unrolls 2, 3, 2, 3, …"""
    schedule = OffPolicy(unroll_length=2.5, mini_batch_size=4, num_updates_per_train_iter=1)
    board = OffPolicyInterfaces(schedule=schedule)
    program = started(Pipeline(env=GymEnv(num_envs=10), algorithm=board))
    counted = []
    for _ in range(4):
        before = program.counters["env_steps"]
        iterate(program)
        counted.append((program.counters["env_steps"] - before) // 10)
    assert counted == [2, 3, 2, 3]


# --------------------------------------------------------------------- numbers through boards


def test_the_first_std_of_alfs_normal_head() -> None:
    """softplus(0): alf.md §2.8."""
    actor = ActorDistributionNetwork(std_transform="softplus")
    program = started(
        Pipeline(env=GymEnv(id="Pendulum-v1", num_envs=2), algorithm=ActorCritic(actor=actor))
    )
    _, std = program.modules["algorithm.actor"](torch.zeros(2, 3)).tensors
    assert std.detach().flatten().tolist() == pytest.approx([0.6931] * 2, abs=1e-4)


def test_a_learning_rate_follows_its_annealing() -> None:
    """Schedules are pure functions of progress: alf.md §2.12."""
    annealed = SGD(lr=LinearAnnealing(start=1.0, end=0.0))
    program = started(Pipeline(env=GymEnv(num_envs=2), algorithm=ActorCritic(optimizer=annealed)))
    optimizer = program.optimizers["algorithm.optimizer"]
    rates = []
    with program.generators():
        for fraction in (0.0, 0.5, 0.25, 1.0):
            program.iterate(Progress(fraction=fraction))
            rates.append(optimizer.lr)
    assert rates == [1.0, 0.5, 0.75, 0.0]
