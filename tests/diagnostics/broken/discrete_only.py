import torch

from alfgraph import Component, In, Out
from alfgraph.components import ActorCritic, GymEnv, Pipeline


class Greedy(Component):
    """Takes only one of n actions."""

    action = In("int64[*batch] in [0, n)")
    out = Out("int64[*batch] in [0, n)")

    def forward(self, action):
        return torch.where(torch.rand(action.shape) < 0.1, 0, action)


class Exploring(Pipeline):
    algorithm: ActorCritic = ActorCritic()
    greedy: Greedy = Greedy()

    def unroll(self):
        action = self.algorithm.unroll(self.env().step)
        self.env.feed(action=self.greedy(action))


graph = Exploring(env=GymEnv(id="Pendulum-v1", num_envs=4))
