"""SmoothActor: a policy whose deviation is linear in features of the state, as gSDE needs it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.actions.bounds import action_interval, sample_shape
from alfgraph.components.networks.actor_network import SoftActor
from alfgraph.components.networks.feature_network import feature_network
from alfgraph.components.networks.modules.initializers import initialized_linear, initializer
from alfgraph.distributions import SquashedNormal
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.ports import Out


class SmoothActor(SoftActor):
    """A squashed normal policy with variance `z² σ²`, z being the last layer's features.

    Details:
        - σ is a parameter for every feature and dimension of the action.
        - The variance trains z, too: the authors do so for SAC, not for on-policy algorithms.
        - The mean is limited before squashing, so it never saturates; the authors use 2, too.

    Attributes:
        initial_log_std: log σ at the beginning.
        mean_limit: the mean is clamped to [-mean_limit, mean_limit] before squashing.

    Source: Raffin et al. 2021, arXiv:2005.05719, section 3, eq. 5 to 7.
    """

    initial_log_std: float = -3.0
    mean_limit: Annotated[float, Field(gt=0.0)] = 2.0

    features = Out("float32[*batch, w]")
    deviation = Out("float32[w, a]")

    def derive(self, action: Spec) -> Mapping[str, Any]:
        """Nothing; but an action it cannot give is refused before what would read it."""
        action_interval(action, "SmoothActor")
        return {}

    def build(self, observation: Spec, action: Spec) -> nn.Module:
        """[*batch, ...] observation -> a policy, [*batch, w] features z, and [w, a] σ."""
        interval = action_interval(action, "SmoothActor")
        assert isinstance(action, TensorSpec)
        shape = sample_shape(action)
        features, width = feature_network(
            observation, self.hidden, self.activation, self.initializer
        )
        init = initializer(self.initializer, self.output_gain, "identity")
        zeros = torch.zeros(shape)
        prototype = SquashedNormal(
            zeros, zeros + 1.0, interval.low, interval.high, event_ndim=len(shape)
        )
        mean = initialized_linear(width, math.prod(shape), init)
        return _Smooth(features, mean, prototype, self.initial_log_std, self.mean_limit)


class _Smooth(nn.Module):
    """Features, a limited mean, and log σ."""

    def __init__(
        self,
        features: nn.Module,
        mean: nn.Linear,
        prototype: SquashedNormal,
        log_std: float,
        mean_limit: float,
    ) -> None:
        super().__init__()
        self.features = features
        self.mean = mean
        self.prototype = prototype
        self.mean_limit = mean_limit
        self.log_std = nn.Parameter(torch.full((mean.in_features, mean.out_features), log_std))

    def forward(self, observation: Any) -> tuple[SquashedNormal, Tensor, Tensor]:
        z = self.features(observation)
        deviation = self.log_std.clamp(-20.0, 2.0).exp()
        variance = z.square() @ deviation.square()
        shape = (*z.shape[:-1], *self.prototype.mean.shape)
        std = (variance + 1e-6).sqrt()
        mean = self.mean(z).clamp(-self.mean_limit, self.mean_limit)
        policy = self.prototype.like(mean.reshape(shape), std.reshape(shape))
        return policy, z, deviation
