from alfgraph.components import ActorCritic, Pipeline


class Unreduced(ActorCritic):
    def update(self):
        steps = self.rollout.steps()
        value = self.critic(steps).value
        entropy = self.actor(steps).policy.entropy()
        target = self.returns(steps, value=value)
        self.optimizer((value[:-1] - target.returns) ** 2 - 0.01 * entropy[:-1])


graph = Pipeline(algorithm=Unreduced())
