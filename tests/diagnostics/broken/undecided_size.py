from torch import nn

from alfgraph import In, Out
from alfgraph.components import ActorCritic, Pipeline, ValueFunction


class Critic(ValueFunction):
    observation = In("float32[*batch, n]")
    value = Out("float32[*batch]", role="value")

    def build(self, n: int, width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(n, width), nn.Linear(width, 1))


graph = Pipeline(algorithm=ActorCritic(critic=Critic()))
