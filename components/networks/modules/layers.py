"""Plain torch modules that networks are built of: layers in a row, and observations made flat."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from alfgraph.components.networks.modules.activations import (
    Activation,
    activation_function,
    identity,
    overwriting,
)
from alfgraph.components.networks.modules.initializers import (
    Initializer,
    initialized_linear,
    variance_scaling,
)

_THIN = range(2, 17)  # features: where MKL multiplies slowly
_MANY = 128  # rows: where that costs more than what avoids it


class MLP(nn.Module):
    """Linear layers in a row, each followed by an activation.

    Its children are the linear layers, "0", "1", ... It calls their kernels itself, which halves
    the overhead of an `nn.Sequential` on a rollout's batch; hooks of single layers are not called.
    """

    def __init__(self, layers: Sequence[nn.Linear], activations: Sequence[Activation]) -> None:
        """Join built layers; `mlp` builds them too.

        Args:
            layers: The linear layers, widths fitting.
            activations: One for each layer.

        Raises:
            ValueError: There are not as many activations as layers, or no layer.
        """
        super().__init__()
        if len(layers) != len(activations) or not layers:
            raise ValueError(
                f"an MLP needs one activation for each of its layers, and at least one layer; "
                f"got {len(layers)} layers and {len(activations)} activations."
            )
        for index, layer in enumerate(layers):
            self.add_module(str(index), layer)
        functions = [overwriting(activation_function(name)) for name in activations]
        self.activations = tuple(None if f is identity else f for f in functions)
        self.in_features = layers[0].in_features
        self.out_features = layers[-1].out_features

    def forward(self, features: Tensor) -> Tensor:
        """Apply the layers.

        Args:
            features: `[*batch, in_features] float32`.

        Returns:
            `[*batch, out_features] float32`.
        """
        layers = cast("dict[str, nn.Linear]", self._modules)
        batch = features.shape[:-1]
        # As a table: with more axes a layer gives a view, and backward through an activation that
        # overwrites a view copies it several times.
        table = features if len(batch) == 1 else features.reshape(-1, self.in_features)
        is_thin = self.in_features in _THIN and table.shape[0] >= _MANY and torch.is_grad_enabled()
        for layer, activation in zip(layers.values(), self.activations, strict=True):
            if is_thin:
                table, is_thin = _thin_linear(table, layer), False
            else:
                table = functional.linear(table, layer.weight, layer.bias)
            if activation is not None:
                table = activation(table)
        return table if len(batch) == 1 else table.view(*batch, self.out_features)


def _thin_linear(features: Tensor, layer: nn.Linear) -> Tensor:
    """Apply a layer of few inputs to many rows, for a backward several times as fast.

    Where the weight has few columns, the products of its backward take MKL 80 us on [256, 4] inputs
    and 256 outputs, and 15 us if forward saw a transposed copy of it.
    """
    if features.device.type != "cpu" or layer.bias is None:
        return functional.linear(features, layer.weight, layer.bias)
    return torch.addmm(layer.bias, features, layer.weight.t().contiguous())


def mlp(
    sizes: Sequence[int],
    activation: Activation = "relu",
    last_activation: Activation | None = None,
    initializer: Initializer | None = None,
    last_initializer: Initializer | None = None,
    last_bias: float = 0.0,
) -> MLP:
    """Build an MLP.

    Args:
        sizes: Widths from the input to the output, at least two.
        activation: After every layer but the last.
        last_activation: After the last layer; None: the same, as an encoder wants it; "identity"
            for an output such as a value.
        initializer: Of the weights; None: ALF's variance scaling for the layer's own activation.
        last_initializer: Of the last layer's weights; None: as the others.
        last_bias: The last layer's bias at the beginning; the others' is 0.

    Returns:
        The module, from `[*batch, sizes[0]]` to `[*batch, sizes[-1]]`.

    Raises:
        ValueError: There are fewer than two sizes.
    """
    if len(sizes) <= 1:
        raise ValueError(f"an MLP needs the width of its input and of its output, got {sizes!r}.")
    last = activation if last_activation is None else last_activation
    count = len(sizes) - 1
    activations = [activation] * (count - 1) + [last]
    layers = []
    for index, follows in enumerate(activations):
        weight = initializer or variance_scaling(activation=follows)
        is_last = index == count - 1
        if is_last and last_initializer is not None:
            weight = last_initializer
        bias = last_bias if is_last else 0.0
        layers.append(initialized_linear(sizes[index], sizes[index + 1], weight, bias))
    return MLP(layers, activations)


LeafKind: TypeAlias = Literal["number", "one_hot", "image"]


class ObservationLeaf(NamedTuple):
    """One tensor of an observation, as `FlattenObservation` must know it.

    Attributes:
        path: Keys from the observation to the tensor; empty where it is the observation.
        kind: "number" is taken as float32 (booleans too), "one_hot" is an integer of which every
            element becomes a block of zeros and a one, "image" is divided by 255.
        shape: Of one sample, without batch dims.
        sizes: For "one_hot", how many values each element has, flattened.
        starts: For "one_hot", the first value of each element; empty: 0.
    """

    path: tuple[str, ...]
    kind: LeafKind
    shape: tuple[int, ...]
    sizes: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many features it becomes."""
        return sum(self.sizes) if self.kind == "one_hot" else math.prod(self.shape)


