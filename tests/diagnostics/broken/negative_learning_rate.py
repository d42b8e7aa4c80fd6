from alfgraph.components import PPO, Adam, Pipeline

graph = Pipeline(algorithm=PPO(optimizer=Adam(lr=-3e-4)))
