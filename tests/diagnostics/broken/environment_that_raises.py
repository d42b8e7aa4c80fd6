import gymnasium

from alfgraph.components import GymEnv, Pipeline


class Broken(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,))
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self):
        raise RuntimeError("no display")


graph = Pipeline(env=GymEnv(make=Broken))
