"""Projection heads: linear layers from features to a light distribution over actions.

Every head maps `[*batch, in_features] float32` to a distribution with batch shape `[*batch]`,
whatever leads. Defaults are ALF's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from alfgraph.components.networks.modules.initializers import (
    Initializer,
    constant,
    initialized_linear,
    variance_scaling,
)
from alfgraph.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    MultiCategorical,
    Normal,
    Product,
    SquashedNormal,
    TensorDistribution,
)
from alfgraph.distributions.intervals import Bound, Interval

StdTransform: TypeAlias = Literal["softplus", "exp", "clipped_exp"]

# ALF: small first logits and means make the first policy nearly uniform, or nearly centred.
LOGITS_GAIN = 0.1
NORMAL_GAIN = 0.3
# softplus(SOFTPLUS_OF_ONE) = 1, so that a beta policy begins uniform.
SOFTPLUS_OF_ONE = math.log(math.e - 1.0)


class CategoricalHead(nn.Module):
    """One choice among `n`."""

    def __init__(
        self, in_features: int, n: int, start: int = 0, initializer: Initializer | None = None
    ) -> None:
        """Build the layer.

        Args:
            in_features: Width of the features.
            n: Number of actions.
            start: The first action.
            initializer: Of the weights; None: variance scaling with gain 0.1.
        """
        super().__init__()
        weight = initializer or variance_scaling(LOGITS_GAIN)
        self.logits = initialized_linear(in_features, n, weight)
        self.start = start

    def forward(self, features: Tensor) -> Categorical:
        """Give the distribution for `[*batch, in_features] float32`."""
        return Categorical(self.logits(features), self.start)


class MultiCategoricalHead(nn.Module):
    """Several independent choices, from one layer."""

    def __init__(
        self,
        in_features: int,
        sizes: Sequence[int],
        starts: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
        initializer: Initializer | None = None,
    ) -> None:
        """Build the layer.

        Args:
            in_features: Width of the features.
            sizes: How many actions each choice has, flattened.
            starts: The first action of each choice; None: all 0.
            shape: Shape of an action; None: `(len(sizes),)`.
            initializer: Of the weights; None: variance scaling with gain 0.1.
        """
        super().__init__()
        weight = initializer or variance_scaling(LOGITS_GAIN)
        self.logits = initialized_linear(in_features, sum(sizes), weight)
        self.prototype = MultiCategorical(torch.zeros(sum(sizes)), sizes, starts, shape)

    def forward(self, features: Tensor) -> MultiCategorical:
        """Give the distribution for `[*batch, in_features] float32`."""
        return self.prototype.like(self.logits(features))


class BernoulliHead(nn.Module):
    """Independent switches."""

    def __init__(
        self,
        in_features: int,
        shape: Sequence[int],
        dtype: torch.dtype = torch.int8,
        initializer: Initializer | None = None,
    ) -> None:
        """Build the layer.

        Args:
            in_features: Width of the features.
            shape: Shape of an action.
            dtype: Of the actions.
            initializer: Of the weights; None: variance scaling with gain 0.1.
        """
        super().__init__()
        weight = initializer or variance_scaling(LOGITS_GAIN)
        self.logits = initialized_linear(in_features, math.prod(shape), weight)
        self.shape = tuple(shape)
        self.dtype = dtype

    def forward(self, features: Tensor) -> Bernoulli:
        """Give the distribution for `[*batch, in_features] float32`."""
        logits = _shaped(self.logits(features), self.shape)
        return Bernoulli(logits, len(self.shape), self.dtype)


@dataclass(frozen=True)
class StdOptions:
    """How a head makes its standard deviation: `clamp(transform(raw), minimum, maximum)`.

    Attributes:
        state_dependent: Whether raw is a layer of the features; else it is a parameter.
        bias: What raw begins with. ALF's softplus and 0 give std 0.6931; with "exp" it is the
            initial log std of the PPO papers.
        transform: "clipped_exp" is exp with raw clamped to [-20, 2], as in SAC.
        minimum: Lower bound of the std; None: none.
        maximum: Upper bound of the std; None: none.
    """

    state_dependent: bool = False
    bias: float = 0.0
    transform: StdTransform = "softplus"
    minimum: float | None = None
    maximum: float | None = None

    def std(self, raw: Tensor) -> Tensor:
        """Transform raw values of any shape into standard deviations."""
        if self.transform == "softplus":
            std = functional.softplus(raw)
        elif self.transform == "exp":
            std = raw.exp()
        else:
            std = raw.clamp(-20.0, 2.0).exp()
        if self.minimum is None and self.maximum is None:
            return std
        return std.clamp(self.minimum, self.maximum)


class MeanAndStd(nn.Module):
    """A mean from the features, and a std from the features or from a parameter.

    Where both come from the features they come from one layer: one kernel instead of two.
    """

    def __init__(
        self,
        in_features: int,
        shape: Sequence[int],
        options: StdOptions,
        initializer: Initializer | None = None,
    ) -> None:
        """Build the layer.

        Args:
            in_features: Width of the features.
            shape: Shape of an action.
            options: How the std is made.
            initializer: Of the weights of mean and std, each by itself; None: variance scaling with
                gain 0.3.
        """
        super().__init__()
        self.shape = tuple(shape)
        self.size = math.prod(shape)
        self.options = options
        weight = initializer or variance_scaling(NORMAL_GAIN)
        self.raw_std: nn.Parameter | None
        if options.state_dependent:
            self.projection = initialized_linear(in_features, 2 * self.size, constant(0.0))
            with torch.no_grad():
                weight(self.projection.weight[: self.size])
                weight(self.projection.weight[self.size :])
                self.projection.bias[self.size :] = options.bias
            self.raw_std = None
        else:
            self.projection = initialized_linear(in_features, self.size, weight)
            self.raw_std = nn.Parameter(torch.full(self.shape, float(options.bias)))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Give mean and std, each `[*batch, *shape] float32`, for `[*batch, in_features]`."""
        projected = self.projection(features)
        if self.raw_std is None:
            mean, raw = projected.chunk(2, -1)
            return _shaped(mean, self.shape), self.options.std(_shaped(raw, self.shape))
        mean = _shaped(projected, self.shape)
        return mean, self.options.std(self.raw_std).expand_as(mean)


