"""TemperatureLoss: the temperature at which the policy has a wanted entropy."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.actions.parts import action_leaves
from alfgraph.components.losses.averages import average_weights
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.learning import Loss
from alfgraph.specs.spec import RecordSpec, Spec, TensorSpec
from alfgraph.wiring.ports import In, Out

Rule = Literal["dimensions", "concentrated"]


def default_target_entropy(
    action: Spec, rule: Rule = "dimensions", min_probability: float = 0.1
) -> float:
    """Return the entropy, in nats, that a policy is to keep.

    Args:
        action: sample spec; of a tree, the entropies of its parts are added.
        rule: "dimensions": that of SAC's paper, -1 for each dimension of an action scaled to
            [-1, 1]. "concentrated": ALF's, that of a policy spread evenly over a share
            `min_probability` of the range of each dimension.
        min_probability: of "concentrated"; of a discrete action, the probability that is spread
            evenly over all but the best choice. Discrete actions have this rule only.

    Raises:
        WiringError: E101, an action without finite bounds has no default.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, appendix D; ALF, `calc_default_target_entropy`.
    """
    if isinstance(action, RecordSpec):
        fields = (field for _, field in action.fields)
        return sum(default_target_entropy(field, rule, min_probability) for field in fields)
    if not isinstance(action, TensorSpec):
        raise WiringError(f"`{action}` has no default target entropy", code="E101")
    widths = [high - low for low, high in _bounds(action)]
    if not all(math.isfinite(width) for width in widths):
        raise WiringError(
            f"`{action}` has no finite bounds, so it has no default target entropy",
            code="E101",
            help="give it: TemperatureLoss(target_entropy=-3.0)",
        )
    if action.is_discrete:
        return sum(_choice_entropy(int(width) + 1, min_probability) for width in widths)
    if rule == "dimensions":
        return sum(math.log(width / 2.0) - 1.0 for width in widths)
    return sum(math.log(width * min_probability) for width in widths)


def _bounds(action: TensorSpec) -> list[tuple[float, float]]:
    count = math.prod(int(d) for d in action.sample if isinstance(d, int))
    low, high = (-math.inf, math.inf) if not action.is_bounded else (action.low, action.high)
    lows = low if isinstance(low, tuple) else (low,) * count
    highs = high if isinstance(high, tuple) else (high,) * count
    return [(float(a), float(b)) for a, b in zip(lows, highs, strict=True)]  # type: ignore[arg-type]


def _choice_entropy(choices: int, spread: float) -> float:
    """Entropy where one choice has probability `1 - spread` and the others share the rest."""
    if choices == 1:
        return 0.0
    return -spread * math.log(spread / (choices - 1)) - (1.0 - spread) * math.log(1.0 - spread)


class TemperatureLoss(Loss):
    """`log α · (H - target).detach()`: α falls where the entropy exceeds its target.

    An action with a discrete choice and other parts has two temperatures, entropies and targets,
    the choice's first.

    Attributes:
        target_entropy: in nats, one for each temperature; or the rule of `default_target_entropy`.
        min_probability: of the rule "concentrated".

    Source: Haarnoja et al. 2018, arXiv:1812.05905, eq. 18, with log α in place of α as in the
        authors' code and in ALF.
    """

    target_entropy: float | tuple[float, float] | Rule = "dimensions"
    min_probability: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.1

    step_type = In("int32[T, *batch]", role="step_type")
    log_alpha = In("alpha[]")
    entropy = In("float32[T, *batch, *k]", role="entropy", detach=True)
    action = In("action[T, *batch]", role="action", detach=True)
    loss = Out("float32[]", role="loss")
    mean_entropy = Out("float32[]", monitor=True)

    def build(self, action: Spec, k: tuple[int, ...]) -> nn.Module:
        """[T, M, *k] rows, log α -> the loss, and the mean of the joint entropy."""
        targets = torch.tensor(self._targets(action, bool(k)))
        if targets.shape != k:
            raise WiringError(
                f"{len(k) + 1} target entropies are needed, and `target_entropy` is "
                f"{self.target_entropy}",
                code="E402",
                help="a number for one kind of action, two for a choice and other parts",
            )
        return _Temperature(targets)

    def _targets(self, action: Spec, apart: bool) -> float | tuple[float, ...]:
        target = self.target_entropy
        if not isinstance(target, str):
            return target
        if not apart:
            return default_target_entropy(action, target, self.min_probability)
        parts = [leaf for _, leaf in action_leaves(action)]
        each = [default_target_entropy(part, target, self.min_probability) for part in parts]
        chosen = sum(value for value, part in zip(each, parts, strict=True) if part.is_discrete)
        return chosen, sum(each) - chosen


class _Temperature(nn.Module):
    """The loss around one number for each temperature."""

    def __init__(self, targets: Tensor) -> None:
        super().__init__()
        self.register_buffer("targets", targets, persistent=False)

    targets: Tensor

    def forward(
        self, step_type: Tensor, log_alpha: Tensor, entropy: Tensor, action: Any
    ) -> tuple[Tensor, Tensor]:
        del action  # the port is there for its spec
        weights = average_weights(step_type).reshape(-1)
        rows = (entropy.detach() - self.targets).reshape(weights.shape[0], -1)
        excess = weights @ rows
        return torch.dot(log_alpha.reshape(-1), excess), (excess + self.targets).sum()
