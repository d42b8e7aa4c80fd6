"""DQN: Q-learning from a replay buffer, with a target network."""

from __future__ import annotations

from alfgraph.components.algorithms.q_learning import QLearning
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.losses.td_loss import TDLoss


class DQN(QLearning):
    """Deep Q-learning for discrete actions.

    Details:
        - Double by default: the network chooses the next action, the target values it.
        - Dueling values: `DQN(q=QNetwork(dueling=True))`.
        - ε falls linearly over the first tenth of the run; evaluation is greedy.
        - Huber error, joint gradient norm clipped to 10.
        - Transitions that start at LAST (resets) are masked out.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", alg. 1;
        double: van Hasselt et al. 2016, arXiv:1509.06461, eq. 4.
    """

    td: TDLoss = TDLoss(error="huber")

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition, gamma=self.td.gamma)
        now, later = sample.steps[:-1], sample.steps[1:]

        slow = self.target.of(self.q)(later)
        best = self.greedy(self.q(later).values if self.double else slow.values).action
        next_value = self.taken(slow.values, best).value
        value = self.taken(self.q(now).values, sample.item.action).value
        td = self.td(
            sample.steps, value=value, next_value=next_value, weight=sample.importance_weight
        )
        self.optimizer(td.loss)
        self.replay.update_priorities(index=sample.index, priority=td.distance)
        self.step_targets()
