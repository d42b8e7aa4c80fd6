from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(env=GymEnv(id="Acrobot-v1"), num_envs=8)