class NormalHead(nn.Module):
    """A normal distribution without bounds; its mean may be squashed into the action's."""

    def __init__(
        self,
        in_features: int,
        shape: Sequence[int],
        std: StdOptions | None = None,
        squash_mean_to: tuple[Bound, Bound] | None = None,
        initializer: Initializer | None = None,
    ) -> None:
        """Build the layers.

        Args:
            in_features: Width of the features.
            shape: Shape of an action.
            std: How the std is made; None: ALF's, a parameter with softplus, 0.6931 at first.
            squash_mean_to: Low and high into which tanh squashes the mean (ALF's `squash_mean`,
                on by default there); None: the mean is not squashed.
            initializer: Of the weights; None: variance scaling with gain 0.3.

        Raises:
            ValueError: A bound of `squash_mean_to` is not finite.
        """
        super().__init__()
        self.mean_and_std = MeanAndStd(in_features, shape, std or StdOptions(), initializer)
        self.interval = None if squash_mean_to is None else Interval(*squash_mean_to, origin=-1.0)

    def forward(self, features: Tensor) -> Normal:
        """Give the distribution for `[*batch, in_features] float32`."""
        mean, std = self.mean_and_std(features)
        if self.interval is not None:
            mean = self.interval.from_unit(mean.tanh())
        return Normal(mean, std, len(self.mean_and_std.shape))


SAC_STD = StdOptions(state_dependent=True, transform="clipped_exp")


