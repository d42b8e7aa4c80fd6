from alfgraph import In, Out
from alfgraph.components import ActorCritic, Pipeline, Transform


class Shout(Transform):
    reward = In("float32[*batch]", role="reward")
    out = Out("float32[*batch]", role="reward")

    def forward(self, reward):
        return reward.shout()


class Whisper(Transform):
    observation = In("float32[*batch, n]")
    out = Out("float32[*batch, n]")

    def forward(self, observation):
        return observation.int()


class Board(Pipeline):
    algorithm: ActorCritic = ActorCritic()


graph = Board(transforms=(Shout(), Whisper()))
