from torch import nn

from alfgraph import In, Out
from alfgraph.components import ActorCritic, Pipeline, ValueFunction


class Critic(ValueFunction):
    observation = In("float32[*batch, n]")
    value = Out("float32[*batch]", role="value")

    def build(self, n: int) -> nn.Module:
        return nn.Linear(n, 1)


graph = Pipeline(algorithm=ActorCritic(critic=Critic()))
