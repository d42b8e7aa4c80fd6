"""Metrics of one's own: parts that are called to be logged."""

from typing import Any

import torch
from torch import Tensor, nn

from alfgraph import Component, In, Out
from alfgraph.components import ActorCritic, GymEnv, OnPolicy, Pipeline, Trainer


class Tilt(Component):
    """How far each pole leans."""

    observation = In("float32[*batch, n]")
    tilt = Out("float32[*batch]", monitor=True)

    def forward(self, observation: Tensor) -> Tensor:
        return observation[..., 2].abs()


class Rows(nn.Module):
    """Counts what it has seen; a buffer, so that a resumed run goes on counting."""

    seen: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        self.seen += observation.shape[0]
        return self.seen.float(), torch.full((), torch.nan)


class Seen(Component):
    """Observations so far, and something of which there is never anything to report."""

    observation = In("float32[*batch, n]")
    rows = Out("float32[]", monitor=True)
    never = Out("float32[]", monitor=True)

    def build(self) -> nn.Module:
        return Rows()


class Measured(Pipeline):
    """Actor-critic, measured at every step."""

    tilt: Tilt = Tilt()
    seen: Seen = Seen()

    def unroll(self) -> None:
        step: Any = self.env().step
        self.tilt(step.observation)
        self.seen(step.observation)
        self.env.feed(action=self.algorithm.unroll(step))


graph = Measured(
    env=GymEnv(id="CartPole-v1", num_envs=4),
    algorithm=ActorCritic(),
    schedule=OnPolicy(unroll_length=6),
    trainer=Trainer(num_iterations=6, num_checkpoints=3, num_eval_episodes=1),
)
