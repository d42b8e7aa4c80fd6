"""QuantileCritic: the distribution of the return of a continuous action, as quantiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from alfgraph.components.actions.parts import action_leaves
from alfgraph.components.networks.critic_network import CriticNetwork
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import Spec


class QuantileCritic(CriticNetwork):
    """A critic with several outputs: the i-th of N estimates the quantile (2i - 1) / 2N.

    Attributes:
        num_quantiles: N.

    Source: Dabney et al. 2018, arXiv:1710.10044, eq. 7 and lemma 2; of an action that enters the
        network: Kuznetsov et al. 2020, arXiv:2005.04269, section 3.
    """

    num_quantiles: Annotated[int, Field(ge=1)] = 25

    def derive(self, action: Spec) -> Mapping[str, Any]:
        """Behind the batch there are the quantiles.

        Raises:
            WiringError: E101, a part of the action is discrete.
        """
        if any(leaf.is_discrete for _, leaf in action_leaves(action)):
            raise WiringError(
                f"QuantileCritic takes continuous actions, and `{action}` has a discrete part",
                code="E101",
                help="QRDQN learns quantiles for discrete actions; SAC takes both kinds",
            )
        return {"*e": (self.num_quantiles,)}
