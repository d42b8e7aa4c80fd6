from alfgraph.components import PPO, Pipeline

graph = Pipeline(algorithm=PPO)
