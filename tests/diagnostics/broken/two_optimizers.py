from alfgraph.components import ActorCritic, Adam, Optimizer, Pipeline


class Greedy(ActorCritic):
    second: Optimizer = Adam(lr=1e-4)

    def update(self):
        loss = super().update()
        self.second(loss)


graph = Pipeline(algorithm=Greedy())
