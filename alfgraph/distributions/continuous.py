"""Distributions over continuous actions: normal, bounded normal and beta."""

import math
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from alfgraph.distributions.intervals import Bound, Interval
from alfgraph.distributions.tensor_distribution import (
    HALF_LOG_TWO_PI,
    TensorDistribution,
    event_size,
    sum_event,
)


class Normal(TensorDistribution):
    """A normal distribution with independent elements; its actions have no bounds."""

    __slots__ = ("event_ndim", "mean", "std")

    family: ClassVar[str] = "normal"
    parameter_names = ("mean", "std")
    reparametrised = True

    def __init__(self, mean: Tensor, std: Tensor, event_ndim: int = 1) -> None:
        """Wrap the parameters.

        Args:
            mean: `[*batch, *event] float32`.
            std: `[*batch, *event] float32`, positive, of the same shape (expand it).
            event_ndim: How many trailing dims make one action.
        """
        self.tensors = (mean, std)
        self.mean = mean
        self.std = std
        self.event_ndim = event_ndim

    def like(self, *tensors: Tensor) -> Self:
        """Give a normal distribution with another mean and std."""
        return type(self)(tensors[0], tensors[1], self.event_ndim)

    def settings(self) -> dict[str, Any]:
        """Give `event_ndim`."""
        return {"event_ndim": self.event_ndim}

    def sample(self) -> Tensor:
        """Draw `[*batch, *event] float32`, without gradient."""
        mean = self.mean.detach()
        return torch.addcmul(mean, self.std.detach(), torch.randn_like(mean))

    def rsample(self) -> Tensor:
        """Draw `[*batch, *event] float32`: mean + std * noise."""
        return torch.addcmul(self.mean, self.std, torch.randn_like(self.mean))

    def mode(self) -> Tensor:
        """Give `[*batch, *event] float32`, the mean."""
        return self.mean

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`: -z^2/2 - log std - log(2 pi)/2, summed.

        Here z = (action - mean) / std.
        """
        constant = HALF_LOG_TWO_PI * event_size(self.mean, self.event_ndim)
        return torch.rsub(
            sum_event(_negative_log_density(self, action), self.event_ndim), -constant
        )

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`: log std + log(2 pi e)/2, summed."""
        constant = (HALF_LOG_TWO_PI + 0.5) * event_size(self.mean, self.event_ndim)
        return sum_event(self.std.log(), self.event_ndim) + constant

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`: (r - 1 - log r + d^2)/2 summed.

        Here r = (std / other std)^2 and d = (mean - other mean) / other std.
        """
        self.refuse_other_family(other)
        return _normal_kl(self, other, self.event_ndim)


