from alfgraph.components import ActorCritic, Pipeline


class Counting(ActorCritic):
    count: int = 0

    def unroll(self, step):
        self.count += 1
        return super().unroll(step)


graph = Pipeline(algorithm=Counting())
