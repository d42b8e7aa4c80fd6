"""The loss of actor-critic algorithms, operation by operation: what it means."""

import torch
from torch import Tensor

from alfgraph.components.losses.averages import weighted_sum
from alfgraph.components.losses.objective import (
    Objective,
    Predictions,
    Targets,
    Weighting,
    needed,
)
from alfgraph.components.losses.policy_gradient import (
    approximate_kl,
    clipped_entries,
    clipped_surrogate,
    log_ratio,
    policy_gradient,
)
from alfgraph.components.losses.value_errors import clipped_value_error, value_error


def objective_in_torch(
    predictions: Predictions, targets: Targets, weighting: Weighting
) -> Objective:
    """Compute the objective; see `actor_critic_objective`.

    Args:
        predictions: what the networks say now.
        targets: what they are compared with.
        weighting: how the parts are computed and weighted.

    Returns:
        The loss and its parts.
    """
    weights = targets.weights
    value = entropy = kl = clipped = torch.zeros((), device=weights.device)
    if weighting.clip is None:
        policy = weighted_sum(policy_gradient(predictions.log_prob, targets.advantage), weights)
    else:
        old = needed(targets.old_log_prob, "old_log_prob")
        ratio = log_ratio(predictions.log_prob, old, weights != 0)
        surrogate = clipped_surrogate(ratio, targets.advantage, weighting.clip)
        policy = weighted_sum(surrogate, weights)
        kl = weighted_sum(approximate_kl(ratio), weights)
        clipped = weighted_sum(clipped_entries(ratio, weighting.clip).to(weights), weights)
    loss = policy
    if predictions.value is not None:
        value = weighted_sum(_value_error(predictions.value, targets, weighting), weights)
        loss = loss + weighting.value * value
    if predictions.entropy is not None:
        entropy = weighted_sum(predictions.entropy, weights)
        if weighting.entropy:  # times 0 would still reach the parameters, with zeros
            loss = loss - weighting.entropy * entropy
    return Objective(loss, policy.detach(), value.detach(), entropy.detach(), kl, clipped)


def _value_error(value: Tensor, targets: Targets, weighting: Weighting) -> Tensor:
    returns = needed(targets.returns, "returns")
    if weighting.value_clip is None:
        return value_error(value, returns, weighting.value_error)
    old = needed(targets.old_value, "old_value")
    return clipped_value_error(value, returns, old, weighting.value_clip, weighting.value_error)
