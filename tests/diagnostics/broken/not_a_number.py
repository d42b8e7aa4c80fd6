from alfgraph.components import ActorCritic, Adam, Pipeline

graph = Pipeline(algorithm=ActorCritic(optimizer=Adam(lr=float("nan"))))
