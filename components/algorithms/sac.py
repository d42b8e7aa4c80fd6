"""SAC: soft actor-critic, for continuous and discrete actions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.buffers.replay_buffer import ReplayBuffer, Sampled
from alfgraph.components.losses.td_loss import TDLoss, ValidMean
from alfgraph.components.losses.temperature_loss import TemperatureLoss
from alfgraph.components.networks.actor_network import SoftActor
from alfgraph.components.networks.critic_network import Ensemble
from alfgraph.components.networks.temperature import Temperature
from alfgraph.components.optimizers.adam import Adam
from alfgraph.components.returns.soft_value import ChosenValue, Draw, SoftValue
from alfgraph.components.targets.target import Target
from alfgraph.families.algorithm import Algorithm
from alfgraph.families.learning import Optimizer
from alfgraph.families.network import PolicyNetwork
from alfgraph.families.schedules import OffPolicy
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.schedule import Schedule
from alfgraph.wiring.wires import Wire


class SAC(Algorithm):
    """Soft actor-critic with two critics and a learnt temperature, for every kind of action.

    Details:
        - The target is `r + γ d V'`, V' the soft value of the next step under the target critics:
          the entropy is left out where an episode terminated and kept at a time limit.
        - Continuous actions: one action drawn stands for all. A discrete choice: the expectation
          over all of them. Both at once: the expectation over the choice at the continuous part
          drawn, with two temperatures. The board is the same; its parts follow the action.
        - Critics step first; the actor then climbs the soft value by the critics after that.
        - Actions drawn for the gradient remember what they were before tanh.
        - Entropies are of the action in its own unit; the target entropy follows its bounds, so
          learning does not depend on the unit.
        - Transitions that start at LAST (resets) are masked out of all three losses.

    Attributes:
        target_period: updates between two moves of the target.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, Algorithm 1 and section 5; discrete actions:
        Christodoulou 2019, arXiv:1910.07207; both: ALF, `SacAlgorithm`.
    """

    actor: PolicyNetwork = SoftActor()
    critics: Ensemble = Ensemble(size=2)
    temperature: Temperature = Temperature()
    target: Target = Target(tau=0.005)
    replay: ReplayBuffer = ReplayBuffer(max_length=1_000_000)
    draw: Draw = Draw()
    soft_value: SoftValue = SoftValue()
    chosen: ChosenValue = ChosenValue()
    td: TDLoss = TDLoss()
    actor_loss: ValidMean = ValidMean()
    temperature_loss: TemperatureLoss = TemperatureLoss()
    critic_optimizer: Optimizer = Adam(lr=3e-4)
    actor_optimizer: Optimizer = Adam(lr=3e-4)
    temperature_optimizer: Optimizer = Adam(lr=3e-4)
    target_period: Annotated[int, Field(ge=1)] = 1
    schedule: Schedule = OffPolicy(initial_collect_steps=1000, random_actions=True)

    def unroll(self, step: TimeStep) -> Wire:
        """Act, and remember; [B]."""
        action = self.actor(step).policy.sample()
        self.replay.write(Transition(step=step, action=action))
        return action

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition, gamma=self.discounting())
        temperature = self.temperature()
        self.critic_optimizer(self.critic_loss(sample, temperature.alpha), self.critics)

        now = sample.steps[:-1]
        policy = self.actor(now).policy
        action = self.draw(policy).action
        q = self.pooled(self.critics(now, action=action).value)
        soft = self.soft_value(policy, action, q=q, alpha=temperature.alpha)
        self.actor_optimizer(self.actor_loss(now, row=-soft.value).loss, self.actor)

        if not self.temperature.frozen:
            entropy = self.temperature_loss(
                now, log_alpha=temperature.log_alpha, entropy=soft.entropy, action=action
            )
            self.temperature_optimizer(entropy.loss, self.temperature)
        self.target.update(every=self.target_period)

    def critic_loss(self, sample: Sampled[Transition], alpha: Wire) -> Wire:
        """The error of the critics' values against the soft value of the next step."""
        now, later, taken = sample.steps[:-1], sample.steps[1:], sample.item.action
        policy = self.actor(later).policy
        action = self.draw(policy).action
        next_q = self.pooled(self.target.of(self.critics)(later, action=action).value)
        next_value = self.soft_value(policy, action, q=next_q, alpha=alpha).value
        q = self.chosen(self.critics(now, action=taken).value, taken).value
        weight = sample.importance_weight
        td = self.td(sample.steps, value=q, next_value=next_value, weight=weight)
        self.replay.update_priorities(index=sample.index, priority=td.distance)
        return td.loss

    def discounting(self) -> float:
        """γ of the critics' loss."""
        return self.td.gamma

    def pooled(self, value: Wire) -> Wire:
        """One value from those of all critics: the least."""
        return value.min(axis=-1)

    def predict(self, step: TimeStep) -> Wire:
        """Act without noise: the squashed mean, the likeliest choice."""
        return self.actor(step).policy.mode()
