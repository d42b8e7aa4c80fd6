"""GradientOptimizer: what Adam and SGD share, a learning rate and gradient clipping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import nn

from alfgraph.components.optimizers.flat_optimizer import FlatOptimizer
from alfgraph.components.optimizers.update_rules import UpdateRule
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Optimizer
from alfgraph.families.protocols import RunningOptimizer

Rate = Annotated[float, Field(gt=0.0)] | Annealing
Beta = Annotated[float, Field(ge=0.0, lt=1.0)]


class GradientOptimizer(Optimizer):
    """What the optimizers share: a learning rate and gradient clipping.

    Attributes:
        lr: learning rate, a number or an annealing.
        gradient_clipping: longest gradient; None: no clipping.
        clip_by_global_norm: clip the joint norm of all parameters; False clips each tensor by its
            own norm, ALF's default.
    """

    lr: Rate = 1e-3
    gradient_clipping: Annotated[float, Field(gt=0.0)] | None = None
    clip_by_global_norm: bool = True

    def rule(self) -> UpdateRule:
        """How a gradient moves a parameter."""
        raise TypeError(f"{type(self).__name__} declares no rule")

    def tune(self, running: RunningOptimizer, names: Sequence[str]) -> None:
        """Whatever anneals, `rule` and the rest say what it means now."""
        if not isinstance(running, FlatOptimizer):
            super().tune(running, names)
            return
        running.set_lr(current(self.lr))
        running.set_rule(self.rule())
        running.set_gradient_clipping(self.gradient_clipping)

    def build(self, parameters: Sequence[nn.Parameter]) -> FlatOptimizer:
        """What steps the parameters."""
        return FlatOptimizer(
            parameters,
            self.rule(),
            lr=current(self.lr),
            gradient_clipping=self.gradient_clipping,
            clip_by_global_norm=self.clip_by_global_norm,
        )
