from alfgraph.components import ActorCritic, ActorDistributionNetwork, Pipeline

graph = Pipeline(algorithm=ActorCritic(critic=ActorDistributionNetwork()))
