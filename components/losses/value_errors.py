"""How far values are from their targets, entry by entry."""

from typing import Literal

from torch import Tensor
from torch.nn import functional

_BATCH_AXES = 2  # time and sequence

ErrorKind = Literal["squared", "huber"]
"""The two errors: `(target - value)^2`, or linear beyond a distance of 1."""


def squared_error(value: Tensor, target: Tensor) -> Tensor:
    """Return `(value - target)^2`, without the factor 1/2.

    Args:
        value: `[...] float`.
        target: `[...] float`.

    Returns:
        `[...] float`.
    """
    return (value - target).square()


def huber_error(value: Tensor, target: Tensor) -> Tensor:
    """Return half the squared distance up to a distance of 1, from there on the distance - 1/2.

    Args:
        value: `[...] float`.
        target: `[...] float`.

    Returns:
        `[...] float`.

    Source: Girshick 2015, "Fast R-CNN" (arXiv:1504.08083), eq. 3 (smooth L1).
    """
    return functional.smooth_l1_loss(value, target, reduction="none")


def value_error(value: Tensor, target: Tensor, kind: ErrorKind = "squared") -> Tensor:
    """Return one error for each entry of a batch, summed over reward dimensions and ensembles.

    Args:
        value: `[T, M, *r] float`, or `[T, M, *r, n]` from an ensemble of n.
        target: `[T, M, *r] float`; a constant, no gradient flows into it.
        kind: which error.

    Returns:
        `[T, M] float`.
    """
    goal = target.detach()
    if value.dim() == goal.dim() + 1:
        goal = goal.unsqueeze(-1).expand_as(value)
    return _sum_beyond_batch(_error(value, goal, kind))


def clipped_value_error(
    value: Tensor, target: Tensor, old_value: Tensor, clip: float, kind: ErrorKind = "squared"
) -> Tensor:
    """Return the larger error of the value and of the value kept near what it was at rollout.

    Args:
        value: `[T, M, *r] float`.
        target: `[T, M, *r] float`; a constant, no gradient flows into it.
        old_value: `[T, M, *r] float`, the value at rollout; a constant.
        clip: how far from `old_value` a value still gains by moving.
        kind: which error.

    Returns:
        `[T, M] float`, summed over reward dimensions.

    Source: Engstrom et al. 2020, "Implementation Matters in Deep Policy Gradients"
    (arXiv:2005.12729), section 3, item 1.
    """
    goal, old = target.detach(), old_value.detach()
    near = old + (value - old).clamp(-clip, clip)
    return _sum_beyond_batch(_error(value, goal, kind).maximum(_error(near, goal, kind)))


def _error(value: Tensor, target: Tensor, kind: ErrorKind) -> Tensor:
    return squared_error(value, target) if kind == "squared" else huber_error(value, target)


def _sum_beyond_batch(error: Tensor) -> Tensor:
    return error.flatten(_BATCH_AXES).sum(-1) if error.dim() > _BATCH_AXES else error
