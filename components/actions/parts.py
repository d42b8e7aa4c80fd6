"""The parts of an action: its discrete choice, if it has one, and the features of all others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from alfgraph.components.actions.bounds import finite_bounds
from alfgraph.components.networks.feature_network import observation_leaves
from alfgraph.components.networks.modules.layers import FlattenObservation
from alfgraph.distributions.intervals import Interval
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec

if TYPE_CHECKING:
    from alfgraph.families.protocols import Tree

Path = tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """One discrete choice.

    Attributes:
        path: keys from the action to it; empty where it is the action.
        count: how many there are to choose from.
        start: the first of them.
    """

    path: Path
    count: int
    start: int

    def index(self, action: Any) -> Tensor:
        """`[*batch] int64`, which one was taken, from 0."""
        taken: Tensor = part_at(action, self.path)
        return taken - self.start if self.start else taken


def action_leaves(action: Spec, path: Path = ()) -> Iterator[tuple[Path, TensorSpec]]:
    """The tensors of an action, each with the keys that lead to it."""
    if isinstance(action, RecordSpec):
        for name, field in action.fields:
            yield from action_leaves(field, (*path, name))
    elif isinstance(action, TensorSpec):
        yield path, action


def single_choice(action: Spec) -> Choice | None:
    """The one discrete part of an action; None where there is none, or there are several.

    Args:
        action: sample spec.
    """
    discrete = [(path, leaf) for path, leaf in action_leaves(action) if leaf.is_discrete]
    if len(discrete) != 1:
        return None
    ((path, leaf),) = discrete
    low, high = leaf.low, leaf.high
    if leaf.sample or not (isinstance(low, int) and isinstance(high, int)):
        return None
    return Choice(path, high - low + 1, low)


def part_at(value: Any, path: Path) -> Any:
    """Follow keys into nested mappings."""
    for key in path:
        value = value[key]
    return value


class ActionFeatures(nn.Module):
    """An action, but for its single choice, as one vector; continuous parts go to [-1, 1].

    Attributes:
        out_features: its length; 0 where the choice is all there is.
    """

    def __init__(self, action: Spec) -> None:
        """Prepare every part.

        Args:
            action: sample spec.
        """
        super().__init__()
        choice = single_choice(action)
        leaves = [
            (path, leaf)
            for path, leaf in action_leaves(action)
            if choice is None or path != choice.path
        ]
        self.paths = [path for path, _ in leaves]
        self.intervals = [_unit_interval(leaf) for _, leaf in leaves]
        flatten = [FlattenObservation(list(observation_leaves(leaf))) for _, leaf in leaves]
        self.flatten = nn.ModuleList(flatten)
        self.out_features = sum(part.out_features for part in flatten)

    def forward(self, action: Tree) -> Tensor:
        """[*batch, ...] action -> [*batch, out_features] float32."""
        features = []
        for path, interval, flatten in zip(self.paths, self.intervals, self.flatten, strict=True):
            part = part_at(action, path)
            features.append(flatten(part if interval is None else interval.to_unit(part)))
        return features[0] if len(features) == 1 else torch.cat(features, -1)


def _unit_interval(leaf: TensorSpec) -> Interval | None:
    if leaf.is_discrete:
        return None
    bounds = finite_bounds(leaf)
    return None if bounds is None else Interval(*bounds, origin=-1.0)
