from alfgraph import In, Out
from alfgraph.components import Pipeline, Transform


class Halved(Transform):
    observation = In("float32[*batch, n]")
    out = Out("float32[*batch, n]")

    def forward(self, observation):
        observation *= 0.5
        return observation


graph = Pipeline(transforms=(Halved(),))
