"""Adam, AdamW, SGD: the optimizers as components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import nn

from alfgraph.components.optimizers.flat_optimizer import FlatOptimizer
from alfgraph.components.optimizers.update_rules import AdamRule, SgdRule, UpdateRule
from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Optimizer

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

    def build(self, parameters: Sequence[nn.Parameter]) -> FlatOptimizer:
        """What steps the parameters."""
        return FlatOptimizer(
            parameters,
            self.rule(),
            lr=current(self.lr),
            gradient_clipping=self.gradient_clipping,
            clip_by_global_norm=self.clip_by_global_norm,
        )


class Adam(GradientOptimizer):
    """Adam.

    Attributes:
        betas: decay of the running means of the gradient and its square.
        eps: keeps the division finite.
        eps_outside: TensorFlow's and ALF's AdamTF form.

    Source: Kingma & Ba 2015, arXiv:1412.6980, Algorithm 1.
    """

    betas: tuple[Beta, Beta] = (0.9, 0.999)
    eps: Annotated[float, Field(gt=0.0)] = 1e-8
    eps_outside: bool = False

    def rule(self) -> UpdateRule:
        """Adam's rule."""
        return AdamRule(betas=self.betas, eps=self.eps, eps_outside=self.eps_outside)


class AdamW(Adam):
    """Adam with decoupled weight decay.

    Attributes:
        weight_decay: every step shrinks parameters by `lr * weight_decay`.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101, Algorithm 2.
    """

    weight_decay: Annotated[float, Field(ge=0.0)] = 1e-2

    def rule(self) -> UpdateRule:
        """AdamW's rule."""
        return AdamRule(
            betas=self.betas,
            eps=self.eps,
            weight_decay=self.weight_decay,
            decoupled=True,
            eps_outside=self.eps_outside,
        )


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
