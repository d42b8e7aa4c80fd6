"""An environment, and no board around it."""

from alfgraph.components import GymEnv


class LongCartPole(GymEnv):
    max_episode_steps: int | None = 1000
