from alfgraph.components import ActorCritic, Pipeline


class Undecided(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        self.env.feed(action=self.algorithm.unroll(step))
        self.env.feed(action=self.algorithm.actor(step).policy.mode())


graph = Undecided()
