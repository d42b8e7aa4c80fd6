"""The loss of actor-critic algorithms: policy gradient, value error and entropy, weighted together.

On CPU it is computed together with its gradient in one pass of numpy, elsewhere as torch
operations; both are tested equal.
"""

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.components.losses.objective import Objective, Predictions, Targets, Weighting
from alfgraph.components.losses.objective_in_numpy import objective_in_numpy
from alfgraph.components.losses.objective_in_torch import objective_in_torch


def actor_critic_objective(
    predictions: Predictions, targets: Targets, weighting: Weighting
) -> Objective:
    """Return the loss of PPO or A2C.

    Args:
        predictions: what the networks say now.
        targets: what they are compared with.
        weighting: how the parts are computed and weighted.

    Returns:
        The loss and its parts.

    Source: Schulman et al. 2017 (arXiv:1707.06347), eq. 9; Mnih et al. 2016 (arXiv:1602.01783),
    Algorithm S3, for A2C.
    """
    if numpy_can_view(*predictions, *targets):
        return objective_in_numpy(predictions, targets, weighting)
    return objective_in_torch(predictions, targets, weighting)
