"""C51: Q-learning of the return's distribution over fixed atoms."""

from __future__ import annotations

from alfgraph.components.algorithms.q_learning import QLearning
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.losses.categorical_loss import CategoricalLoss
from alfgraph.components.networks.distributional_q import CategoricalQNetwork
from alfgraph.components.returns.categorical_projection import CategoricalProjection


class C51(QLearning):
    """Deep Q-learning of the return's distribution, as probabilities of atoms; acts by its mean.

    Details:
        - The atoms lie between `q.lowest` and `q.highest`, which should hold every return; the log
          shows how much of the target lies outside (`clipped`). Atari: -10, 10 and 51 atoms.
        - Double by default: the network chooses the next action, the target gives its distribution.
        - Dueling logits: `C51(q=CategoricalQNetwork(dueling=True))`.
        - Transitions that start at LAST (resets) are masked out.

    Source: Bellemare et al. 2017, arXiv:1707.06887, Algorithm 1.
    """

    q: CategoricalQNetwork = CategoricalQNetwork()
    projection: CategoricalProjection = CategoricalProjection()
    loss: CategoricalLoss = CategoricalLoss()

    def update(self) -> None:
        """Every mini-batch; [T, M]."""
        sample = self.replay.sample(Transition, gamma=self.projection.gamma)
        now, later = sample.steps[:-1], sample.steps[1:]

        slow = self.target.of(self.q)(later)
        best = self.greedy(self.q(later).values if self.double else slow.values).action
        next_logits = self.taken(slow.logits, best).value
        target = self.projection(sample.steps, support=slow.support, logits=next_logits).target
        logits = self.taken(self.q(now).logits, sample.item.action).value
        loss = self.loss(now, logits=logits, target=target, weight=sample.importance_weight)
        self.optimizer(loss.loss)
        self.replay.update_priorities(index=sample.index, priority=loss.distance)
        self.step_targets()
