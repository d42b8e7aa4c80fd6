from alfgraph.components import Pipeline, RewardScaling

graph = Pipeline(transforms=(RewardScaling(scale=float("inf")),))
