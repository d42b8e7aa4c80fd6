"""SmoothSAC: SAC with generalized state-dependent exploration (gSDE)."""

from __future__ import annotations

from alfgraph.components.algorithms.sac import SAC
from alfgraph.components.algorithms.transition import Transition
from alfgraph.components.exploration.state_dependent_noise import StateDependentNoise
from alfgraph.components.networks.smooth_actor import SmoothActor
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.wires import Wire


class SmoothSAC(SAC):
    """Soft actor-critic whose actions change smoothly with the state, for robots.

    Source: Raffin et al. 2021, arXiv:2005.05719.
    """

    actor: SmoothActor = SmoothActor()
    exploration: StateDependentNoise = StateDependentNoise()

    def unroll(self, step: TimeStep) -> Wire:
        """Act with noise that is kept for some steps, and remember; [B]."""
        actor = self.actor(step)
        action = self.exploration(actor.policy, actor.features, actor.deviation).action
        self.replay.write(Transition(step=step, action=action))
        return action
