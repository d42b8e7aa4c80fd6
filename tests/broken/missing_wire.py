from alfgraph.components import ActorCritic, Pipeline


class Forgetful(ActorCritic):
    def update(self):
        steps = self.rollout.steps()
        value = self.critic(steps).value
        target = self.returns(steps)
        loss = self.loss(steps[:-1], returns=target.returns, value=value[:-1])
        self.optimizer(loss.loss)


graph = Pipeline(algorithm=Forgetful())
