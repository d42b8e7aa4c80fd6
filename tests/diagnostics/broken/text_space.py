import gymnasium

from alfgraph.components import GymEnv, Pipeline


class Speaking(gymnasium.Env):
    observation_space = gymnasium.spaces.Text(8)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        return "hello", {}

    def step(self, action):
        return "hello", 0.0, False, False, {}


graph = Pipeline(env=GymEnv(make=Speaking))
