"""How weights begin: functions that fill a weight in place, from torch's global generator."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from alfgraph.components.networks.modules.activations import Activation, activation_gain

Initializer: TypeAlias = Callable[[Tensor], object]
"""Fills a weight in place: `[out, in, *kernel] float32`."""

FanMode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]
Shape: TypeAlias = Literal["truncated_normal", "normal", "uniform"]

# The standard deviation of a standard normal truncated at -2 and 2.
TRUNCATED_NORMAL_STD = 0.87962566


def variance_scaling(
    gain: float = 1.0,
    mode: FanMode = "fan_in",
    distribution: Shape = "truncated_normal",
    activation: Activation = "identity",
) -> Initializer:
    """Scale weights so that the layer keeps the variance: std = gain * g(activation) / sqrt(fan).

    Source: ALF's `variance_scaling_init`, its default for every fully connected layer.

    Args:
        gain: Further factor on the std.
        mode: What counts as fan: the inputs, the outputs or their mean.
        distribution: Of each weight. The truncated normal is cut at two of its own std before it
            is scaled to have the wanted std.
        activation: What follows the layer; its gain g counts in mode "fan_in" only.

    Returns:
        The initializer.
    """
    factor = gain * activation_gain(activation) if mode == "fan_in" else gain

    @torch.no_grad()
    def fill(weight: Tensor) -> None:
        fan_in, fan_out = _fans(weight)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[mode]
        std = factor / math.sqrt(max(1.0, fan))
        if distribution == "uniform":
            weight.uniform_(-math.sqrt(3.0) * std, math.sqrt(3.0) * std)
        elif distribution == "normal":
            weight.normal_(0.0, std)
        else:
            nn.init.trunc_normal_(weight, a=-2.0, b=2.0)
            weight.mul_(std / TRUNCATED_NORMAL_STD)

    return fill


def xavier_uniform(gain: float = 1.0) -> Initializer:
    """Draw from U(-a, a) with a = gain * sqrt(6 / (fan in + fan out)).

    Source: Glorot & Bengio, Understanding the difficulty of training deep feedforward neural
    networks (2010), equation 16.
    """
    return lambda weight: nn.init.xavier_uniform_(weight, gain)


def orthogonal(gain: float = 1.0) -> Initializer:
    """Make orthonormal rows (or columns) times `gain`.

    PPO's details: sqrt 2 in hidden layers, 0.01 in the policy's head, 1 in the value's.

    Source: Saxe, McClelland & Ganguli (2013); Huang et al., The 37 Implementation Details of
    Proximal Policy Optimization (2022), detail 2.
    """
    return lambda weight: nn.init.orthogonal_(weight, gain)


def uniform(limit: float) -> Initializer:
    """Draw from U(-limit, limit): ALF's last layers, 0.003 for critics and actors, 0.03 for values.

    Source: Lillicrap et al., Continuous control with deep reinforcement learning (2015), section 7.
    """
    return lambda weight: nn.init.uniform_(weight, -limit, limit)


def constant(value: float = 0.0) -> Initializer:
    """Fill with one value."""
    return lambda weight: nn.init.constant_(weight, value)


INITIALIZERS: Mapping[str, Callable[[float, Activation], Initializer]] = MappingProxyType(
    {
        "constant": lambda gain, _: constant(gain),
        "fan_in_uniform": lambda gain, _: variance_scaling(
            gain * math.sqrt(1.0 / 3.0), distribution="uniform"
        ),
        "orthogonal": lambda gain, _: orthogonal(gain),
        "uniform": lambda gain, _: uniform(gain),
        "variance_scaling": lambda gain, activation: variance_scaling(gain, activation=activation),
        "xavier_uniform": lambda gain, _: xavier_uniform(gain),
    }
)
"""Name to (gain, activation) to initializer. For "uniform" and "constant" gain is the number;
"fan_in_uniform" is U(-gain/sqrt(fan in), gain/sqrt(fan in)), torch's default for linear layers."""


def initializer(name: str, gain: float = 1.0, activation: Activation = "identity") -> Initializer:
    """Make an initializer from settings.

    Args:
        name: A name in `INITIALIZERS`.
        gain: Its scale.
        activation: What follows the layer; only "variance_scaling" takes it into account.

    Returns:
        The initializer.

    Raises:
        ValueError: No initializer has this name.
    """
    if name not in INITIALIZERS:
        raise ValueError(f"no initializer is named {name!r}; there are {', '.join(INITIALIZERS)}.")
    return INITIALIZERS[name](gain, activation)


def initialized_linear(
    in_features: int, out_features: int, weight: Initializer, bias: float = 0.0
) -> nn.Linear:
    """Build a linear layer that begins with the given weights and a constant bias."""
    layer = nn.Linear(in_features, out_features)
    weight(layer.weight)
    nn.init.constant_(layer.bias, bias)
    return layer


def _fans(weight: Tensor) -> tuple[int, int]:
    """Count the inputs and outputs of one unit of `[out, in, *kernel]`."""
    receptive = math.prod(weight.shape[2:])
    return weight.shape[1] * receptive, weight.shape[0] * receptive
