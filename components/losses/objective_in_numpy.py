"""The loss of actor-critic algorithms and its gradient in one pass of numpy.

The loss is a sum over entries of a batch, and each entry has a derivative with a closed form. A
dozen numpy operations compute both, where torch records some 25 nodes, walks back through them and
spends 5 to 15 us on each.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from alfgraph.components.losses.objective import (
    Objective,
    Predictions,
    Targets,
    Weighting,
    needed,
)

Array = NDArray[Any]


def objective_in_numpy(
    predictions: Predictions, targets: Targets, weighting: Weighting
) -> Objective:
    """Compute the objective; see `actor_critic_objective`.

    Args:
        predictions: what the networks say now; float32 or float64 on CPU.
        targets: what they are compared with.
        weighting: how the parts are computed and weighted.

    Returns:
        The loss and its parts. The loss can be differentiated once.
    """
    weights = _rows(targets.weights)
    with np.errstate(over="ignore", invalid="ignore"):  # a non-finite loss is reported as such
        policy, kl, clipped, slope = _policy(predictions.log_prob, targets, weighting, weights)
        slopes: list[Array | None] = [slope, None, None]
        value = entropy = 0.0
        if predictions.value is not None:
            value, slopes[1] = _value(predictions.value, targets, weighting, weights)
        if predictions.entropy is not None:
            entropy = float(weights @ _rows(predictions.entropy))
            # None, not zeros: what is reached by an entropy without weight alone is not trained.
            slopes[2] = -weighting.entropy * weights if weighting.entropy else None
        loss = policy + weighting.value * value - weighting.entropy * entropy
    numbers = np.array([loss, policy, value, entropy, kl, clipped], slope.dtype)
    total, *parts = torch.from_numpy(numbers).unbind()
    gradients = [_like(s, p) for s, p in zip(slopes, predictions, strict=True)]
    differentiated: Callable[..., Tensor] = _Differentiated.apply
    return Objective(differentiated(total, gradients, *predictions), *parts)


def _policy(
    log_prob: Tensor, targets: Targets, weighting: Weighting, weights: Array
) -> tuple[float, float, float, Array]:
    """Return policy loss, approximate KL, clip fraction, and the loss's slope in log_prob `[N]`."""
    now, advantage = _rows(log_prob), _rows(targets.advantage)
    if weighting.clip is None:
        slope = -advantage * weights
        return float(slope @ now), 0.0, 0.0, slope
    # Where the weight is 0 nothing keeps the ratio from overflowing, and inf * 0 is not 0.
    moved = (now - _rows(needed(targets.old_log_prob, "old_log_prob"))) * (weights != 0)
    excess = np.expm1(moved)
    plain = -advantage * (excess + 1.0)
    near = -advantage * (_clip(excess, weighting.clip) + 1.0)
    return (
        float(weights @ np.maximum(plain, near)),
        float(weights @ (excess - moved)),
        float(weights @ (np.abs(excess) > weighting.clip)),
        np.where(plain >= near, plain, 0.0) * weights,  # d ratio / d log_prob = ratio
    )


def _value(
    value: Tensor, targets: Targets, weighting: Weighting, weights: Array
) -> tuple[float, Array]:
    """Return the value error and its slope in the values `[N, R, n]`, R rewards, n in ensemble."""
    goal = _rows(needed(targets.returns, "returns")).reshape(len(weights), -1, 1)
    now = _rows(value).reshape(*goal.shape[:2], -1)
    error, slope = _error(now - goal, weighting)
    if weighting.value_clip is not None:
        old = _rows(needed(targets.old_value, "old_value")).reshape(goal.shape)
        moved = now - old
        error_near, slope_near = _error(old + _clip(moved, weighting.value_clip) - goal, weighting)
        slope_near = np.where(np.abs(moved) <= weighting.value_clip, slope_near, 0.0)
        slope = np.where(error >= error_near, slope, slope_near)
        error = np.maximum(error, error_near)
    scale = (weights * weighting.value)[:, None, None]
    return float((weights @ error.reshape(len(weights), -1)).sum()), slope * scale


def _error(distance: Array, weighting: Weighting) -> tuple[Array, Array]:
    """Return the error of a distance and its slope."""
    if weighting.value_error == "squared":
        return distance * distance, 2.0 * distance
    length = np.abs(distance)
    error = np.where(length < 1.0, 0.5 * distance * distance, length - 0.5)
    return error, _clip(distance, 1.0)


def _clip(numbers: Array, limit: float) -> Array:
    return np.minimum(np.maximum(numbers, -limit), limit)  # a third of np.clip's time


def _rows(tensor: Tensor) -> Array:
    return tensor.detach().numpy().reshape(-1)


def _like(slope: Array | None, prediction: Tensor | None) -> Tensor | None:
    """Return a slope as a gradient of a prediction."""
    if slope is None or prediction is None:
        return None
    gradient = torch.from_numpy(slope.reshape(prediction.shape))
    return gradient if gradient.dtype == prediction.dtype else gradient.to(prediction.dtype)


class _Differentiated(torch.autograd.Function):
    """A loss whose gradient is known already."""

    @staticmethod
    def forward(
        ctx: Any, loss: Tensor, gradients: Sequence[Tensor | None], *_: Tensor | None
    ) -> Tensor:
        ctx.gradients = gradients
        return loss.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        scale = slope.item()
        scaled = [g if g is None or scale == 1.0 else g * scale for g in ctx.gradients]
        return (None, None, *scaled)
