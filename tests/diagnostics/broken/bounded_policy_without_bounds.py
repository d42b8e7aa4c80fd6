import gymnasium
import numpy

from alfgraph.components import ActorCritic, ActorDistributionNetwork, GymEnv, Pipeline


class Free(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,))
    action_space = gymnasium.spaces.Box(-numpy.inf, numpy.inf, (2,))

    def reset(self, *, seed=None, options=None):
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 0.0, False, False, {}


graph = Pipeline(
    env=GymEnv(make=Free, max_episode_steps=20),
    algorithm=ActorCritic(actor=ActorDistributionNetwork(continuous="beta")),
)
