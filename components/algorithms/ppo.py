"""PPO: several epochs of clipped updates on each rollout."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from alfgraph.components.algorithms.actor_critic import ActorCritic
from alfgraph.components.buffers.mini_batches import MiniBatches
from alfgraph.components.losses.ppo_loss import PPOLoss
from alfgraph.components.optimizers.adam import Adam
from alfgraph.components.returns.advantages import GAE, ValueTarget
from alfgraph.families.learning import Loss, Optimizer
from alfgraph.families.schedules import Epochs
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.records import Record
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.wires import Wire

MOVED = "approximate_kl"
"""The output of a loss that says how far the policy moved since the rollout."""


class Experience(Record):
    """What one step of the rollout records."""

    step: TimeStep
    action: Wire
    log_prob: Wire
    state: Wire
    critic_state: Wire


class Sample(Record):
    """What a mini-batch is made of: recorded and computed once per rollout."""

    step: TimeStep
    action: Wire
    old_log_prob: Wire
    old_value: Wire
    advantage: Wire
    returns: Wire
    state: Wire
    critic_state: Wire


class PPO(ActorCritic):
    """Proximal policy optimisation with a clipped objective.

    Details:
        - Advantages and returns are computed once per rollout, with the critic as of the rollout,
          from T+1 values: every transition is trained exactly once per epoch.
        - Time limits bootstrap, terminations do not; transitions that start at LAST (resets) are
          masked out of the loss and of the normalisation.
        - Advantages are normalised per mini-batch; values are not clipped, unless the loss has a
          `value_clip`; the joint gradient norm of actor and critic is clipped to 0.5; Adam's eps
          is 1e-5.
        - Orthogonal initial weights, gain √2 in hidden layers, 0.01 for the policy, 1 for the
          value; tanh; the std of continuous actions is a parameter and starts at 1.
        - `target_kl` ends the epochs of a rollout once the approximate KL exceeds 1.5 times it,
          before that mini-batch's step (as Stable-Baselines3 does). It takes a loss that measures
          it.
        - Any loss fits whose ports are among those of `PPOLoss`.

    Attributes:
        target_kl: None: never stop early.

    Source: Schulman et al. 2017, arXiv:1707.06347; details: Huang et al. 2022, "The 37
        Implementation Details of Proximal Policy Optimization", ICLR blog track.
    """

    returns: ValueTarget = GAE()
    loss: Loss = PPOLoss()
    optimizer: Optimizer | None = Adam(lr=3e-4, eps=1e-5, gradient_clipping=0.5)
    samples: MiniBatches = MiniBatches()
    target_kl: float | None = None
    schedule: Schedule = Epochs(unroll_length=128, epochs=10, mini_batch_size=256)

    def unroll(self, step: TimeStep) -> Wire:
        """Act, and record; [B]."""
        actor = self.actor(step)
        action = actor.policy.sample()
        self.rollout.write(
            Experience(
                step=step,
                action=action,
                log_prob=actor.policy.log_prob(action),
                state=actor.state,
                critic_state=self.critic(step).state,
            )
        )
        return action

    def prepare(self) -> Sample:
        """Once per rollout: advantages and returns; [T, B]."""
        taken, steps = self.rollout.read(Experience), self.rollout.steps()
        value = self.critic(steps, state=taken.critic_state[0]).value
        target = self.returns(steps, value=value)
        sample = Sample(
            step=taken.step,
            action=taken.action,
            old_log_prob=taken.log_prob,
            old_value=value[:-1],
            advantage=target.advantage,
            returns=target.returns,
            state=taken.state,
            critic_state=taken.critic_state,
        )
        self.samples.write(sample)
        return sample

    def update(self) -> Wire:
        """Every mini-batch; [T, M]."""
        batch = self.samples.read(Sample)
        policy = self.actor(batch.step, state=batch.state[0]).policy
        loss = self.loss.asking(
            batch,
            log_prob=policy.log_prob(batch.action),
            entropy=policy.entropy(),
            value=self.critic(batch.step, state=batch.critic_state[0]).value,
        )
        if self.target_kl is not None:
            moved: Wire = getattr(loss, MOVED)
            self.stop_when(moved > 1.5 * self.target_kl)
        if self.optimizer is not None:
            self.optimizer(loss)
        total: Wire = loss.only_output()
        return total

    @model_validator(mode="after")
    def _target_kl_is_measured(self) -> Self:
        if self.target_kl is not None and MOVED not in {p.name for p in self.loss.output_ports()}:
            kind = type(self.loss).__name__
            raise ValueError(f"target_kl needs a loss with the output `{MOVED}`; {kind} has none")
        return self
