"""Curiosity as a board: an intrinsic reward from models that have an optimizer of their own."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from alfgraph.components import (
    SGD,
    Loss,
    Network,
    OnPolicy,
    Optimizer,
    PolicyNetwork,
    RolloutBuffer,
    Schedule,
    Transform,
)
from alfgraph.components.networks.modules.heads import CategoricalHead
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.spec import TensorSpec
from alfgraph.specs.step_types import FIRST, LAST
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out, State
from alfgraph.wiring.records import Record


class Seen(Record):
    """What the models learn from."""

    step: TimeStep


class Delay(Component):
    """The observation before this one; the same one where an episode begins."""

    observation = In("float32[*batch, n]")
    step_type = In("int32[*batch]")
    before = State("float32[*batch, n]")
    out = Out("float32[*batch, n]")

    def forward(self, observation: Tensor, step_type: Tensor, before: Tensor) -> Any:
        first = (step_type == FIRST).unsqueeze(-1)
        return torch.where(first, observation, before), observation


class NextObservation(nn.Module):
    def __init__(self, n: int, actions: int) -> None:
        super().__init__()
        self.actions = actions
        self.layer = nn.Linear(n + actions, n)

    def forward(self, observation: Tensor, action: Tensor) -> Tensor:
        taken = functional.one_hot(action, self.actions).to(observation.dtype)
        prediction: Tensor = self.layer(torch.cat([observation, taken], -1))
        return prediction


class ForwardModel(Network):
    """Where an action leads."""

    observation = In("float32[*batch, n]")
    action = In("action[*batch]")
    prediction = Out("float32[*batch, n]")

    def build(self, n: int, action: TensorSpec) -> nn.Module:
        return NextObservation(n, int(action.high) + 1)  # type: ignore[arg-type]


class Between(nn.Module):
    def __init__(self, n: int, actions: int) -> None:
        super().__init__()
        self.head = CategoricalHead(2 * n, actions)

    def forward(self, observation: Tensor, later: Tensor) -> Any:
        return self.head(torch.cat([observation, later], -1))


class InverseModel(PolicyNetwork):
    """Which action led from one observation to the next."""

    observation = In("float32[*batch, n]")
    later = In("float32[*batch, n]")

    def build(self, n: int, action: TensorSpec) -> nn.Module:
        return Between(n, int(action.high) + 1)  # type: ignore[arg-type]


class Surprise(Component):
    """Mean square of what was not foreseen; 0 where nothing led here."""

    prediction = In("float32[*batch, n]")
    observation = In("float32[*batch, n]")
    step_type = In("int32[*batch]")
    out = Out("float32[*batch]")

    def forward(self, prediction: Tensor, observation: Tensor, step_type: Tensor) -> Tensor:
        error = (prediction - observation).square().mean(-1)
        return error * (step_type != FIRST)


class CuriosityLoss(Loss):
    """Surprise and the inverse model's negative log-likelihood, over real transitions."""

    surprise = In("float32[*batch]")
    log_prob = In("float32[*batch]", role="log_prob")
    step_type = In("int32[*batch]")
    loss = Out("float32[]", role="loss")

    def forward(self, surprise: Tensor, log_prob: Tensor, step_type: Tensor) -> Tensor:
        return ((surprise - log_prob) * (step_type != LAST)).mean()


class ICM(Transform):
    """Adds `scale` x surprise to the reward.

    Source: Pathak et al. 2017, arXiv:1705.05363, without features of its own.
    """

    scale: float = 0.5
    fwd: ForwardModel = ForwardModel()
    inv: InverseModel = InverseModel()
    previous: Delay = Delay()
    surprise: Surprise = Surprise()
    loss: CuriosityLoss = CuriosityLoss()
    seen: RolloutBuffer = RolloutBuffer()
    optimizer: Optimizer | None = SGD(lr=0.01)
    schedule: Schedule = OnPolicy()

    def apply(self, step: TimeStep) -> TimeStep:
        before = self.previous(step.observation, step_type=step.step_type).out
        foreseen = self.fwd(before, step.prev_action).prediction
        surprise = self.surprise(foreseen, step.observation, step.step_type).out
        return step.replace(reward=step.reward + self.scale * surprise.detach())

    def unroll(self, step: TimeStep) -> TimeStep:
        self.seen.write(Seen(step=step))
        return self.apply(step)

    def update(self) -> None:
        steps = self.seen.steps()
        now, later = steps[:-1], steps[1:]
        foreseen = self.fwd(now.observation, later.prev_action).prediction
        surprise = self.surprise(foreseen, later.observation, later.step_type).out
        action = self.inv(observation=now.observation, later=later.observation).policy
        log_prob = action.log_prob(later.prev_action)
        loss = self.loss(surprise, log_prob, now.step_type).loss
        if self.optimizer is not None:
            self.optimizer(loss)
