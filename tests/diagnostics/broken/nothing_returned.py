from alfgraph import In, Out
from alfgraph.components import Pipeline, Transform


class Printed(Transform):
    reward = In("float32[*batch]", role="reward")
    out = Out("float32[*batch]", role="reward")

    def forward(self, reward):
        reward.abs()


graph = Pipeline(transforms=(Printed(),))
