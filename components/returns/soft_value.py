"""The soft value of a policy: what it expects to earn, and its entropy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from alfgraph.components.actions.parts import (
    Choice,
    Path,
    action_leaves,
    part_at,
    single_choice,
)
from alfgraph.components.networks.taken_value import TakenValue
from alfgraph.diagnostics.errors import WiringError
from alfgraph.distributions import Categorical, Product, TensorDistribution
from alfgraph.families.learning import Returns
from alfgraph.specs.dims import Dims
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.wires import Distribution


class Draw(Component):
    """An action of a policy: differentiable where it is continuous, plain where it is discrete.

    Source: Kingma & Welling 2014, arXiv:1312.6114, section 2.4 (reparametrisation).
    """

    deterministic: ClassVar[bool] = False

    policy = In(Distribution, "action[*batch]")
    action = Out("action[*batch]", role="action")

    def forward(self, policy: TensorDistribution) -> Any:
        """A distribution over [*batch] actions -> [*batch] actions."""
        if isinstance(policy, Product):
            return {name: self.forward(part) for name, part in policy.parts.items()}
        return policy.rsample() if policy.reparametrised else policy.sample()


class SoftValue(Returns):
    """`V = E[Q(s, a)] + α H`, of a policy at the action drawn from it.

    Details:
        - Continuous actions: the one drawn stands for all: Q(s, a) - α log π(a). Q may be several
          numbers, such as quantiles: each gets the entropy.
        - A discrete choice: the expectation over all choices, Σ π (Q - α log π); Q has one value
          for each of them.
        - Both: the expectation over the choice, at the continuous part drawn; each of the two has
          a temperature of its own, as in ALF.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, eq. 3; discrete: Christodoulou 2019,
        arXiv:1910.07207, eq. 10 and 12; both: ALF, `SacAlgorithm`.
    """

    policy = In(Distribution, "action[*batch]")
    action = In("action[*batch]", role="action")
    q = In("float32[*batch, *c]", role="value")
    alpha = In("alpha[]", detach=True)
    value = Out("float32[*batch, *v]", role="value")
    entropy = Out("float32[*batch, *k]", role="entropy")

    def derive(self, action: Spec, c: Dims) -> Mapping[str, Any]:
        """The axis of choices is summed over; an action with both kinds has two temperatures."""
        kinds = (2,) if is_mixed(action) else ()
        return {
            "*v": c if choice_of(action) is None else c[1:],
            "*k": kinds,
            "alpha": TensorSpec(dtype="float32", sample=kinds),
        }

    def forward(
        self, policy: TensorDistribution, action: Any, q: Tensor, alpha: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Policy, action, [*batch, *c] values, α -> [*batch, *v] V and [*batch, *k] H, float32."""
        parts = dict(_parts(policy))
        choice = next((p for p in parts.values() if isinstance(p, Categorical)), None)
        if choice is None:
            entropy = policy.log_prob(action).neg()
            bonus = alpha * entropy
            return q + bonus.reshape(*bonus.shape, *(1,) * (q.dim() - bonus.dim())), entropy
        probability = choice.log_probs().exp()
        expected, entropy = (probability * q).sum(-1), choice.entropy()
        drawn = [p.log_prob(part_at(action, at)) for at, p in parts.items() if p is not choice]
        if not drawn:
            return expected + alpha * entropy, entropy
        entropy = torch.stack([entropy, torch.stack(drawn).sum(0).neg()], -1)
        return expected + (alpha * entropy).sum(-1), entropy


class ChosenValue(Component):
    """The values of the action given: those of its discrete choice, if it has one."""

    values = In("float32[*batch, *c]")
    action = In("action[*batch]", role="action")
    value = Out("float32[*batch, *e]", role="value")

    def derive(self, action: Spec, c: Dims) -> Mapping[str, Any]:
        """A choice takes the axis of choices away."""
        return {"*e": c if choice_of(action) is None else c[1:]}

    def build(self, action: Spec) -> nn.Module:
        """[*batch, *c] float32 values, [*batch] action -> [*batch, *e] float32."""
        return _Chosen(choice_of(action))


def choice_of(action: Spec) -> Choice | None:
    """The discrete part of an action, where there is at most one.

    Args:
        action: sample spec.

    Raises:
        WiringError: E101, there are several, or it has no bounds.
    """
    choice = single_choice(action)
    if choice is None and any(leaf.is_discrete for _, leaf in action_leaves(action)):
        raise WiringError(
            f"values for every choice need one bounded discrete choice, and `{action}` has another "
            "form",
            code="E101",
            help="PPO and ActorCritic act in every action space",
        )
    return choice


def is_mixed(action: Spec) -> bool:
    """Whether an action has a discrete choice and other parts."""
    return choice_of(action) is not None and len(list(action_leaves(action))) > 1


class _Chosen(nn.Module):
    """A gather along the axis of choices; nothing without one."""

    def __init__(self, choice: Choice | None) -> None:
        super().__init__()
        self.choice = choice
        self.taken = TakenValue()

    def forward(self, values: Tensor, action: Any) -> Tensor:
        if self.choice is None:
            return values
        return self.taken.forward(values, self.choice.index(action))


def _parts(
    policy: TensorDistribution, path: Path = ()
) -> Iterator[tuple[Path, TensorDistribution]]:
    """The independent parts of a policy, each with the keys that lead to it."""
    if isinstance(policy, Product):
        for name, part in policy.parts.items():
            yield from _parts(part, (*path, name))
    else:
        yield path, policy
