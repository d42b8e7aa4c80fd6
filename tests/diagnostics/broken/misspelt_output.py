from alfgraph.components import ActorCritic, Pipeline


class Board(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        policy = self.algorithm.actor(step).polcy
        self.algorithm.unroll(step)
        self.env.feed(action=policy.sample())


graph = Board()
