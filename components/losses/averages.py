"""Which entries of a batch count, and how much; statistics over those that do."""

import numpy as np
import torch
from torch import Tensor

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.specs.step_types import LAST

_BATCH_AXES = 2  # time and sequence


def valid_entries(step_type: Tensor) -> Tensor:
    """Return where an action was taken that had an effect: not in the last step of an episode.

    Args:
        step_type: `[T, M] int`, FIRST 0, MID 1, LAST 2.

    Returns:
        `[T, M] bool`.
    """
    return step_type != LAST


def average_weights(
    step_type: Tensor, *, over_all: bool = False, importance_weight: Tensor | None = None
) -> Tensor:
    """Return weights with which a weighted sum of losses is their average.

    Args:
        step_type: `[T, M] int`, FIRST 0, MID 1, LAST 2.
        over_all: divide by the number of all entries, as ALF does; by default by that of the valid
            ones. Entries that are not valid have weight 0 in both.
        importance_weight: `[M]` or `[T, M] float`, multiplies the weights, as prioritised replay
            asks for; the divisor stays the same.

    Returns:
        `[T, M] float32`; all 0 if nothing is valid.
    """
    if numpy_can_view(importance_weight) and step_type.device.type == "cpu":
        valid = step_type.numpy() != LAST
        count = valid.size if over_all else int(np.count_nonzero(valid))
        weights = torch.from_numpy(valid.astype(np.float32) * np.float32(1.0 / max(count, 1)))
    else:
        valid_here = valid_entries(step_type)
        weights = valid_here.float()
        weights = weights / (valid_here.numel() if over_all else weights.sum().clamp(min=1.0))
    return weights if importance_weight is None else weights * importance_weight.detach()


def weighted_sum(loss: Tensor, weights: Tensor) -> Tensor:
    """Return the sum of weighted losses.

    Args:
        loss: `[T, M] float`.
        weights: `[T, M] float`, see `average_weights`.

    Returns:
        `[] float`.
    """
    return torch.dot(loss.reshape(-1), weights.reshape(-1).to(loss.dtype))


def normalize_advantage(
    advantage: Tensor, valid: Tensor | None = None, *, eps: float = 1e-8
) -> Tensor:
    """Shift and scale advantages to mean 0 and (population) standard deviation 1.

    Args:
        advantage: `[T, M, *r] float`; each reward dimension is normalised by itself.
        valid: `[T, M] bool`, entries that count for mean and deviation; None is all, as in ALF.
            The others are set to 0.
        eps: added to the standard deviation.

    Returns:
        `[T, M, *r] float`, detached.

    Source: Andrychowicz et al. 2020, "What Matters In On-Policy Reinforcement Learning?"
    (arXiv:2006.05990), "per minibatch advantage normalization".
    """
    shape = advantage.shape
    entries = shape[:_BATCH_AXES].numel()
    if numpy_can_view(advantage):
        rows = advantage.detach().numpy().reshape(entries, -1)
        counts = np.ones(entries, rows.dtype)
        if valid is not None:
            counts = valid.numpy().reshape(entries).astype(rows.dtype)
        share = counts * rows.dtype.type(1.0 / max(float(counts.sum()), 1.0))
        centred = (rows - share @ rows) * counts[:, None]
        deviation = np.sqrt(share @ np.square(centred))
        return torch.from_numpy((centred / (deviation + eps)).reshape(shape))
    table = advantage.detach().reshape(entries, -1)
    count = torch.ones_like(table[:, 0]) if valid is None else valid.reshape(-1).to(table)
    part = count / count.sum().clamp(min=1.0)
    centre = (table - part @ table) * count[:, None]
    return (centre / ((part @ centre.square()).sqrt() + eps)).reshape(shape)


def combine_rewards(advantage: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return one advantage for each action: the (weighted) sum over reward dimensions.

    Args:
        advantage: `[T, M, *r] float`.
        weight: `[*r] float`; None is 1 for each.

    Returns:
        `[T, M] float`.
    """
    weighted = advantage if weight is None else advantage * weight
    return weighted.flatten(_BATCH_AXES).sum(-1) if weighted.dim() > _BATCH_AXES else weighted
