"""SGD as a component."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.components.optimizers.gradient_optimizer import Beta, GradientOptimizer
from alfgraph.components.optimizers.update_rules import SgdRule, UpdateRule


class SGD(GradientOptimizer):
    """Stochastic gradient descent.

    Attributes:
        momentum: decay of the velocity; 0: none.
        nesterov: look ahead along the velocity.
        weight_decay: multiple of the parameter added to its gradient.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum".
    """

    momentum: Beta = 0.0
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0.0)] = 0.0

    def rule(self) -> UpdateRule:
        """SGD's rule."""
        return SgdRule(
            momentum=self.momentum, nesterov=self.nesterov, weight_decay=self.weight_decay
        )
