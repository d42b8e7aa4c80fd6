"""A small Q-learning board for the tests of replay buffers."""

from typing import Any

from torch import Tensor, nn

from alfgraph.components import (
    SGD,
    Algorithm,
    Loss,
    Network,
    OffPolicy,
    Optimizer,
    ReplayBuffer,
    Schedule,
    TimeStep,
)
from alfgraph.specs.step_types import LAST
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire


class Values(Network):
    """A linear layer on the observation."""

    observation = In("float32[*batch, n]", role="observation")
    values = Out("float32[*batch, 2]")

    def build(self, n: int) -> nn.Module:
        return nn.Linear(n, 2)


class Greedy(Component):
    """The best action."""

    values = In("float32[*batch, 2]")
    action = Out("int64[*batch] in [0, 2)")

    def forward(self, values: Tensor) -> Tensor:
        return values.argmax(-1)


class SquaredError(Loss):
    """One-step errors, averaged over transitions that do not start at LAST."""

    step_type = In("int32[T, *batch]", role="step_type")
    action = In("int64[T, *batch] in [0, 2)")
    values = In("float32[T, *batch, 2]")
    next_values = In("float32[T, *batch, 2]", detach=True)
    reward = In("float32[T, *batch]", role="reward")
    discount = In("float32[T, *batch]", role="discount")
    weight = In("float32[T, *batch]")
    loss = Out("float32[]")

    def forward(  # noqa: PLR0913, PLR0917  (one argument for each port)
        self,
        step_type: Tensor,
        action: Tensor,
        values: Tensor,
        next_values: Tensor,
        reward: Tensor,
        discount: Tensor,
        weight: Tensor,
    ) -> Tensor:
        target = reward + 0.9 * discount * next_values.amax(-1)
        error = values.gather(-1, action.unsqueeze(-1)).squeeze(-1) - target
        valid = (step_type != LAST) * weight
        return (valid * error.square()).sum() / valid.sum().clamp(min=1.0)


class Taken(Record):
    """What one step records."""

    step: TimeStep
    action: Wire


class QLearning(Algorithm):
    """Q-learning from a replay buffer."""

    values: Values = Values()
    greedy: Greedy = Greedy()
    replay: ReplayBuffer = ReplayBuffer(max_length=50)
    error: SquaredError = SquaredError()
    optimizer: Optimizer = SGD(lr=1e-3)
    schedule: Schedule = OffPolicy(unroll_length=4, mini_batch_size=8)

    def unroll(self, step: TimeStep) -> Wire:
        action = self.greedy(self.values(step).values).action
        self.replay.write(Taken(step=step, action=action))
        return action

    def update(self) -> None:
        sample = self.replay.sample(Taken)
        later = sample.steps[1:]
        loss = self.error(
            sample.item.step,
            action=sample.item.action,
            values=self.values(sample.item.step).values,
            next_values=self.values(later).values,
            reward=later.reward,
            discount=later.discount,
            weight=sample.importance_weight,
        )
        self.optimizer(loss.loss)

    def predict(self, step: TimeStep) -> Wire:
        return self.greedy(self.values(step).values).action


def stored(program: Any, name: str) -> Tensor:
    """All rows of a leaf, [rows, B]; the ring is not full yet."""
    replay = program.buffers["algorithm.replay"]
    assert replay.position <= replay.ring.max_length
    (rows,) = replay.rows.targets[name]
    written: Tensor = rows[: replay.position].to(replay.rows.places[name][0].dtype)
    return written
