import os

from alfgraph.components import GymEnv, Pipeline

graph = Pipeline(env=GymEnv(num_envs=int(os.environ["ABSENT_NUM_ENVS"])))
