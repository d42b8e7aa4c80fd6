from alfgraph.components import PPO, Pipeline

graph = Pipeline(algoritm=PPO())
