from alfgraph.components import ActorCritic, Pipeline


class Choosing(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        if step.reward > 0:
            step = step.replace(reward=step.reward * 2)
        self.env.feed(action=self.algorithm.unroll(step))


graph = Choosing()
