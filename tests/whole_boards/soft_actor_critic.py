"""A small soft actor-critic on rollouts: three optimizers, a target, gradients through critics."""

from typing import Any

import torch
from torch import Tensor, nn

from alfgraph.components import (
    SGD,
    ActorDistributionNetwork,
    Algorithm,
    Loss,
    Network,
    OnPolicy,
    Optimizer,
    PolicyNetwork,
    RolloutBuffer,
    Schedule,
    Target,
)
from alfgraph.families.timestep import TimeStep
from alfgraph.specs.step_types import LAST
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire

GAMMA = 0.9


class Transition(Record):
    """What the buffer holds."""

    step: TimeStep
    action: Wire


class Scores(nn.Module):
    def __init__(self, n: int, a: int, size: int) -> None:
        super().__init__()
        self.layer = nn.Linear(n + a, size)

    def forward(self, observation: Tensor, action: Tensor) -> Tensor:
        scores: Tensor = self.layer(torch.cat([observation, action], -1))
        return scores


class Critics(Network):
    """Linear action values, two of them."""

    size: int = 2
    observation = In("float32[*batch, n]", role="observation")
    action = In("float32[*batch, a]", role="action")
    values = Out("float32[*batch, size]")

    def build(self, n: int, a: int) -> nn.Module:
        return Scores(n, a, self.size)


class LogAlpha(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.tensor(-1.0))

    def forward(self) -> tuple[Tensor, Tensor]:
        return self.log_alpha.exp(), self.log_alpha


class Temperature(Network):
    """The weight of the entropy, a parameter."""

    alpha = Out("float32[]")
    log_alpha = Out("float32[]")

    def build(self) -> nn.Module:
        return LogAlpha()


class TDError(Loss):
    """Mean squared one-step error of every critic."""

    values = In("float32[T, *batch, size]")
    next_value = In("float32[T, *batch]", detach=True)
    reward = In("float32[T, *batch]", role="reward")
    discount = In("float32[T, *batch]", role="discount")
    step_type = In("int32[T, *batch]", role="step_type")
    loss = Out("float32[]", role="loss")

    def forward(
        self, values: Tensor, next_value: Tensor, reward: Tensor, discount: Tensor, step_type: Any
    ) -> Tensor:
        target = reward + GAMMA * discount * next_value
        valid = (step_type != LAST).float().unsqueeze(-1)
        loss: Tensor = ((values - target.unsqueeze(-1)).square() * valid).mean()
        return loss


class SmallSAC(Algorithm):
    """Soft actor-critic; actor and critic losses are computed before either optimizer steps.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, Algorithm 1.
    """

    actor: PolicyNetwork = ActorDistributionNetwork(hidden=(), continuous="squashed_normal")
    critics: Critics = Critics()
    temperature: Temperature = Temperature()
    target: Target = Target(tau=0.25)
    rollout: RolloutBuffer = RolloutBuffer()
    td: TDError = TDError()
    critic_optimizer: Optimizer = SGD(lr=0.1)
    actor_optimizer: Optimizer = SGD(lr=0.1)
    temperature_optimizer: Optimizer = SGD(lr=0.1)
    target_entropy: float = -1.0
    policy_delay: int = 1
    target_period: int = 1
    schedule: Schedule = OnPolicy(unroll_length=4)

    def unroll(self, step: TimeStep) -> Wire:
        action = self.actor(step).policy.sample()
        self.rollout.write(Transition(step=step, action=action))
        return action

    def predict(self, step: TimeStep) -> Wire:
        return self.actor(step).policy.mode()

    def update(self) -> None:
        taken, steps = self.rollout.read(Transition), self.rollout.steps()
        now, later = steps[:-1], steps[1:]
        alpha = self.temperature()
        next_policy = self.actor(later).policy
        next_action = next_policy.sample()
        next_values = self.target.of(self.critics)(later.observation, next_action).values
        next_value = next_values.min(axis=-1) - alpha.alpha * next_policy.log_prob(next_action)
        values = self.critics(now.observation, taken.action).values
        td = self.td(
            values,
            next_value,
            reward=later.reward,
            discount=later.discount,
            step_type=now.step_type,
        )
        policy = self.actor(now).policy
        action = policy.rsample()
        log_prob = policy.log_prob(action)
        q = self.critics(now.observation, action).values.min(axis=-1)
        actor_loss = (alpha.alpha.detach() * log_prob - q).mean()
        temperature_loss = (-alpha.log_alpha * (log_prob + self.target_entropy).detach()).mean()
        self.critic_optimizer(td.loss, self.critics)
        self.actor_optimizer(actor_loss, self.actor, every=self.policy_delay)
        self.temperature_optimizer(temperature_loss, self.temperature)
        self.target.update(every=self.target_period)


class See(Operation):
    """Look at a number."""

    x = In("float32[]")


class Seen(nn.Module):
    last: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("last", torch.zeros(()))

    def see(self, x: Tensor) -> None:
        self.last.copy_(x.detach())


class Watch(Network):
    """Remembers the last number it saw."""

    see = See()

    def build(self) -> nn.Module:
        return Seen()
