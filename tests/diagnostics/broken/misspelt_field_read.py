from alfgraph.components import ActorCritic, Pipeline


class Board(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        step = step.replace(reward=step.rewrad * 0.1)
        self.env.feed(action=self.algorithm.unroll(step))


graph = Board()
