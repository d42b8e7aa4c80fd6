from alfgraph.components import ActorCritic, ActorDistributionNetwork, Pipeline

graph = Pipeline(algorithm=ActorCritic(actor=ActorDistributionNetwork(activation="tahn")))
