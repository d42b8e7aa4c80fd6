import gymnasium

from alfgraph.components import GymEnv, Pipeline


def grayscale(env):
    return gymnasium.wrappers.GrayscaleObservation(env)


graph = Pipeline(env=GymEnv(id="CartPole-v1", wrappers=(grayscale,)))
