from alfgraph import Record, Wire
from alfgraph.components import ActorCritic, Pipeline, TimeStep


class Moved(Record):
    step: TimeStep
    action: Wire


class Confused(ActorCritic):
    def unroll(self, step):
        action = self.actor(step).policy.sample()
        self.rollout.write(Moved(step=step, action=action))
        return action

    def update(self):
        taken, steps = self.rollout.read(TimeStep), self.rollout.steps()
        policy = self.actor(taken.step).policy
        value = self.critic(steps).value
        target = self.returns(steps, value=value)
        loss = self.loss(
            taken.step,
            log_prob=policy.log_prob(taken.action),
            entropy=policy.entropy(),
            advantage=target.advantage,
            returns=target.returns,
            value=value[:-1],
        )
        self.optimizer(loss.loss)


graph = Pipeline(algorithm=Confused())
