from alfgraph.components import ActorCritic, Adam, Pipeline

graph = Pipeline(algorithm=ActorCritic(optimizer=Adam(learning_rate=3e-4)))
