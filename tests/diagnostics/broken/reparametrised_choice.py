from alfgraph.components import ActorCritic, Pipeline


class Reparametrised(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        self.algorithm.unroll(step)
        self.env.feed(action=self.algorithm.actor(step).policy.rsample())


graph = Reparametrised()