class SquashedNormal(TensorDistribution):
    """low + (high - low) (tanh(u) + 1)/2 with u normal: an action inside its bounds.

    The last sample remembers its u, so `log_prob` of that very tensor is exact even where tanh
    saturates. For any other action u is recovered by atanh, at most 1 float away from the bounds.

    Source: Haarnoja et al., Soft Actor-Critic Algorithms and Applications (2018), appendix C.
    """

    __slots__ = ("_action", "_u", "event_ndim", "interval", "mean", "std")

    family: ClassVar[str] = "squashed_normal"
    parameter_names = ("mean", "std")
    reparametrised = True

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        low: Bound = -1.0,
        high: Bound = 1.0,
        event_ndim: int = 1,
    ) -> None:
        """Wrap the parameters; `like` is the cheap way to make many.

        Args:
            mean: `[*batch, *event] float32`, of u: before tanh.
            std: `[*batch, *event] float32`, of u, positive.
            low: Lower bound of the action: a number, or nested lists or a tensor `[*event]`.
            high: Upper bound of the action, likewise.
            event_ndim: How many trailing dims make one action.
        """
        self.tensors = (mean, std)
        self.mean = mean
        self.std = std
        self.event_ndim = event_ndim
        self.interval = Interval(low, high, origin=-1.0)
        self._action: Tensor | None = None
        self._u: Tensor | None = None

    def like(self, *tensors: Tensor) -> Self:
        """Give the same bounds around another mean and std."""
        new = object.__new__(type(self))
        new.tensors = tensors
        new.mean, new.std = tensors
        new.event_ndim, new.interval = self.event_ndim, self.interval
        new._action = new._u = None
        return new

    def settings(self) -> dict[str, Any]:
        """Give `low`, `high` and `event_ndim`."""
        interval = self.interval
        return {"low": interval.low, "high": interval.high, "event_ndim": self.event_ndim}

    def sample(self) -> Tensor:
        """Draw `[*batch, *event] float32` within the bounds, without gradient."""
        mean = self.mean.detach()
        return self._squash(torch.addcmul(mean, self.std.detach(), torch.randn_like(mean)))

    def rsample(self) -> Tensor:
        """Draw `[*batch, *event] float32` within the bounds, differentiable."""
        return self._squash(torch.addcmul(self.mean, self.std, torch.randn_like(self.mean)))

    def _squash(self, u: Tensor) -> Tensor:
        action = self.interval.from_unit(u.tanh())
        self._action, self._u = action, u
        return action

    def mode(self) -> Tensor:
        """Give `[*batch, *event] float32`, the squashed mean.

        It is the median, and what the field calls the mode: the density of the action itself
        peaks at the bounds as soon as std exceeds about 0.7.
        """
        return self.interval.from_unit(self.mean.tanh())

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`: log N(u) - log|da/du|, summed.

        log|d tanh(u)/du| = 2 (log 2 - u - softplus(-2u)), and u + softplus(-2u) is
        log(e^u + e^-u): finite where 1 - tanh(u)^2 has long become 0.
        """
        u = self._u if action is self._action else None
        if u is None or (action.requires_grad and not u.requires_grad):
            unit = self.interval.to_unit(action)
            limit = 1.0 - torch.finfo(unit.dtype).eps
            u = unit.clamp(-limit, limit).atanh()
        return self._log_prob_of(u)

    def _log_prob_of(self, u: Tensor) -> Tensor:
        """Log density `[*batch]` of the action that `u`, `[*batch, *event]`, becomes."""
        terms = torch.sub(_negative_log_density(self, u), torch.logaddexp(u, -u), alpha=2.0)
        constant = (HALF_LOG_TWO_PI + 2.0 * math.log(2.0)) * event_size(u, self.event_ndim)
        constant += self.interval.log_volume(u, self.event_ndim)
        return torch.rsub(sum_event(terms, self.event_ndim), -constant)

    def entropy(self) -> Tensor:
        """Estimate `[*batch] float32`, the entropy, by -log_prob of one fresh `rsample`.

        There is no closed form. The estimate is unbiased, as is its gradient; it draws from the
        global generator and leaves the remembered sample alone.
        """
        u = torch.addcmul(self.mean, self.std, torch.randn_like(self.mean))
        return self._log_prob_of(u).neg()

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`, the divergence before squashing.

        It is exact: both squash by the same one-to-one map, which leaves KL unchanged.
        """
        self.refuse_other_family(other)
        self.interval.refuse_other(other.interval)
        return _normal_kl(self, other, self.event_ndim)


def _negative_log_density(normal: Normal | SquashedNormal, value: Tensor) -> Tensor:
    """Elementwise z^2/2 + log std, `[*batch, *event]`: the normal's, without its constant."""
    std = normal.std
    z = (value - normal.mean) / std
    return torch.addcmul(std.log(), z, z, value=0.5)


def _normal_kl(
    mine: Normal | SquashedNormal, theirs: Normal | SquashedNormal, event_ndim: int
) -> Tensor:
    """KL `[*batch]` between the normals; see `Normal.kl`."""
    ratio = (mine.std / theirs.std).square()
    distance = ((mine.mean - theirs.mean) / theirs.std).square()
    return 0.5 * sum_event(ratio - 1.0 - ratio.log() + distance, event_ndim)


