from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(env=GymEnv(id="CartPole-v1", kwargs={"gravity": "low"}))
