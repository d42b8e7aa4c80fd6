"""What goes into the loss of an actor-critic algorithm, and what comes out."""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from alfgraph.components.losses.value_errors import ErrorKind
from alfgraph.diagnostics.errors import UsageError


class Predictions(NamedTuple):
    """What the networks say now, with gradient.

    Attributes:
        log_prob: `[T, M] float`, of the actions taken.
        value: `[T, M, *r] float`; None leaves the value error out.
        entropy: `[T, M] float`; None leaves the entropy out.
    """

    log_prob: Tensor
    value: Tensor | None = None
    entropy: Tensor | None = None


class Targets(NamedTuple):
    """What the networks are compared with: constants.

    Attributes:
        weights: `[T, M] float32`, see `average_weights`; entries of weight 0 have no influence.
        advantage: `[T, M] float`.
        returns: `[T, M, *r] float`; needed with a value.
        old_log_prob: `[T, M] float`, at rollout; needed for a clipped policy loss.
        old_value: `[T, M, *r] float`, at rollout; needed for a clipped value error.
    """

    weights: Tensor
    advantage: Tensor
    returns: Tensor | None = None
    old_log_prob: Tensor | None = None
    old_value: Tensor | None = None


class Weighting(NamedTuple):
    """How the parts are computed and weighted.

    Attributes:
        clip: PPO's clipping; None is the plain policy gradient of A2C.
        value: weight of the value error.
        entropy: weight of the entropy, which the loss rewards.
        value_clip: clipping of values around those of the rollout; None does not clip.
        value_error: which value error.
    """

    clip: float | None = 0.2
    value: float = 1.0
    entropy: float = 0.0
    value_clip: float | None = None
    value_error: ErrorKind = "squared"


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss and what it is made of.

    Attributes:
        loss: `[] float`, with gradient: `policy + weighting.value * value - weighting.entropy *
            entropy`.
        policy: `[] float`, the policy loss.
        value: `[] float`, the value error.
        entropy: `[] float`, the entropy.
        approximate_kl: `[] float`, how far the policy moved since the rollout; 0 for A2C.
        clip_fraction: `[] float`, weighted share of clipped ratios; 0 for A2C.
    """

    loss: Tensor
    policy: Tensor
    value: Tensor
    entropy: Tensor
    approximate_kl: Tensor
    clip_fraction: Tensor


def needed(tensor: Tensor | None, name: str) -> Tensor:
    """Return a target that the weighting asks for.

    Args:
        tensor: the target.
        name: its field in `Targets`.

    Returns:
        The tensor.

    Raises:
        UsageError: if it is None.
    """
    if tensor is None:
        raise UsageError(f"this loss compares with `{name}`; put it into `Targets({name}=...)`.")
    return tensor
