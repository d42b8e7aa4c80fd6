"""DQN: Q-learning from a replay buffer, with a target network."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.annealing import LinearAnnealing
from alfgraph.components.algorithms.sac import Transition
from alfgraph.components.buffers.replay_buffer import ReplayBuffer
from alfgraph.components.exploration.epsilon_greedy import EpsilonGreedy, Greedy
from alfgraph.components.losses.td_loss import TDLoss
from alfgraph.components.networks.q_network import QNetwork
from alfgraph.components.networks.taken_value import TakenValue
from alfgraph.components.optimizers.optimizers import Adam
from alfgraph.components.targets.target import Target
from alfgraph.families import Algorithm, Optimizer
from alfgraph.schedules import OffPolicy, Schedule
from alfgraph.timestep import TimeStep
from alfgraph.wires import Wire


class DQN(Algorithm):
    """Deep Q-learning for discrete actions.

    Details:
        - Double by default: the network chooses the next action, the target values it.
        - Dueling values: `DQN(q=QNetwork(dueling=True))`.
        - ε falls linearly over the first tenth of the run; evaluation is greedy.
        - Huber error, joint gradient norm clipped to 10.
        - Transitions that start at LAST (resets) are masked out.

    Attributes:
        double: False takes the target's own best value, as in the first paper.
        target_period: updates between two copies into the target.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", alg. 1;
        double: van Hasselt et al. 2016, arXiv:1509.06461, eq. 4.
    """

    q: QNetwork = QNetwork()
    exploration: EpsilonGreedy = EpsilonGreedy(
        epsilon=LinearAnnealing(start=1.0, end=0.05, over=(0.0, 0.1))
    )
    greedy: Greedy = Greedy()
    taken: TakenValue = TakenValue()
    target: Target = Target(tau=1.0)
    replay: ReplayBuffer = ReplayBuffer(max_length=100_000)
    td: TDLoss = TDLoss(error="huber")
    optimizer: Optimizer = Adam(lr=1e-3, gradient_clipping=10.0)
    double: bool = True
    target_period: Annotated[int, Field(ge=1)] = 250
    schedule: Schedule = OffPolicy(unroll_length=4, initial_collect_steps=1000, mini_batch_size=64)

    def unroll(self, step: TimeStep) -> Wire:
        """Act ε-greedily, and remember; [B]."""
        action = self.exploration(self.q(step).values).action
        self.replay.write(Transition(step=step, action=action))
        return action

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition)
        now, later = sample.steps[:-1], sample.steps[1:]

        next_values = self.target.of(self.q)(later).values
        if self.double:
            best = self.greedy(self.q(later).values).action
            next_value = self.taken(next_values, best).value
        else:
            next_value = next_values.max(axis=-1)
        value = self.taken(self.q(now).values, sample.item.action).value
        td = self.td(
            sample.steps, value=value, next_value=next_value, weight=sample.importance_weight
        )
        self.optimizer(td.loss)
        self.target.update(every=self.target_period)

    def predict(self, step: TimeStep) -> Wire:
        """Take the best action."""
        return self.greedy(self.q(step).values).action
