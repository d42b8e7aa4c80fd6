"""What api.md §C promises: all of this is clean under mypy --strict and pyright.

`reveal` lines are checked by `assert_type`, so that editors complete what is wired.
"""

from typing import assert_type

from torch import Tensor, nn

from alfgraph import Distribution, In, Out, Record, Wire
from alfgraph.components import (
    PPO,
    ActorCritic,
    ActorDistributionNetwork,
    Adam,
    Algorithm,
    Epochs,
    GymEnv,
    Network,
    OnPolicy,
    Optimizer,
    Pipeline,
    PolicyNetwork,
    RolloutBuffer,
    Schedule,
    TimeStep,
    Trainer,
    Transform,
    ValueFunction,
    ValueNetwork,
)

graph = Pipeline(
    env=GymEnv(id="CartPole-v1", num_envs=30),
    algorithm=ActorCritic(optimizer=Adam(lr=1e-3)),
    schedule=OnPolicy(unroll_length=8),
    trainer=Trainer(num_iterations=1000),
)
other = graph.swap(algorithm=PPO(schedule=Epochs(epochs=3)), env=GymEnv())
assert_type(other, Pipeline)


class SignedSqrtReward(Transform):
    """DESIGN's example."""

    scale: float = 1.0
    reward = In("float32[*batch, *r]", role="reward")
    out = Out("float32[*batch, *r]", role="reward")

    def forward(self, reward: Tensor) -> Tensor:
        """Plain torch."""
        return self.scale * reward.sign() * reward.abs().sqrt()


class Doubled(Network):
    """Parameters: `build` takes the symbols by name."""

    x = In("float32[*batch, n]")
    out = Out("float32[*batch, 2*n]")

    def build(self, n: int) -> nn.Module:
        """A layer."""
        return nn.Linear(n, 2 * n)


class Seen(Record):
    """What a step records."""

    step: TimeStep
    action: Wire
    policy: Distribution


class Imitation(Algorithm):
    """Wires of every kind."""

    actor: PolicyNetwork = ActorDistributionNetwork(hidden=(32,))
    critic: ValueFunction = ValueNetwork()
    double: Doubled = Doubled()
    rollout: RolloutBuffer = RolloutBuffer()
    optimizer: Optimizer = Adam()
    schedule: Schedule = OnPolicy()

    def unroll(self, step: TimeStep) -> Wire:
        """Applications are typed as their part, pins as wires."""
        actor = self.actor(step)
        assert_type(actor, PolicyNetwork)
        assert_type(actor.policy, Distribution)
        action = actor.policy.sample()
        assert_type(action, Wire)
        assert_type(actor.state, Wire)
        self.rollout.write(Seen(step=step, action=action, policy=actor.policy))
        return action

    def update(self) -> Wire:
        """Buffers give back the record they were given."""
        seen, steps = self.rollout.read(Seen), self.rollout.steps()
        assert_type(seen, Seen)
        assert_type(seen.policy, Distribution)
        assert_type(seen[:-1].step, TimeStep)
        assert_type(steps.reward, Wire)
        assert_type(steps.replace(reward=2 * steps.reward), TimeStep)
        loss = -(seen.policy.log_prob(seen.action) * (1 - steps.discount[1:])).mean()
        assert_type(loss, Wire)
        self.optimizer(loss, self.actor, every=2)
        return loss

    def predict(self, step: TimeStep) -> Wire:
        """A network made in the file has pins too."""
        doubled = self.double(step.observation["camera"])
        assert_type(doubled, Doubled)
        assert_type(doubled.out, Wire)
        return self.actor(step).policy.mode()
