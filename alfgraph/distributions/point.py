"""A single point, as a distribution: what a deterministic policy gives."""

from typing import Any, ClassVar, Self

from torch import Tensor

from alfgraph.distributions.tensor_distribution import TensorDistribution


class Deterministic(TensorDistribution):
    """All the mass on one action, as DDPG and TD3 have it. It has no density."""

    __slots__ = ("value",)

    family: ClassVar[str] = "deterministic"
    parameter_names = ("value",)
    reparametrised = True

    def __init__(self, value: Tensor) -> None:
        """Wrap the action.

        Args:
            value: `[*batch, *event]`, the action.
        """
        self.tensors = (value,)
        self.value = value

    def like(self, *tensors: Tensor) -> Self:
        """Give another action."""
        return type(self)(tensors[0])

    def settings(self) -> dict[str, Any]:
        """Give nothing: there are no settings."""
        return {}

    def sample(self) -> Tensor:
        """Give `[*batch, *event]`, the action, without gradient."""
        return self.value.detach()

    def rsample(self) -> Tensor:
        """Give `[*batch, *event]`, the action, differentiable."""
        return self.value

    def mode(self) -> Tensor:
        """Give `[*batch, *event]`, the action."""
        return self.value

    def log_prob(self, action: Tensor) -> Tensor:
        """Refuse: there is no density.

        Raises:
            TypeError: Always.
        """
        raise self._no_density("log_prob")

    def entropy(self) -> Tensor:
        """Refuse: the entropy is minus infinity.

        Raises:
            TypeError: Always.
        """
        raise self._no_density("entropy")

    def kl(self, other: Self) -> Tensor:
        """Refuse: the divergence is 0 or infinity.

        Raises:
            TypeError: Always.
        """
        raise self._no_density("kl")

    def _no_density(self, method: str) -> TypeError:
        return TypeError(
            f"a deterministic policy has no {method}: all its mass is on one action. "
            f"Use an actor with a stochastic head (normal, squashed normal, beta), "
            f"or an algorithm that needs only the action, as deterministic policy gradients do."
        )
