from alfgraph.components import ActorCritic, Pipeline

graph = Pipeline(algorithm=ActorCritic(optimizer=None))
