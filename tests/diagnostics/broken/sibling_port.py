from alfgraph.components import ActorCritic, Pipeline


class Rewarded(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        self.algorithm.unroll(step)
        self.env.feed(action=step.reward)


graph = Rewarded()
