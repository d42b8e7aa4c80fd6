"""Losses whose gradient is a policy gradient, entry by entry, and how far the policy moved.

All tensors are `[T, M] float`. `log_prob` is that of the action under the policy as it is now, with
gradient; `old_log_prob` that at the time of the rollout. Both are sums over the parts of an action.
"""

import torch
from torch import Tensor


def policy_gradient(log_prob: Tensor, advantage: Tensor) -> Tensor:
    """Return the loss of plain policy gradients, `-log_prob * advantage`.

    Args:
        log_prob: `[T, M] float`.
        advantage: `[T, M] float`; a constant, no gradient flows into it.

    Returns:
        `[T, M] float`.

    Source: Mnih et al. 2016, "Asynchronous Methods for Deep Reinforcement Learning"
    (arXiv:1602.01783), section 4.
    """
    return -log_prob * advantage.detach()


def log_ratio(log_prob: Tensor, old_log_prob: Tensor, valid: Tensor | None = None) -> Tensor:
    """Return the logarithm of the probability ratio of the new policy to the old.

    Args:
        log_prob: `[T, M] float`.
        old_log_prob: `[T, M] float`; a constant.
        valid: `[T, M] bool`; elsewhere the result is 0. Nothing holds the policy near what it was
            in steps that are not trained, so that the ratio may overflow there, and a weight of 0
            does not remove an infinity.

    Returns:
        `[T, M] float`.
    """
    difference = log_prob - old_log_prob.detach()
    return difference if valid is None else difference * valid


def clipped_surrogate(log_ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """Return PPO's loss, `max(-ratio * A, -clip(ratio, 1 - clip, 1 + clip) * A)`.

    Args:
        log_ratio: `[T, M] float`, see `log_ratio`.
        advantage: `[T, M] float`; a constant, no gradient flows into it.
        clip: how far from 1 the ratio still gains by moving.

    Returns:
        `[T, M] float`.

    Source: Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv:1707.06347),
    eq. 7 (there an objective to raise, here a loss to lower).
    """
    ratio, loss_per_ratio = log_ratio.exp(), -advantage.detach()
    near = ratio.clamp(1.0 - clip, 1.0 + clip)
    return (ratio * loss_per_ratio).maximum(near * loss_per_ratio)


def approximate_kl(log_ratio: Tensor) -> Tensor:
    """Return an estimate of KL(old, new) at each entry that is unbiased and never negative.

    `(ratio - 1) - log(ratio)`, to be averaged over actions of the old policy.

    Args:
        log_ratio: `[T, M] float`, see `log_ratio`.

    Returns:
        `[T, M] float`, detached.

    Source: Schulman 2020, "Approximating KL Divergence" (joschu.net/blog/kl-approx.html), k3.
    """
    constant = log_ratio.detach()
    return torch.expm1(constant) - constant


def clipped_entries(log_ratio: Tensor, clip: float) -> Tensor:
    """Return where the ratio has left [1 - clip, 1 + clip].

    Args:
        log_ratio: `[T, M] float`, see `log_ratio`.
        clip: half the width of the range.

    Returns:
        `[T, M] bool`; its average is the clip fraction.
    """
    return torch.expm1(log_ratio.detach()).abs() > clip
