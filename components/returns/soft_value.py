"""The soft value of a policy: what it expects to earn, and its entropy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from alfgraph.component import Component
from alfgraph.components.networks.action_parts import (
    Choice,
    Path,
    action_leaves,
    part_at,
    single_choice,
)
from alfgraph.components.networks.taken_value import TakenValue
from alfgraph.distributions import Product, TensorDistribution
from alfgraph.errors import WiringError
from alfgraph.families import Returns
from alfgraph.ports import In, Out
from alfgraph.specs import Dims, Spec, TensorSpec
from alfgraph.wires import Distribution


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
        - Continuous actions: the one drawn stands for all: Q(s, a) - α log π(a).
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
    value = Out("float32[*batch]", role="value")
    entropy = Out("float32[*batch, *k]", role="entropy")

    def derive(self, action: Spec) -> Mapping[str, Any]:
        """One value for each choice; two temperatures for an action with both kinds of parts."""
        choice = choice_of(action)
        kinds = (2,) if is_mixed(action) else ()
        return {
            "*c": () if choice is None else (choice.count,),
            "*k": kinds,
            "alpha": TensorSpec(dtype="float32", sample=kinds),
        }

    def build(self, action: Spec) -> nn.Module:
        """Policy, action, [*batch, *c] values, α -> [*batch] V and [*batch, *k] H."""
        choice = choice_of(action)
        if choice is None:
            return _OfDrawnAction()
        return _OfChoiceAndRest(choice) if is_mixed(action) else _OfChoice(choice)


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


class _OfDrawnAction(nn.Module):
    """Q - α log π of one action."""

    def forward(
        self, policy: TensorDistribution, action: Any, q: Tensor, alpha: Tensor
    ) -> tuple[Tensor, Tensor]:
        entropy = policy.log_prob(action).neg()
        return q + alpha * entropy, entropy


class _OfChoice(nn.Module):
    """Σ π Q + α H over all choices."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.path = choice.path

    def forward(self, policy: Any, action: Any, q: Tensor, alpha: Tensor) -> tuple[Tensor, Tensor]:
        del action  # every one counts, whichever was drawn
        choice: Any = dict(_parts(policy))[self.path]
        entropy: Tensor = choice.entropy()
        return _expected(choice, q) + alpha * entropy, entropy


class _OfChoiceAndRest(nn.Module):
    """The expectation over the choice, at the other parts drawn."""

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.path = choice.path

    def forward(
        self, policy: Product, action: Any, q: Tensor, alpha: Tensor
    ) -> tuple[Tensor, Tensor]:
        parts = dict(_parts(policy))
        choice: Any = parts.pop(self.path)
        drawn = [part.log_prob(part_at(action, path)) for path, part in parts.items()]
        entropy = torch.stack([choice.entropy(), torch.stack(drawn).sum(0).neg()], -1)
        return _expected(choice, q) + (alpha * entropy).sum(-1), entropy


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


def _expected(policy: Any, q: Tensor) -> Tensor:
    """Σ π Q, `[*batch]`."""
    probability: Tensor = policy.log_probs().exp()
    return (probability * q).sum(-1)


def _parts(
    policy: TensorDistribution, path: Path = ()
) -> Iterator[tuple[Path, TensorDistribution]]:
    """The independent parts of a policy, each with the keys that lead to it."""
    if isinstance(policy, Product):
        for name, part in policy.parts.items():
            yield from _parts(part, (*path, name))
    else:
        yield path, policy
