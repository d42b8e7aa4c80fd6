"""Adam and AdamW as components."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.components.optimizers.gradient_optimizer import Beta, GradientOptimizer
from alfgraph.components.optimizers.update_rules import AdamRule, UpdateRule


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
