from alfgraph.components import Pipeline, Transform


class Doubled(Transform):
    def forward(self, reward):
        return reward * 2


graph = Pipeline(transforms=(Doubled(),))
