from alfgraph import In, Out
from alfgraph.components import Pipeline, Transform


class Squashed(Transform):
    reward = In("float32[*batch]", role="reward")
    scale: float = 1.0
    scale = Out("float32[*batch]")

    def forward(self, reward):
        return reward


graph = Pipeline(transforms=(Squashed(),))
