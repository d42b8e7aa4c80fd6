from alfgraph.components import ActorCritic, Pipeline


class Cut(ActorCritic):
    def update(self):
        steps = self.rollout.steps()
        value = self.critic(steps).value.detach()
        target = self.returns(steps, value=value)
        self.optimizer(((value[:-1] - target.returns) ** 2).mean())


graph = Pipeline(algorithm=Cut())
