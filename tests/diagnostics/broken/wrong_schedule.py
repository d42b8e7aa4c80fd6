from alfgraph.components import PPO, OnPolicy, Pipeline

graph = Pipeline(algorithm=PPO(), schedule=OnPolicy(unroll_length=8))
