"""ActorDistributionNetwork: a policy whose head follows from the action spec."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import nn

from alfgraph.components.actions.bounds import finite_bounds
from alfgraph.components.networks.feature_network import (
    ActivationName,
    InitializerName,
    feature_network,
)
from alfgraph.components.networks.modules.heads import (
    BernoulliHead,
    BetaHead,
    CategoricalHead,
    MultiCategoricalHead,
    NormalHead,
    ProductHead,
    SquashedNormalHead,
    StdOptions,
)
from alfgraph.components.networks.modules.initializers import (
    Initializer,
    orthogonal,
    variance_scaling,
)
from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.network import PolicyNetwork
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec

Width = Annotated[int, Field(ge=1)]


MOST_CHOICES = 100_000
"""Logits of a discrete policy; more than that is a space that nobody meant to choose from."""


class ActorDistributionNetwork(PolicyNetwork):
    """A multi-layer perceptron with a head that fits the action.

    Details:
        - Discrete actions: categorical; several discrete ones: independent categoricals; binary
          ones: Bernoulli; trees of actions: independent parts.
        - Continuous actions: `continuous` chooses. "normal": a mean and a std that is a parameter
          of its own, so log-probabilities are of the unclipped action. "squashed_normal": tanh
          into the bounds, with the exact density. "beta": on the bounds.
        - The head begins with orthogonal weights of gain `output_gain`, so that the first policy
          is nearly uniform.

    Attributes:
        hidden: widths of its layers.
        activation: after every hidden layer.
        initializer: how hidden layers begin.
        output_gain: gain of the head's weights.
        continuous: the family for continuous actions.
        std_transform: from the raw parameter to the std; ALF's default is softplus.
        std_bias: initial raw parameter: with "exp" the initial log std; softplus(0) is 0.6931.
        state_dependent_std: the std is computed from the features.
        squash_mean: ALF: the normal's mean is tanh-scaled to the bounds.

    Source: Huang et al. 2022, "The 37 Implementation Details of PPO"; ALF's
        ActorDistributionNetwork and NormalProjectionNetwork for the switches.
    """

    hidden: tuple[Width, ...] = (64, 64)
    activation: ActivationName = "tanh"
    initializer: InitializerName = "orthogonal"
    output_gain: float = 0.01
    continuous: Literal["normal", "squashed_normal", "beta"] = "normal"
    std_transform: Literal["softplus", "exp", "clipped_exp"] = "exp"
    std_bias: float = 0.0
    state_dependent_std: bool = False
    squash_mean: bool = False

    def build(self, observation: Spec, action: Spec) -> nn.Module:
        """[*batch, ...] observation -> a distribution over `action`."""
        features, width = feature_network(
            observation, self.hidden, self.activation, self.initializer
        )
        return _Actor(features, self.head(width, action))

    def head(self, width: int, action: Spec) -> nn.Module:
        """The head for an action spec.

        Args:
            width: number of features.
            action: sample spec of the action.
        """
        if isinstance(action, RecordSpec):
            return ProductHead({k: self.head(width, field) for k, field in action.fields})
        if not isinstance(action, TensorSpec):
            raise WiringError(f"no policy head fits `{action}`", code="E101")
        shape = tuple(int(d) for d in action.sample if isinstance(d, int))
        init = self._initializer()
        if action.is_discrete:
            return _discrete_head(width, action, shape, init)
        return self._continuous_head(width, action, shape, init)

    def _initializer(self) -> Initializer:
        if self.initializer == "orthogonal":
            return orthogonal(self.output_gain)
        return variance_scaling(self.output_gain, "fan_in", "truncated_normal", "identity")

    def _continuous_head(
        self, width: int, action: TensorSpec, shape: tuple[int, ...], init: Initializer
    ) -> nn.Module:
        bounds = finite_bounds(action)
        std = StdOptions(
            state_dependent=self.state_dependent_std,
            bias=self.std_bias,
            transform=self.std_transform,
        )
        if self.continuous == "normal":
            squash = bounds if self.squash_mean else None
            return NormalHead(width, shape, std, squash_mean_to=squash, initializer=init)
        if bounds is None:
            raise WiringError(
                f"a {self.continuous} policy needs bounds, and `{action}` has none",
                code="E101",
                help=Help(
                    text='`continuous="normal"` needs none',
                    retype=Retype(given="continuous", instead='"normal"'),
                ),
                about=("continuous",),
            )
        if self.continuous == "beta":
            return BetaHead(width, shape, bounds)
        return SquashedNormalHead(width, shape, bounds, std, initializer=init)


class SoftActor(ActorDistributionNetwork):
    """SAC's actor: a wider network; continuous actions get a std from the features and tanh.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, appendix D.
    """

    hidden: tuple[Width, ...] = (256, 256)
    activation: ActivationName = "relu"
    initializer: InitializerName = "fan_in_uniform"
    continuous: Literal["normal", "squashed_normal", "beta"] = "squashed_normal"
    std_transform: Literal["softplus", "exp", "clipped_exp"] = "clipped_exp"
    state_dependent_std: bool = True


def _discrete_head(
    width: int, action: TensorSpec, shape: tuple[int, ...], init: Initializer
) -> nn.Module:
    if action.dtype in {"int8", "bool"} and (action.low, action.high) == (0, 1):
        return BernoulliHead(width, shape, getattr(torch, action.dtype), initializer=init)
    if not action.is_bounded:
        raise WiringError(
            f"a discrete policy needs bounds, and `{action}` has none",
            code="E101",
            help="declare them, as int64[*batch] in [0, n)",
        )
    count = math.prod(shape)
    lows, highs = _per_element(action.low, count), _per_element(action.high, count)
    sizes = tuple(high - low + 1 for low, high in zip(lows, highs, strict=True))
    _check_choices(action, sum(sizes))
    if not shape:
        return CategoricalHead(width, sizes[0], lows[0], initializer=init)
    return MultiCategoricalHead(width, sizes, lows, shape, initializer=init)


def _check_choices(action: TensorSpec, count: int) -> None:
    """Every choice has a logit of its own, and the chosen one is an int64."""
    if count > MOST_CHOICES:
        raise WiringError(
            f"a discrete policy gives every choice a logit, and `{action}` has {count:,} choices",
            code="E101",
            help="wrap the environment so that its action is a float Box, or has fewer choices",
        )
    if action.dtype != "int64":
        raise WiringError(
            f"a discrete policy gives int64, and the action is `{action}`",
            code="E101",
            help="let the environment's port take int64, as GymEnv's does, and convert there",
        )


def _per_element(bound: Any, count: int) -> tuple[int, ...]:
    return tuple(int(v) for v in bound) if isinstance(bound, tuple) else (int(bound),) * count


class _Actor(nn.Module):
    """Features, then the head."""

    def __init__(self, features: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.features = features
        self.head = head

    def forward(self, observation: Any) -> Any:
        return self.head(self.features(observation))
