from alfgraph.components import PPO, Pipeline

board = Pipeline(algorithm=PPO())