class SquashedNormalHead(nn.Module):
    """A normal distribution squashed into the bounds: ALF's `scale_distribution=True`."""

    def __init__(
        self,
        in_features: int,
        shape: Sequence[int],
        bounds: tuple[Bound, Bound] = (-1.0, 1.0),
        std: StdOptions = SAC_STD,
        initializer: Initializer | None = None,
    ) -> None:
        """Build the layers.

        Args:
            in_features: Width of the features.
            shape: Shape of an action.
            bounds: Low and high: numbers, or nested lists or tensors of `shape`.
            std: How the std before squashing is made; SAC's by default: from the features, log std
                clamped to [-20, 2].
            initializer: Of the weights; None: variance scaling with gain 0.3.

        Raises:
            ValueError: A bound is not finite, or low is not below high.
        """
        super().__init__()
        self.mean_and_std = MeanAndStd(in_features, shape, std, initializer)
        zeros = torch.zeros(tuple(shape))
        self.prototype = SquashedNormal(zeros, zeros + 1.0, *bounds, event_ndim=len(shape))

    def forward(self, features: Tensor) -> SquashedNormal:
        """Give the distribution for `[*batch, in_features] float32`."""
        mean, std = self.mean_and_std(features)
        return self.prototype.like(mean, std)


class BetaHead(nn.Module):
    """A beta distribution within the bounds; it begins uniform (alpha = beta = 1)."""

    def __init__(
        self,
        in_features: int,
        shape: Sequence[int],
        bounds: tuple[Bound, Bound] = (-1.0, 1.0),
        min_concentration: float = 0.0,
        gradient_clip: float | None = 0.01,
    ) -> None:
        """Build the layer.

        Args:
            in_features: Width of the features.
            shape: Shape of an action.
            bounds: Low and high: numbers, or nested lists or tensors of `shape`.
            min_concentration: Added to alpha and beta; 1 keeps the density unimodal.
            gradient_clip: Largest norm, for each sample, of the gradient with respect to its
                concentrations, which is unbounded near 0 (ALF's `grad_clip`); None: no clipping.

        Raises:
            ValueError: A bound is not finite, or low is not below high.
        """
        super().__init__()
        self.shape = tuple(shape)
        self.concentration = initialized_linear(
            in_features, 2 * math.prod(shape), constant(0.0), bias=SOFTPLUS_OF_ONE
        )
        self.min_concentration = min_concentration
        self.gradient_clip = gradient_clip
        ones = torch.ones(self.shape)
        self.prototype = Beta(ones, ones, *bounds, event_ndim=len(self.shape))

    def forward(self, features: Tensor) -> Beta:
        """Give the distribution for `[*batch, in_features] float32`."""
        concentration = functional.softplus(self.concentration(features))
        if self.min_concentration:
            concentration = concentration + self.min_concentration
        if self.gradient_clip is not None and concentration.requires_grad:
            hooked: Any = concentration
            hooked.register_hook(partial(_shortened, limit=self.gradient_clip))
        alpha, beta = concentration.chunk(2, -1)
        return self.prototype.like(_shaped(alpha, self.shape), _shaped(beta, self.shape))


class ProductHead(nn.Module):
    """Several heads on the same features, for an action with named parts; heads nest."""

    def __init__(self, heads: Mapping[str, nn.Module]) -> None:
        """Join the heads.

        Args:
            heads: Name of the part to its head, in the order of the action space.
        """
        super().__init__()
        self.names = tuple(heads)
        # A list: an nn.ModuleDict refuses names such as "keys" and "arm.left".
        self.heads = nn.ModuleList(heads.values())

    def forward(self, features: Tensor) -> Product:
        """Give the distribution for `[*batch, in_features] float32`."""
        parts: dict[str, TensorDistribution] = {
            name: head(features) for name, head in zip(self.names, self.heads, strict=True)
        }
        return Product(parts)


def _shortened(gradient: Tensor, limit: float) -> Tensor:
    """Shorten each sample's gradient, `[*batch, k]`, to a norm of at most `limit`."""
    norm: Tensor = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
    return gradient / (norm / limit).clamp_min(1.0)


def _shaped(values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Lay out `[*batch, size]` as `[*batch, *shape]`."""
    return values if len(shape) == 1 else values.reshape((*values.shape[:-1], *shape))
