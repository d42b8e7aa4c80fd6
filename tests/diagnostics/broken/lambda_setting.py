from alfgraph.components import FunctionalReward, Pipeline

graph = Pipeline(transforms=(FunctionalReward(function=lambda reward: reward / 10),))
