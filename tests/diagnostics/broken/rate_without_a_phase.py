from alfgraph.components import ActorCritic, OnPolicy, Pipeline, Rate


class Dreams(OnPolicy):
    dream: Rate = Rate(every=4)


graph = Pipeline(algorithm=ActorCritic(schedule=Dreams()))
