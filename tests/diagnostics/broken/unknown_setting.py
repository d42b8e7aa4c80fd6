from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_env=8),
)
