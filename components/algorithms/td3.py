"""TD3 and DDPG: a deterministic actor that climbs its critics."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.exploration.action_noise import ActionNoise, GaussianNoise
from alfgraph.components.losses.td_loss import TDLoss, ValidMean
from alfgraph.components.networks.critic_network import Ensemble
from alfgraph.components.networks.deterministic_actor import ActorNetwork
from alfgraph.components.optimizers.adam import Adam
from alfgraph.components.targets.target import Target
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.learning import Optimizer
from alfgraph.families.schedules import OffPolicy
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.wires import Wire


class TD3(Algorithm):
    """Twin delayed deep deterministic policy gradient.

    Details:
        - Clipped double Q-learning: the target takes the smaller of two critics' values.
        - Delayed: actor and targets move once in `policy_delay` updates of the critics.
        - Target policy smoothing: the next action gets clipped noise; None leaves it out.
        - The actor climbs the smaller of the critics' values, as in ALF; the paper takes the first
          critic's.
        - Transitions that start at LAST (resets) are masked out of both losses.

    Attributes:
        exploration: noise on the actions taken.
        smoothing: noise on the target's actions.
        policy_delay: updates of the critics for one of the actor and the targets.

    Source: Fujimoto et al. 2018, arXiv:1802.09477, Algorithm 1.
    """

    actor: ActorNetwork = ActorNetwork()
    critics: Ensemble = Ensemble(size=2)
    exploration: ActionNoise = GaussianNoise(std=0.1)
    smoothing: GaussianNoise | None = GaussianNoise(std=0.2, clip=0.5)
    target: Target = Target(tau=0.005)
    replay: ReplayBuffer = ReplayBuffer(max_length=1_000_000)
    td: TDLoss = TDLoss()
    actor_loss: ValidMean = ValidMean()
    critic_optimizer: Optimizer = Adam(lr=1e-3)
    actor_optimizer: Optimizer = Adam(lr=1e-3)
    policy_delay: Annotated[int, Field(ge=1)] = 2
    schedule: Schedule = OffPolicy(initial_collect_steps=1000, random_actions=True)

    def unroll(self, step: TimeStep) -> Wire:
        """Act with noise, and remember; [B]."""
        action = self.exploration(self.actor(step).action, step.step_type).noisy
        self.replay.write(Transition(step=step, action=action))
        return action

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition, gamma=self.td.gamma)
        now, later = sample.steps[:-1], sample.steps[1:]

        next_action = self.target.of(self.actor)(later).action
        if self.smoothing is not None:
            next_action = self.smoothing(next_action).noisy
        next_value = self.target.of(self.critics)(later, action=next_action).value.min(axis=-1)
        q = self.critics(now, action=sample.item.action).value
        td = self.td(sample.steps, value=q, next_value=next_value, weight=sample.importance_weight)
        self.critic_optimizer(td.loss, self.critics)
        self.replay.update_priorities(index=sample.index, priority=td.distance)

        new_q = self.critics(now, action=self.actor(now).action).value.min(axis=-1)
        actor_loss = self.actor_loss(now, row=-new_q).loss
        self.actor_optimizer(actor_loss, self.actor, every=self.policy_delay)
        self.target.update(every=self.policy_delay)

    def predict(self, step: TimeStep) -> Wire:
        """Act without noise."""
        return self.actor(step).action


class DDPG(TD3):
    """Deep deterministic policy gradient: TD3 with one critic, no delay and no smoothing.

    Details:
        - Independent noise, as in later work; the paper's own process is
          `DDPG(exploration=OrnsteinUhlenbeckNoise())`.

    Source: Lillicrap et al. 2016, arXiv:1509.02971, Algorithm 1.
    """

    critics: Ensemble = Ensemble(size=1)
    smoothing: GaussianNoise | None = None
    policy_delay: Annotated[int, Field(ge=1)] = 1
