"""The bounds of an action, as networks and noise need them."""

from __future__ import annotations

import math
from typing import Any

import torch

from alfgraph.diagnostics.errors import WiringError
from alfgraph.distributions.intervals import Interval
from alfgraph.specs.spec import Spec, TensorSpec


def finite_bounds(action: TensorSpec) -> tuple[Any, Any] | None:
    """Low and high of a continuous action, numbers or float32 tensors `[*event]`.

    Args:
        action: sample spec.

    Returns:
        None where a bound is missing or infinite.
    """
    if not action.is_bounded:
        return None
    low, high = action.low, action.high
    flat = [*_each(low), *_each(high)]
    if not all(isinstance(v, int | float) and math.isfinite(v) for v in flat):
        return None
    if not (isinstance(low, tuple) or isinstance(high, tuple)):
        return low, high
    shape = sample_shape(action)
    count = math.prod(shape)
    lows, highs = (bound if isinstance(bound, tuple) else (bound,) * count for bound in (low, high))
    return torch.tensor(lows).reshape(shape), torch.tensor(highs).reshape(shape)


def action_interval(action: Spec, wanted_by: str) -> Interval:
    """The map from [-1, 1] to the bounds of a continuous action.

    Args:
        action: sample spec.
        wanted_by: what needs the bounds, for the error.

    Raises:
        WiringError: E101, the action is discrete, a tree, or without finite bounds.
    """
    bounds = None
    if isinstance(action, TensorSpec) and not action.is_discrete:
        bounds = finite_bounds(action)
    if bounds is None:
        raise WiringError(
            f"{wanted_by} needs one continuous action with finite bounds, and the environment's is "
            f"`{action}`",
            code="E101",
            help="PPO and ActorCritic act in every action space; DQN in discrete ones",
        )
    return Interval(*bounds, origin=-1.0)


def sample_shape(spec: TensorSpec) -> tuple[int, ...]:
    """The solved sample dims."""
    return tuple(int(d) for d in spec.sample if isinstance(d, int))


def _each(bound: Any) -> tuple[Any, ...]:
    return bound if isinstance(bound, tuple) else (bound,)
