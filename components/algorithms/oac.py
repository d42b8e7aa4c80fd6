"""OAC: optimistic actor-critic, SAC that explores where its critics may be too low."""

from __future__ import annotations

from alfgraph.components.algorithms.sac import SAC
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.exploration.optimistic import OptimisticExploration
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.wires import Wire


class OAC(SAC):
    """Soft actor-critic that acts by a policy shifted towards an upper bound of its critics.

    Details:
        - Only `unroll` differs from SAC: targets and losses keep to the policy itself.

    Source: Ciosek et al. 2019, arXiv:1910.12807, Algorithm 1.
    """

    explore: OptimisticExploration = OptimisticExploration()

    def unroll(self, step: TimeStep) -> Wire:
        """Act optimistically, and remember; [B]."""
        policy = self.actor(step).policy
        action = self.explore(policy, step.observation, self.critics).shifted.sample()
        self.replay.write(Transition(step=step, action=action))
        return action
