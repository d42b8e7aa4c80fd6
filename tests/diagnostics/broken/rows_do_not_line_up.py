from alfgraph.components import ActorCritic, Pipeline
from alfgraph.components.algorithms.actor_critic import Acted


class Shifted(ActorCritic):
    def update(self):
        taken, steps = self.rollout.read(Acted), self.rollout.steps()
        value = self.critic(steps).value
        target = self.returns(steps, value=value)
        loss = self.loss(taken, advantage=target.advantage, returns=target.returns, value=value)
        self.optimizer(loss.loss)


graph = Pipeline(algorithm=Shifted())
