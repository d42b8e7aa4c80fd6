from alfgraph import In, Out
from alfgraph.components import GymEnv, Pipeline, Transform


class Angles(Transform):
    observation = In("float32[*batch, 3]")
    out = Out("float32[*batch, 2]")

    def forward(self, observation):
        return observation[..., :2]


graph = Pipeline(env=GymEnv(id="CartPole-v1"), transforms=(Angles(),))
