from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(env=GymEnv(id="CartPol-v1"))
