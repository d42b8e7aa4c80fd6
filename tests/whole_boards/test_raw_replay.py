"""A replay buffer holds raw time steps; transforms are applied again to what it samples."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import alfgraph
from alfgraph.components import (
    MLP,
    PPO,
    SGD,
    ActorDistributionNetwork,
    Algorithm,
    Epochs,
    FrameStack,
    GymEnv,
    Loss,
    OffPolicy,
    Optimizer,
    Pipeline,
    PolicyNetwork,
    ReplayBuffer,
    Schedule,
    Transform,
)
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.step_types import FIRST
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import Clock


class Tick(Operation):
    """Takes one more batch into account."""

    observation = In("float32[*batch, n]")


class Shift(nn.Module):
    by: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("by", torch.zeros(()))

    def tick(self, observation: Tensor) -> None:
        self.by += 100.0

    def forward(self, observation: Tensor) -> Tensor:
        return observation + self.by


class Moving(Transform):
    """Adds 100 for every time step made so far: statistics that move."""

    observation = In("float32[*batch, n]", role="observation")
    out = Out("float32[*batch, n]", role="observation")
    tick = Tick()

    def build(self) -> nn.Module:
        return Shift()

    def unroll(self, step: TimeStep) -> TimeStep:
        self.tick(step.observation)
        return self.apply(step)


class Transition(Record):
    """What the buffer holds."""

    step: TimeStep
    action: Wire
    seen: Wire


class Guess(Loss):
    """Mean square of what the network says of the step after."""

    guess = In("float32[T, *batch, k]")
    observation = In("float32[T, *batch, n]")
    later = In("float32[T, *batch, n]")
    seen = In("float32[T, *batch, n]")
    step_type = In("int32[T+1, *batch]")
    loss = Out("float32[]", role="loss")

    def forward(
        self, guess: Tensor, observation: Tensor, later: Tensor, seen: Tensor, step_type: Tensor
    ) -> Tensor:
        return (guess.mean(-1) - later.mean(-1)).square().mean() * 1e-4


class Remembering(Algorithm):
    """Learns from a memory; acts at random."""

    actor: PolicyNetwork = ActorDistributionNetwork(hidden=(), frozen=True)
    model: MLP = MLP(hidden=(3,), activation="identity")
    replay: ReplayBuffer = ReplayBuffer(max_length=50)
    guess: Guess = Guess()
    optimizer: Optimizer = SGD(lr=1e-6)
    schedule: Schedule = OffPolicy(
        unroll_length=4, mini_batch_size=5, mini_batch_length=2, num_updates_per_train_iter=3
    )

    def unroll(self, step: TimeStep) -> Wire:
        action = self.actor(step).policy.sample()
        self.replay.write(Transition(step=step, action=action, seen=step.observation))
        return action

    def predict(self, step: TimeStep) -> Wire:
        return self.actor(step).policy.mode()

    def update(self) -> None:
        sample = self.replay.sample(Transition)
        now, later = sample.steps[:-1], sample.steps[1:]
        loss = self.guess(
            self.model(now.observation).out,
            observation=now.observation,
            later=later.observation,
            seen=sample.item.seen,
            step_type=sample.steps.step_type,
        )
        self.optimizer(loss.loss)


def board(*transforms: Transform) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=Clock, num_envs=2), transforms=transforms, algorithm=Remembering()
    )


def listened(program: Any) -> list[tuple[Tensor, ...]]:
    """What the loss gets: guess, observation, later, seen, step_type."""
    heard: list[tuple[Tensor, ...]] = []
    compute = program.namespace["guess"]

    def listen(*inputs: Tensor) -> Any:
        heard.append(inputs)
        return compute(*inputs)

    program.namespace["guess"] = listen
    return heard


def test_the_buffer_holds_what_the_environment_gave() -> None:
    program = trained(board(Moving()), 2)
    replay = program.buffers["algorithm.replay"]
    rows = torch.arange(8) * 2  # environment 0
    observation, seen = replay.read(rows.numpy(), ("step.observation", "seen"))
    assert observation[0, :, 0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert seen[0, :, 0].tolist() == [100, 201, 302, 403, 504, 600, 701, 802]


def test_sampled_steps_have_the_statistics_of_the_moment() -> None:
    """After 8 ticks everything sampled is shifted by 800, whenever it was stored."""
    program = trained(board(Moving()), 1)
    heard = listened(program)
    iterate(program)
    assert len(heard) == 3
    for _, observation, later, _, step_type in heard:
        assert observation.shape == (2, 5, 1)
        assert ((observation >= 800) & (observation <= 804)).all()
        expected = torch.where(step_type[1:] == FIRST, 800.0, observation[..., 0] + 1.0)
        assert torch.equal(later[..., 0], expected)


def test_the_transform_is_drawn_in_both_phases() -> None:
    plan = alfgraph.plan(board(Moving()))
    update = plan.code.partition("def update(")[2].partition("\ndef ")[0]
    assert "= moving(observation)" in update
    assert "moving.tick" not in update
    assert plan.code.count("moving.tick(") == 1  # where the policy acts
    assert {b.path: b.gradient for b in plan.buffers} == {"algorithm.replay": "no grad"}


def test_a_rollout_buffer_holds_what_the_policy_saw() -> None:
    graph = Pipeline(
        env=GymEnv(make=Clock, num_envs=2),
        transforms=(Moving(),),
        algorithm=PPO(),
        schedule=Epochs(unroll_length=4),
    )
    program = trained(graph, 1)
    (observation,) = program.buffers["algorithm.rollout"].steps("step.observation")
    assert observation[:, 0, 0].tolist() == [100, 201, 302, 403, 504]


def test_a_transform_with_context_gets_earlier_rows() -> None:
    """Two frames, the newest last: they differ by 1, but where an episode begins."""
    program = trained(board(FrameStack(size=2)), 4)
    heard = listened(program)
    iterate(program, 3)
    for _, observation, _, seen, step_type in heard:
        assert observation.shape == (2, 5, 2)
        frames = observation.sort(-1).values
        difference = frames[..., 1] - frames[..., 0]
        assert torch.equal(difference == 0.0, step_type[:-1] == FIRST)
        assert torch.equal(observation, seen)


@pytest.mark.parametrize("transforms", [(), (Moving(),), (Moving(), FrameStack(size=3))])
def test_training_repeats_bit_for_bit(transforms: tuple[Transform, ...]) -> None:
    graph = board(*transforms)
    first, second = (parameters(trained(graph, 3)) for _ in range(2))
    assert are_equal(first, second)
    assert not are_equal(first, parameters(started(graph)))
