"""Activation functions by name, and the gain each needs to keep the variance of its input."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

ActivationFunction: TypeAlias = Callable[[Tensor], Tensor]

Activation: TypeAlias = str | ActivationFunction
"""A name in `ACTIVATIONS`, or an elementwise function without parameters."""


def identity(values: Tensor) -> Tensor:
    """Give back the values: the activation of a linear layer."""
    return values


ACTIVATIONS: Mapping[str, ActivationFunction] = MappingProxyType(
    {
        "elu": functional.elu,
        "gelu": functional.gelu,
        "hardtanh": functional.hardtanh,
        "identity": identity,
        "leaky_relu": functional.leaky_relu,
        "mish": functional.mish,
        "relu": torch.relu,
        "selu": torch.selu,
        "sigmoid": torch.sigmoid,
        "silu": functional.silu,
        "softplus": functional.softplus,
        "softsign": functional.softsign,
        "tanh": torch.tanh,
    }
)

# Their gradient needs only their result, so overwriting the input loses nothing.
_OVERWRITING: Mapping[ActivationFunction, ActivationFunction] = MappingProxyType(
    {torch.relu: torch.relu_, torch.sigmoid: torch.sigmoid_, torch.tanh: torch.tanh_}
)


def activation_function(activation: Activation) -> ActivationFunction:
    """Look an activation up by name; a function is given back as it is.

    Args:
        activation: A name in `ACTIVATIONS` or a function.

    Returns:
        The function, elementwise and of any shape.

    Raises:
        ValueError: No activation has this name.
    """
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"no activation is named {activation!r}; there are {', '.join(ACTIVATIONS)}, "
            f"or pass a function of a tensor."
        )
    return ACTIVATIONS[activation]


def overwriting(function: ActivationFunction) -> ActivationFunction:
    """Give the variant that writes over its input, where autograd allows it; else the function."""
    return _OVERWRITING.get(function, function)


@lru_cache(maxsize=64)
def activation_gain(activation: Activation) -> float:
    """Compute 1/sqrt(E[f(z)^2]) with z standard normal: 1 for identity, sqrt 2 for relu.

    Weights scaled by it keep E[x^2] the same from layer to layer.

    Source: ALF's `_numerical_calculate_gain`; the idea is He et al., Delving Deep into Rectifiers
    (2015), equation 9, for any f.

    Args:
        activation: The function f; applied to a vector of standard normal quantiles' support.

    Returns:
        The gain; 1.5925 for tanh.
    """
    z = torch.linspace(-8.0, 8.0, 16_001, dtype=torch.float64, device="cpu")
    density = torch.exp(-0.5 * z.square()) / math.sqrt(2.0 * math.pi)
    with torch.no_grad():
        second_moment = torch.trapezoid(density * activation_function(activation)(z).square(), z)
    return 1.0 / math.sqrt(second_moment.item())
