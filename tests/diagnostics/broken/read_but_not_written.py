from alfgraph.components import ActorCritic, Pipeline


class Unwritten(ActorCritic):
    def unroll(self, step):
        return self.actor(step).policy.sample()


graph = Pipeline(algorithm=Unwritten())