class Beta(TensorDistribution):
    """low + (high - low) x with x ~ Beta(alpha, beta): bounded, without the bias of clipping.

    Source: Chou, Maturana & Scherer, Improving Stochastic Policy Gradients in Continuous Control
    with Deep Reinforcement Learning using the Beta Distribution (2017).
    """

    __slots__ = ("alpha", "beta", "event_ndim", "interval")

    family: ClassVar[str] = "beta"
    parameter_names = ("alpha", "beta")
    reparametrised = True

    def __init__(
        self,
        alpha: Tensor,
        beta: Tensor,
        low: Bound = 0.0,
        high: Bound = 1.0,
        event_ndim: int = 1,
    ) -> None:
        """Wrap the parameters; `like` is the cheap way to make many.

        Args:
            alpha: `[*batch, *event] float32`, positive; larger pulls towards `high`.
            beta: `[*batch, *event] float32`, positive; larger pulls towards `low`.
            low: Lower bound of the action: a number, or nested lists or a tensor `[*event]`.
            high: Upper bound of the action, likewise.
            event_ndim: How many trailing dims make one action.
        """
        self.tensors = (alpha, beta)
        self.alpha = alpha
        self.beta = beta
        self.event_ndim = event_ndim
        self.interval = Interval(low, high, origin=0.0)

    def like(self, *tensors: Tensor) -> Self:
        """Give the same bounds around other concentrations."""
        new = object.__new__(type(self))
        new.tensors = tensors
        new.alpha, new.beta = tensors
        new.event_ndim, new.interval = self.event_ndim, self.interval
        return new

    def settings(self) -> dict[str, Any]:
        """Give `low`, `high` and `event_ndim`."""
        interval = self.interval
        return {"low": interval.low, "high": interval.high, "event_ndim": self.event_ndim}

    def sample(self) -> Tensor:
        """Draw `[*batch, *event] float32` within the bounds, without gradient."""
        return self.interval.from_unit(_draw_beta(self.alpha.detach(), self.beta.detach()))

    def rsample(self) -> Tensor:
        """Draw `[*batch, *event] float32` within the bounds, with implicit gradients.

        Source: Figurnov, Mohamed & Mnih, Implicit Reparameterization Gradients (2018).
        """
        return self.interval.from_unit(_draw_beta(self.alpha, self.beta))

    def mode(self) -> Tensor:
        """Give `[*batch, *event] float32`, the peak; the mean where there is none.

        There is none where neither alpha nor beta exceeds 1.
        """
        above_alpha, above_beta = (self.alpha - 1.0).relu(), (self.beta - 1.0).relu()
        above = above_alpha + above_beta
        mean = self.alpha / (self.alpha + self.beta)
        peak = above_alpha / above.clamp_min(torch.finfo(above.dtype).tiny)
        return self.interval.from_unit(torch.where(above > 0, peak, mean))

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`.

        The sum of (alpha-1) log x + (beta-1) log(1-x) - log B(alpha, beta) - log(high - low).
        At the bounds x is kept one float inside.
        """
        x = self.interval.to_unit(action)
        epsilon = torch.finfo(x.dtype).eps
        x = x.clamp(epsilon, 1.0 - epsilon)
        terms = (self.alpha - 1.0) * x.log() + (self.beta - 1.0) * (-x).log1p() - self._log_b()
        return sum_event(terms, self.event_ndim) - self.interval.log_volume(x, self.event_ndim)

    def _log_b(self) -> Tensor:
        """Log of the beta function, `[*batch, *event]`."""
        alpha, beta = self.alpha, self.beta
        return alpha.lgamma() + beta.lgamma() - (alpha + beta).lgamma()

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`.

        The sum of log B - (alpha-1) psi(alpha) - (beta-1) psi(beta)
        + (alpha+beta-2) psi(alpha+beta) + log(high - low), psi the digamma function.
        """
        alpha, beta = self.alpha, self.beta
        both = alpha + beta
        terms = self._log_b() + (both - 2.0) * both.digamma()
        terms = terms - (alpha - 1.0) * alpha.digamma() - (beta - 1.0) * beta.digamma()
        return sum_event(terms, self.event_ndim) + self.interval.log_volume(alpha, self.event_ndim)

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`.

        The sum of log B' - log B + (alpha-alpha') psi(alpha) + (beta-beta') psi(beta)
        + (alpha'-alpha + beta'-beta) psi(alpha+beta), the primed ones of `other`.
        """
        self.refuse_other_family(other)
        self.interval.refuse_other(other.interval)
        more_alpha, more_beta = self.alpha - other.alpha, self.beta - other.beta
        terms = other._log_b() - self._log_b()
        terms = terms + more_alpha * self.alpha.digamma() + more_beta * self.beta.digamma()
        terms = terms - (more_alpha + more_beta) * (self.alpha + self.beta).digamma()
        return sum_event(terms, self.event_ndim)


def _draw_beta(alpha: Tensor, beta: Tensor) -> Tensor:
    """Draw x ~ Beta(alpha, beta): g / (g + h) with g ~ Gamma(alpha), h ~ Gamma(beta)."""
    gammas = torch._standard_gamma(torch.stack([alpha, beta]))
    gammas = gammas.clamp_min(torch.finfo(gammas.dtype).tiny)
    return gammas[0] / gammas.sum(0)
