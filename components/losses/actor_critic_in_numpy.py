"""`actor_critic_loss` and `ppo_loss` with their gradient, each in one pass of numpy.

The loss is a sum over entries of a batch, and each entry has a derivative with a closed form. A
dozen numpy operations compute both, where torch records some 25 nodes, walks back through them and
spends 5 to 15 us on each. Both functions take what their definitions take, on CPU, and are tested
equal to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from alfgraph.components.losses.value_errors import ErrorKind

Array = NDArray[np.floating]


def actor_critic_in_numpy(  # noqa: PLR0913  (one argument for each tensor)
    weights: Tensor,
    advantage: Tensor,
    returns: Tensor,
    log_prob: Tensor,
    entropy: Tensor,
    value: Tensor,
    *,
    value_weight: float,
    entropy_weight: float,
    error: ErrorKind = "squared",
) -> tuple[Tensor, ...]:
    """What `actor_critic_loss` returns; the loss can be differentiated once."""
    share = _rows(weights)
    with np.errstate(over="ignore", invalid="ignore"):  # a non-finite loss is reported as such
        slope = -_rows(advantage) * share
        policy_loss = float(slope @ _rows(log_prob))
        value_loss, value_slope = _value(value, returns, share, value_weight, error)
        mean_entropy = float(share @ _rows(entropy))
        loss = policy_loss + value_weight * value_loss - entropy_weight * mean_entropy
    numbers = np.array([loss, policy_loss, value_loss, mean_entropy], slope.dtype)
    slopes = (slope, _entropy_slope(share, entropy_weight), value_slope)
    return _differentiable(numbers, (log_prob, entropy, value), slopes)


def ppo_in_numpy(  # noqa: PLR0913, PLR0917  (one argument for each tensor)
    weights: Tensor,
    advantage: Tensor,
    returns: Tensor,
    log_prob: Tensor,
    entropy: Tensor,
    value: Tensor,
    old_log_prob: Tensor,
    old_value: Tensor | None = None,
    *,
    clip: float,
    value_weight: float,
    entropy_weight: float,
    error: ErrorKind = "squared",
    value_clip: float = 0.0,
) -> tuple[Tensor, ...]:
    """What `ppo_loss` returns; the loss can be differentiated once."""
    share, gain = _rows(weights), _rows(advantage)
    with np.errstate(over="ignore", invalid="ignore"):  # a non-finite loss is reported as such
        moved = (_rows(log_prob) - _rows(old_log_prob)) * (share != 0)
        excess = np.expm1(moved)
        plain = -gain * (excess + 1.0)
        clipped = -gain * (_clip(excess, clip) + 1.0)
        policy_loss = float(share @ np.maximum(plain, clipped))
        slope = np.where(plain >= clipped, plain, 0.0) * share  # d ratio / d log_prob = ratio
        near = None if old_value is None else (old_value, value_clip)
        value_loss, value_slope = _value(value, returns, share, value_weight, error, near)
        mean_entropy = float(share @ _rows(entropy))
        loss = policy_loss + value_weight * value_loss - entropy_weight * mean_entropy
        kl = float(share @ (excess - moved))
        outside = float(share @ (np.abs(excess) > clip))
    numbers = np.array([loss, policy_loss, value_loss, mean_entropy, kl, outside], slope.dtype)
    slopes = (slope, _entropy_slope(share, entropy_weight), value_slope)
    return _differentiable(numbers, (log_prob, entropy, value), slopes)


def _value(
    value: Tensor,
    returns: Tensor,
    weights: Array,
    value_weight: float,
    error: ErrorKind,
    near: tuple[Tensor, float] | None = None,
) -> tuple[float, Array]:
    """Return the value error, and the loss's slope in the values.

    Args:
        value: `[T, M, *r]`, or `[T, M, *r, n]` from an ensemble.
        returns: `[T, M, *r]`.
        weights: `[N]`, N = T M.
        value_weight: of the error in the loss.
        error: which error.
        near: values at rollout, `[T, M, *r]`, and how far from them is clipped.

    Returns:
        The error, and `[N, R, n]`, R rewards.
    """
    goal = _rows(returns).reshape(len(weights), -1, 1)
    now = _rows(value).reshape(*goal.shape[:2], -1)
    errors, slope = _error(now - goal, error)
    if near is not None:
        old, clip = _rows(near[0]).reshape(goal.shape), near[1]
        moved = now - old
        errors_near, slope_near = _error(old + _clip(moved, clip) - goal, error)
        slope_near = np.where(np.abs(moved) <= clip, slope_near, 0.0)
        slope = np.where(errors >= errors_near, slope, slope_near)
        errors = np.maximum(errors, errors_near)
    scale = (weights * value_weight)[:, None, None]
    return float((weights @ errors.reshape(len(weights), -1)).sum()), slope * scale


def _entropy_slope(weights: Array, entropy_weight: float) -> Array | None:
    """None, not zeros: what is reached by an entropy without weight alone is not trained."""
    return -entropy_weight * weights if entropy_weight else None


def _error(distance: Array, kind: ErrorKind) -> tuple[Array, Array]:
    """Return the error of a distance and its slope."""
    if kind == "squared":
        return distance * distance, 2.0 * distance
    length = np.abs(distance)
    error = np.where(length < 1.0, 0.5 * distance * distance, length - 0.5)
    return error, _clip(distance, 1.0)


def _clip(numbers: Array, limit: float) -> Array:
    return np.minimum(np.maximum(numbers, -limit), limit)  # a third of np.clip's time


def _rows(tensor: Tensor) -> Array:
    rows: Array = tensor.detach().numpy().reshape(-1)
    return rows


def _differentiable(
    numbers: Array, predictions: tuple[Tensor, ...], slopes: tuple[Array | None, ...]
) -> tuple[Tensor, ...]:
    """The numbers as scalars; the first has these slopes in the predictions."""
    loss, *parts = torch.from_numpy(numbers).unbind()
    gradients = [_like(s, p) for s, p in zip(slopes, predictions, strict=True)]
    differentiated: Callable[..., Tensor] = _Differentiated.apply
    return (differentiated(loss, gradients, *predictions), *parts)


def _like(slope: Array | None, prediction: Tensor) -> Tensor | None:
    """Return a slope as a gradient of a prediction."""
    if slope is None:
        return None
    gradient = torch.from_numpy(slope.reshape(prediction.shape))
    return gradient if gradient.dtype == prediction.dtype else gradient.to(prediction.dtype)


class _Differentiated(torch.autograd.Function):
    """A loss whose gradient is known already."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, gradients: Sequence[Tensor | None], *_: Tensor) -> Tensor:
        ctx.gradients = gradients
        return loss.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        scale = slope.item()
        scaled = [g if g is None or scale == 1.0 else g * scale for g in ctx.gradients]
        return (None, None, *scaled)
