from alfgraph.components import ActorCritic, Pipeline
from alfgraph.components.algorithms.actor_critic import Acted


class Forgetful(ActorCritic):
    def update(self):
        taken, steps = self.rollout.read(Acted), self.rollout.steps()
        value = self.critic(steps).value
        target = self.returns(steps)
        loss = self.loss(
            taken, advantage=target.advantage, returns=target.returns, value=value[:-1]
        )
        self.optimizer(loss.loss)


graph = Pipeline(algorithm=Forgetful())
