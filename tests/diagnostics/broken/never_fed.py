from alfgraph.components import ActorCritic, Pipeline


class Idle(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        self.algorithm.unroll(self.env().step)


graph = Idle()