class FlattenObservation(nn.Module):
    """Turn an observation, a tensor or a tree of dicts, into one vector of features.

    The parts follow each other in the order of `leaves`, which is the order of the declaration and
    not of the alphabet: the meaning of a feature does not change with a key's name.
    """

    def __init__(self, leaves: Sequence[ObservationLeaf]) -> None:
        """Prepare every leaf.

        Args:
            leaves: The tensors of an observation, at least one.

        Raises:
            ValueError: There is no leaf, or the sizes of a "one_hot" leaf do not fit its shape.
        """
        super().__init__()
        if not leaves:
            raise ValueError("an observation needs at least one tensor to make features of.")
        self.leaves = tuple(leaves)
        self.out_features = sum(leaf.width for leaf in leaves)
        self.parts = nn.ModuleList(_flattener(leaf) for leaf in leaves)
        # The common case costs nothing: a vector of numbers is its own features.
        only = self.leaves[0]
        self.is_vector = len(leaves) == 1 and only.kind == "number" and len(only.shape) == 1

    def forward(self, observation: Any) -> Tensor:
        """Make the features.

        Args:
            observation: A tensor `[*batch, *shape]`, or nested mappings of such.

        Returns:
            `[*batch, out_features] float32`.
        """
        if self.is_vector:
            return _at(observation, self.leaves[0].path).to(torch.float32)
        features = [
            part(_at(observation, leaf.path))
            for leaf, part in zip(self.leaves, self.parts, strict=True)
        ]
        return features[0] if len(features) == 1 else torch.cat(features, -1)


class _Numbers(nn.Module):
    """`[*batch, *shape]` to `[*batch, prod(shape)] float32`, divided by a constant."""

    def __init__(self, ndim: int, divisor: float) -> None:
        super().__init__()
        self.ndim = ndim
        self.divisor = divisor

    def forward(self, values: Tensor) -> Tensor:
        """Flatten and scale."""
        numbers = _flat(values, self.ndim).to(torch.float32)
        return numbers if self.divisor == 1.0 else numbers / self.divisor


class _OneHot(nn.Module):
    """`[*batch, *shape]` integers to `[*batch, sum(sizes)] float32`, all elements in one kernel."""

    owner: Tensor
    value: Tensor

    def __init__(self, leaf: ObservationLeaf) -> None:
        super().__init__()
        self.ndim = len(leaf.shape)
        starts = leaf.starts or (0,) * len(leaf.sizes)
        owner = [i for i, size in enumerate(leaf.sizes) for _ in range(size)]
        value = [
            start + k for start, size in zip(starts, leaf.sizes, strict=True) for k in range(size)
        ]
        # They follow from the observation's spec, so they are no state of the network.
        self.register_buffer("owner", torch.tensor(owner), persistent=False)
        self.register_buffer("value", torch.tensor(value), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Compare every element with each of its possible values."""
        elements = _flat(values, self.ndim)
        if elements.shape[-1] > 1:
            elements = elements.index_select(-1, self.owner)
        return (elements == self.value).to(torch.float32)


def _flattener(leaf: ObservationLeaf) -> nn.Module:
    if leaf.kind != "one_hot":
        return _Numbers(len(leaf.shape), 255.0 if leaf.kind == "image" else 1.0)
    elements = math.prod(leaf.shape)
    if len(leaf.sizes) != elements or (leaf.starts and len(leaf.starts) != elements):
        raise ValueError(
            f"observation {'.'.join(leaf.path) or 'tensor'} of shape {leaf.shape} has {elements} "
            f"elements, but {len(leaf.sizes)} sizes and {len(leaf.starts)} starts; give one each."
        )
    return _OneHot(leaf)


def _flat(values: Tensor, ndim: int) -> Tensor:
    """Make the last `ndim` dims one: `[*batch, *shape]` to `[*batch, prod(shape)]`."""
    if ndim == 1:
        return values
    return values.unsqueeze(-1) if ndim == 0 else values.flatten(-ndim)


def _at(observation: Any, path: tuple[str, ...]) -> Tensor:
    """Follow the keys of `path` into nested mappings."""
    for key in path:
        observation = observation[key]
    tensor: Tensor = observation
    return tensor
