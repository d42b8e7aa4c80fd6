"""A component written in the graph file: rewards squashed before the algorithm sees them."""

from torch import Tensor

from alfgraph import In, Out
from alfgraph.components import ActorCritic, GymEnv, Pipeline, Trainer, Transform


class SignedSqrtReward(Transform):
    """Squash rewards: scale * sign(r) * sqrt(|r|)."""

    scale: float = 1.0
    reward = In("float32[*batch, *r]", role="reward")
    out = Out("float32[*batch, *r]", role="reward")

    def forward(self, reward: Tensor) -> Tensor:
        """[B, *r] float32 rewards, any shape."""
        return self.scale * reward.sign() * reward.abs().sqrt()


graph = Pipeline(
    env=GymEnv(id="Pendulum-v1", num_envs=16),
    transforms=(SignedSqrtReward(scale=0.5),),
    algorithm=ActorCritic(),
    trainer=Trainer(num_iterations=500),
)
