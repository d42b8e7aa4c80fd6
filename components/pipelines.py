"""Pipeline: environment, transforms, algorithm; the loop most boards are."""

from __future__ import annotations

from alfgraph.components.algorithms.actor_critic import ActorCritic
from alfgraph.components.envs.gym_env import GymEnv
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.environment import Environment
from alfgraph.families.graph import Graph
from alfgraph.families.trainer import Trainer
from alfgraph.families.transform import Transform
from alfgraph.wiring.schedule import Schedule


class Pipeline(Graph):
    """Environment -> transforms -> algorithm -> environment.

    Attributes:
        env: where it acts.
        transforms: what time steps go through, in order.
        algorithm: what learns.
        schedule: None: the algorithm's own.
        trainer: how long, what to log, when to save.
    """

    env: Environment = GymEnv()
    transforms: tuple[Transform, ...] = ()
    algorithm: Algorithm = ActorCritic()
    schedule: Schedule | None = None
    trainer: Trainer = Trainer()

    def unroll(self) -> None:
        """Every environment step; the action is read at the next tick (z⁻¹)."""
        step = self.env().step
        for transform in self.transforms:
            step = transform.unroll(step)
        self.env.feed(action=self.algorithm.unroll(step))

    def predict(self) -> None:
        """The same with frozen statistics and the greedy action, in environments of its own."""
        step = self.env().step
        for transform in self.transforms:
            step = transform.predict(step)
        self.env.feed(action=self.algorithm.predict(step))
