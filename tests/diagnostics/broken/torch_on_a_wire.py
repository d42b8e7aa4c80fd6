import torch

from alfgraph.components import ActorCritic, Pipeline


class Clamping(Pipeline):
    algorithm: ActorCritic = ActorCritic()

    def unroll(self):
        step = self.env().step
        step = step.replace(reward=torch.clamp(step.reward, -1, 1))
        self.env.feed(action=self.algorithm.unroll(step))


graph = Clamping()
