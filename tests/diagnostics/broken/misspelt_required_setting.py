from alfgraph.components import ActorCritic, Adam, LinearAnnealing, Pipeline

graph = Pipeline(
    algorithm=ActorCritic(optimizer=Adam(lr=LinearAnnealing(first=1e-3, end=0.0))),
)
