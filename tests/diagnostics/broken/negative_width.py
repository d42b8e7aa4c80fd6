from alfgraph.components import ActorCritic, ActorDistributionNetwork, Pipeline

graph = Pipeline(
    algorithm=ActorCritic(actor=ActorDistributionNetwork(hidden=(64, -64))),
)
