from alfgraph.components import ActorCritic, Pipeline


class Board(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        self.env.feed(actions=self.algorithm.unroll(self.env().step))


graph = Board()
