from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(env=GymEnv(num_envs=0))
