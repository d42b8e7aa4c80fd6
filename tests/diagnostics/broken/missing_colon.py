from alfgraph.components import ActorCritic, Pipeline


class Board(Pipeline)
    algorithm: ActorCritic = ActorCritic()


graph = Board()
