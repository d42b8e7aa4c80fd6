"""Observation features: flattened in the order declared, then a multi-layer perceptron."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator
from torch import nn

from alfgraph.components.networks.modules.activations import activation_function
from alfgraph.components.networks.modules.initializers import Initializer, initializer
from alfgraph.components.networks.modules.layers import FlattenObservation, ObservationLeaf, mlp
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec


def _known_activation(name: str) -> str:
    activation_function(name)
    return name


ActivationName = Annotated[str, AfterValidator(_known_activation)]
"""A name in `activations.ACTIVATIONS`."""

InitializerName = Literal["orthogonal", "xavier_uniform", "variance_scaling", "fan_in_uniform"]

RELATIVE_GAIN = {"tanh": math.sqrt(2.0), "relu": math.sqrt(2.0)}


def observation_leaves(spec: Spec, path: tuple[str, ...] = ()) -> Iterator[ObservationLeaf]:
    """What `FlattenObservation` must know of an observation.

    Args:
        spec: sample spec: numbers as they are, bounded integers one-hot, uint8 as images.
        path: keys that lead to it.

    Raises:
        WiringError: E101, an integer without bounds cannot become features.
    """
    if isinstance(spec, RecordSpec):
        for name, field in spec.fields:
            yield from observation_leaves(field, (*path, name))
        return
    if not isinstance(spec, TensorSpec):
        raise WiringError(f"`{spec}` cannot become features", code="E101")
    shape = tuple(int(d) for d in spec.sample if isinstance(d, int))
    if not spec.is_discrete or spec.dtype == "bool":
        yield ObservationLeaf(path, "number", shape)
    elif spec.dtype == "uint8":
        yield ObservationLeaf(path, "image", shape)
    elif spec.is_bounded:
        starts, ends = _per_element(spec.low, shape), _per_element(spec.high, shape)
        sizes = tuple(high - low + 1 for low, high in zip(starts, ends, strict=True))
        yield ObservationLeaf(path, "one_hot", shape, sizes, starts)
    else:
        raise WiringError(
            f"`{spec}` has no bounds, so it cannot become a one-hot vector",
            code="E101",
            help="declare its bounds, as int64[*batch] in [0, n)",
        )


def _per_element(bound: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(bound, tuple):
        return tuple(int(v) for v in bound)
    return (int(bound),) * math.prod(shape)


def layer_initializer(name: InitializerName, activation: str) -> Initializer:
    """The initializer of hidden layers: orthogonal with gain √2, as in the PPO papers' code.

    Source: Huang et al. 2022, "The 37 Implementation Details of PPO", detail 2.
    """
    gain = RELATIVE_GAIN.get(activation, 1.0) if name == "orthogonal" else 1.0
    return initializer(name, gain, activation)


def feature_network(
    observation: Spec, hidden: tuple[int, ...], activation: str, init: InitializerName
) -> tuple[nn.Module, int]:
    """Build the features of an observation.

    Args:
        observation: sample spec.
        hidden: widths of the layers; () gives the flattened observation.
        activation: name of the activation after every layer.
        init: how weights begin.

    Returns:
        The module and its number of features.
    """
    leaves = list(observation_leaves(observation))
    flatten = FlattenObservation(leaves)
    width = flatten.out_features
    plain = len(leaves) == 1 and leaves[0].kind == "number" and len(leaves[0].shape) == 1
    plain = plain and not leaves[0].path and isinstance(observation, TensorSpec)
    plain = plain and observation.dtype == "float32"  # type: ignore[union-attr]
    if not hidden:
        return flatten, width
    layers = mlp((width, *hidden), activation, initializer=layer_initializer(init, activation))
    return (layers if plain else nn.Sequential(flatten, layers)), hidden[-1]
