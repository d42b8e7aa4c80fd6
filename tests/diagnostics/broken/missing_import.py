from alfgraph.components import Pipeline

graph = Pipeline(algorithm=PPO())
