"""QRSAC and TQC: SAC whose critics learn the distribution of the return, as quantiles."""

from __future__ import annotations

from alfgraph.components.algorithms.sac import SAC
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.buffers.replay_buffer import Sampled
from alfgraph.components.losses.quantile_loss import QuantileLoss
from alfgraph.components.networks.critic_network import Ensemble
from alfgraph.components.networks.quantile_critic import QuantileCritic
from alfgraph.components.returns.quantile_targets import LeastQuantiles, TruncatedQuantiles
from alfgraph.families.learning import Returns
from alfgraph.wiring.wires import Wire


class QRSAC(SAC):
    """Soft actor-critic with quantile regression.

    Details:
        - The target's quantiles are those of the critic with the least mean, each with the entropy
          of the next action added.
        - The actor climbs the least of the critics' means.

    Source: Wurman et al. 2022, "Outracing champion Gran Turismo drivers with deep reinforcement
        learning", Nature 602, methods (QR-SAC); ALF, `QrsacAlgorithm`.
    """

    critics: Ensemble = Ensemble(member=QuantileCritic(num_quantiles=32), size=2)
    cautious: Returns = LeastQuantiles()
    quantile_loss: QuantileLoss = QuantileLoss()

    def critic_loss(self, sample: Sampled[Transition], alpha: Wire) -> Wire:
        """Quantile regression towards a cautious mixture."""
        now, later = sample.steps[:-1], sample.steps[1:]
        policy = self.actor(later).policy
        action = self.draw(policy).action
        quantiles = self.target.of(self.critics)(later, action=action).value
        soft = self.soft_value(policy, action, q=self.cautious(quantiles), alpha=alpha)
        loss = self.quantile_loss(
            sample.steps,
            quantiles=self.critics(now, action=sample.item.action).value,
            next_quantiles=soft.value,
            weight=sample.importance_weight,
        )
        self.replay.update_priorities(index=sample.index, priority=loss.distance)
        return loss.loss

    def discounting(self) -> float:
        """γ of the critics' loss."""
        return self.quantile_loss.gamma

    def pooled(self, value: Wire) -> Wire:
        """The least of the means, [T, M]."""
        return value.mean(axis=-2).min(axis=-1)


class TQC(QRSAC):
    """Truncated quantile critics: the mixture of five critics without its largest quantiles.

    Details:
        - The actor climbs the mean of all quantiles of all critics.

    Source: Kuznetsov et al. 2020, arXiv:2005.04269, Algorithm 1 and appendix.
    """

    critics: Ensemble = Ensemble(member=QuantileCritic(num_quantiles=25), size=5)
    cautious: Returns = TruncatedQuantiles(drop=2)

    def pooled(self, value: Wire) -> Wire:
        """The mean of the mixture, [T, M]."""
        return value.mean(axis=-2).mean(axis=-1)
