"""QRDQN: Q-learning of quantiles of the return, by quantile regression."""

from __future__ import annotations

from alfgraph.components.algorithms.q_learning import QLearning
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.losses.quantile_loss import QuantileLoss
from alfgraph.components.networks.distributional_q import QuantileQNetwork


class QRDQN(QLearning):
    """Deep Q-learning of the return's distribution, as quantiles; acts by their mean.

    Details:
        - Double by default: the network chooses the next action, the target gives its quantiles.
        - Dueling quantiles: `QRDQN(q=QuantileQNetwork(dueling=True))`.
        - Transitions that start at LAST (resets) are masked out.

    Source: Dabney et al. 2018, arXiv:1710.10044, Algorithm 1.
    """

    q: QuantileQNetwork = QuantileQNetwork()
    loss: QuantileLoss = QuantileLoss()

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition, gamma=self.loss.gamma)
        now, later = sample.steps[:-1], sample.steps[1:]

        slow = self.target.of(self.q)(later)
        best = self.greedy(self.q(later).values if self.double else slow.values).action
        next_quantiles = self.taken(slow.quantiles, best).value
        quantiles = self.taken(self.q(now).quantiles, sample.item.action).value
        loss = self.loss(
            sample.steps,
            quantiles=quantiles,
            next_quantiles=next_quantiles,
            weight=sample.importance_weight,
        )
        self.optimizer(loss.loss)
        self.replay.update_priorities(index=sample.index, priority=loss.distance)
        self.step_targets()
