"""A board that is not Pipeline: the environment repeats actions now and then.

The environment sees the sticky action, PPO learns from the one it chose, and `predict` has none.

"""

import torch
from torch import Tensor

from alfgraph import Component, Graph, In, Out
from alfgraph.components import (
    PPO,
    Algorithm,
    Environment,
    GymEnv,
    Trainer,
)


class StickyAction(Component):
    """Repeat the previous action with probability `stickiness`, as in the Atari protocol."""

    stickiness: float = 0.1
    deterministic = False

    action = In("action[*batch]")
    prev_action = In("action[*batch]")
    out = Out("action[*batch]")

    def forward(self, action: Tensor, prev_action: Tensor) -> Tensor:
        """[B] action and the one before -> [B] the one to take."""
        repeat = torch.rand(action.shape) < self.stickiness
        return torch.where(repeat, prev_action, action)


class StickyPipeline(Graph):
    """Environment, algorithm, and sticky actions between them."""

    env: Environment = GymEnv(id="Acrobot-v1", num_envs=16)
    algorithm: Algorithm = PPO()
    sticky: StickyAction = StickyAction()
    trainer: Trainer = Trainer(num_iterations=50)

    def unroll(self) -> None:
        """The environment sees the sticky action, the algorithm its own."""
        step = self.env().step
        action = self.algorithm.unroll(step)
        self.env.feed(action=self.sticky(action, step.prev_action).out)

    def predict(self) -> None:
        """Evaluate without stickiness."""
        self.env.feed(action=self.algorithm.predict(self.env().step))


graph = StickyPipeline()
