"""Transitions of several steps: rewards summed up to where they end."""

from __future__ import annotations

import torch
from torch import Tensor

from alfgraph.specs.step_types import LAST


def n_step_rows(
    step_type: Tensor, reward: Tensor, discount: Tensor, gamma: float
) -> tuple[Tensor, Tensor]:
    """Make one transition of n.

    It ends after n steps or where the episode does, whichever comes first: after k steps. Then
    `R = Σ γ^i D_i r_{i+1}` and `D = γ^{k-1} d_1 ... d_k` with `D_i = d_1 ... d_i`, so that
    `R + γ D V` is the n-step target: a time limit (d = 1) bootstraps from its last observation, a
    termination (d = 0) does not.

    Args:
        step_type: `[n + 1, *batch] int32`; rows behind a LAST (row 0 does not count) are ignored.
        reward: `[n + 1, *batch, *r] float32`, that of row i is for the step from i - 1 to i.
        discount: `[n + 1, *batch] float32`.
        gamma: γ.

    Returns:
        `[2, *batch, *r] float32` rewards and `[2, *batch] float32` discounts: row 0 as it was, and
        the transition's.

    Source: Sutton & Barto 2018, "Reinforcement Learning", eq. 7.1; cut at the end of episodes.
    """
    total, factor = reward[1].clone(), discount[1].clone()
    goes_on = step_type[1] != LAST
    extra = (1,) * (reward.dim() - discount.dim())
    for row in range(2, len(step_type)):
        share = torch.where(goes_on, gamma * factor, 0.0)
        total += share.reshape(*share.shape, *extra) * reward[row]
        factor = torch.where(goes_on, share * discount[row], factor)
        goes_on = goes_on & (step_type[row] != LAST)
    return torch.stack((reward[0], total)), torch.stack((discount[0], factor))
