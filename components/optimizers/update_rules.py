"""How a gradient moves a parameter: Adam, AdamW, TensorFlow's Adam and SGD.

A rule is settings and one method; it holds no tensors. The arithmetic is torch's own: one fused
kernel for each list of tensors where torch has one, its functional form elsewhere.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

_FUSED_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, slots=True)
class Tensors:
    """What a rule updates in place: lists aligned by position.

    Attributes:
        parameters: the tensors to move.
        gradients: the gradient of each.
        moments: for each moment of the rule, in its order, one tensor for each parameter.
        steps: for each parameter a `[] float32` count of the updates so far.
        fused: True where torch has a fused kernel for these tensors, else None: torch chooses.
    """

    parameters: list[Tensor]
    gradients: list[Tensor]
    moments: tuple[list[Tensor], ...]
    steps: list[Tensor]
    fused: bool | None = field(init=False)

    def __post_init__(self) -> None:
        """Find out about the kernel; it walks through memory and takes no notice of strides."""
        on_device = self.parameters[0].device.type in _FUSED_DEVICES
        in_order = all(parameter.is_contiguous() for parameter in self.parameters)
        object.__setattr__(self, "fused", True if on_device and in_order else None)


class UpdateRule(Protocol):
    """One way to turn gradients into steps."""

    @property
    def moments(self) -> Sequence[str]:
        """The names of the tensors the rule remembers for each parameter."""

    def update(self, tensors: Tensors, *, lr: float, step: int) -> None:
        """Move the parameters and their moments in place, and count the update in `steps`.

        Args:
            tensors: what to update.
            lr: learning rate.
            step: number of this update, from 1.
        """


@dataclass(frozen=True, slots=True)
class AdamRule:
    """Adam: steps scaled by running means of the gradient and of its square.

    Attributes:
        betas: decay of the two running means.
        eps: keeps the division finite.
        weight_decay: multiple of the parameter that is added to its gradient.
        decoupled: AdamW: shrink the parameter by `lr * weight_decay` instead.
        eps_outside: TensorFlow's form (ALF's AdamTF), which adds `eps` before the square root is
            corrected for its bias:
            `parameter -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps)`.

    Source: Kingma & Ba 2015 (arXiv:1412.6980), Algorithm 1, and the end of section 2 for
    `eps_outside`; Loshchilov & Hutter 2019 (arXiv:1711.05101), Algorithm 2 for `decoupled`.
    """

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    eps_outside: bool = False

    @property
    def moments(self) -> Sequence[str]:
        """The running means of the gradient and of its square."""
        return ("first_moment", "second_moment")

    def update(self, tensors: Tensors, *, lr: float, step: int) -> None:
        """Take one step; see `UpdateRule.update`."""
        beta1, beta2 = self.betas
        # sqrt(v / c) + eps / sqrt(c) = (sqrt(v) + eps) / sqrt(c): the form with eps outside is
        # ordinary Adam with an eps of its own at each step.
        eps = self.eps / math.sqrt(1.0 - beta2**step) if self.eps_outside else self.eps
        first, second = tensors.moments
        rule: Callable[..., None] = adamw if self.decoupled else adam
        if tensors.fused:
            # The kernel that torch's functional form calls here, without its 80 us of sorting
            # tensors by device and dtype: these are all of one.
            rule = torch._fused_adamw_ if self.decoupled else torch._fused_adam_
            torch._foreach_add_(tensors.steps, 1)
        rule(
            tensors.parameters,
            tensors.gradients,
            first,
            second,
            [],
            tensors.steps,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=lr,
            weight_decay=self.weight_decay,
            eps=eps,
            maximize=False,
        )


@dataclass(frozen=True, slots=True)
class SgdRule:
    """Stochastic gradient descent, with momentum if asked.

    Attributes:
        momentum: decay of the velocity; 0 keeps none.
        nesterov: look ahead along the velocity; needs momentum.
        weight_decay: multiple of the parameter that is added to its gradient.

    Source: Sutskever et al. 2013, "On the importance of initialization and momentum in deep
    learning", section 2, in torch's form (the velocity does not contain the learning rate).
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    @property
    def moments(self) -> Sequence[str]:
        """The velocity, if there is one."""
        return ("velocity",) if self.momentum else ()

    def update(self, tensors: Tensors, *, lr: float, step: int) -> None:
        """Take one step; see `UpdateRule.update`."""
        velocity: list[Tensor | None] = [None] * len(tensors.parameters)
        if tensors.moments:
            # Zeros at the first step are what torch would start from: momentum * 0 + gradient.
            velocity = list(tensors.moments[0])
        sgd(
            tensors.parameters,
            tensors.gradients,
            velocity,
            fused=tensors.fused,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=lr,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
        )
        for count in tensors.steps:
            count.add_(1.0)
