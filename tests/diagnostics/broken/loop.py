from alfgraph import Component, In, Out
from alfgraph.components import ActorCritic, Pipeline


class Smoother(Component):
    x = In("float32[*batch]")
    past = In("float32[*batch]")
    y = Out("float32[*batch]")

    def forward(self, x, past):
        return 0.9 * past + 0.1 * x


class Looping(Pipeline):
    algorithm: ActorCritic = ActorCritic()
    smoother: Smoother = Smoother()

    def unroll(self):
        step = self.env().step
        smooth = self.smoother(x=step.reward)
        self.smoother.feed(past=smooth.y)
        self.env.feed(action=self.algorithm.unroll(step.replace(reward=smooth.y)))


graph = Looping()
