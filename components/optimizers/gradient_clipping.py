"""Bounds on the length of gradients; everything works in place on flat tensors."""

from collections.abc import Sequence

import torch
from torch import Tensor


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """Return the Euclidean length of several gradients taken as one vector.

    Args:
        gradients: `[n_i] float`, flat gradients, at least one.

    Returns:
        `[] float`, the length, on the first gradient's device. Nothing waits for the device.
    """
    norms = [_norm(gradient) for gradient in gradients]
    if len(norms) == 1:
        return norms[0]
    first = norms[0]
    return _norm(torch.stack([norm.to(first) for norm in norms]))


def clip_by_global_norm(gradients: Sequence[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients by the same factor so that their joint length is at most `max_norm`.

    Args:
        gradients: `[n_i] float`, flat gradients; scaled in place.
        max_norm: the longest length to leave as it is.

    Returns:
        `[] float`, the joint length before clipping.

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks"
    (arXiv:1211.5063), Algorithm 1.
    """
    norm = global_norm(gradients)
    for gradient in gradients:
        _shorten(gradient, norm, max_norm)
    return norm


def clip_each_by_norm(gradients: Sequence[Tensor], max_norm: float) -> None:
    """Scale every gradient by itself so that its own length is at most `max_norm`.

    Args:
        gradients: `[n_i] float`, one flat gradient for each parameter; scaled in place.
        max_norm: the longest length to leave as it is.
    """
    for gradient in gradients:
        _shorten(gradient, _norm(gradient), max_norm)


def _norm(gradient: Tensor) -> Tensor:
    """Return the length of one flat gradient; short floats are summed in float32."""
    if gradient.dtype in (torch.float32, torch.float64):
        return torch.dot(gradient, gradient).sqrt_()  # a third of vector_norm's time on CPU
    norm: Tensor = torch.linalg.vector_norm(gradient, dtype=torch.float32)
    return norm


def _shorten(gradient: Tensor, norm: Tensor, max_norm: float) -> None:
    """Scale one gradient in place by `max_norm / norm` if that shortens it."""
    if norm.device.type == "cpu":
        length = norm.item()
        if length > max_norm:
            gradient.mul_(max_norm / length)
    else:  # reading the length would wait for the device
        gradient.mul_((max_norm / norm.clamp(min=max_norm)).to(gradient))
