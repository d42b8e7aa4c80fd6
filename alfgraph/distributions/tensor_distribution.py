"""What every light distribution offers: a few tensors, a family and static settings.

`torch.distributions` builds and validates objects for 100 microseconds and more per step; these
hold their parameter tensors and call torch directly, so that they may live in the rollout loop.
Shapes read `[*batch, *event]`: `*batch` is whatever leads, `*event` belongs to one action.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from torch import Tensor

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class TensorDistribution(ABC):
    """A distribution over actions, described by parameter tensors and static settings.

    The tensors are what changes from step to step and what a buffer stores; the settings belong
    to the board. `from_static(d.static(), d.tensors)` is `d` again. All sampling uses
    torch's global generator.

    Attributes:
        family: Name of the family, unique among all families.
        parameter_names: One name for each of `tensors`.
        reparametrised: Whether `rsample` exists.
        tensors: The parameter tensors, in the order of `parameter_names`.
    """

    __slots__ = ("tensors",)

    family: ClassVar[str]
    parameter_names: tuple[str, ...]
    reparametrised: bool = False
    tensors: tuple[Tensor, ...]

    @abstractmethod
    def like(self, *tensors: Tensor) -> Self:
        """Give the same family with the same settings around other parameter tensors.

        Args:
            *tensors: One tensor for each of `parameter_names`; any batch shape.

        Returns:
            The new distribution. Slicing is `d.like(*(t[0] for t in d.tensors))`.
        """

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Give the static settings as JSON values: the constructor's arguments but the tensors."""

    @abstractmethod
    def sample(self) -> Any:
        """Draw an action that carries no gradient.

        Returns:
            `[*batch, *event]`, an action; a dict of actions for a `Product`.
        """

    def rsample(self) -> Any:
        """Draw an action that is differentiable in the parameters.

        Returns:
            `[*batch, *event]`, an action whose gradient reaches `tensors`.

        Raises:
            TypeError: The family has no reparametrised sample.
        """
        raise TypeError(
            f"{type(self).__name__} has no reparametrised sample: its actions are discrete. "
            f"Use `sample()` and reach the parameters through `log_prob(action)`, "
            f"or give the actor a continuous action."
        )

    @abstractmethod
    def mode(self) -> Any:
        """Give the most likely action, `[*batch, *event]`: what a greedy policy does."""

    @abstractmethod
    def log_prob(self, action: Any) -> Tensor:
        """Give the log density (or log probability) of an action.

        Args:
            action: `[*batch, *event]`, as `sample` gives it.

        Returns:
            `[*batch] float32`, in nats, summed over the event.
        """

    @abstractmethod
    def entropy(self) -> Tensor:
        """Give the entropy, `[*batch] float32`, in nats, summed over the event."""

    @abstractmethod
    def kl(self, other: Self) -> Tensor:
        """Give KL(self || other).

        Args:
            other: A distribution of the same family with the same settings.

        Returns:
            `[*batch] float32`, in nats, summed over the event.

        Raises:
            TypeError: `other` is of another family.
        """

    def detach(self) -> Self:
        """Give the same distribution with no gradient to its parameters."""
        return self.like(*[tensor.detach() for tensor in self.tensors])

    def static(self) -> dict[str, Any]:
        """Describe family and settings in JSON values, without the tensors.

        Returns:
            What `from_static` needs, next to `tensors`, to rebuild this distribution.
        """
        return {"family": self.family, **self.settings()}

    @classmethod
    def rebuild(cls, settings: Mapping[str, Any], tensors: Sequence[Tensor]) -> Self:
        """Build a member of this family from `settings()` and tensors."""
        return cls(*tensors, **settings)

    def __repr__(self) -> str:
        """Show the family, the shape of every tensor and the settings."""
        named = zip(self.parameter_names, self.tensors, strict=True)
        parts = [
            f"{name}={str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
            for name, tensor in named
        ]
        parts += [f"{name}={value!r}" for name, value in self.settings().items()]
        return f"{type(self).__name__}({', '.join(parts)})"

    def refuse_other_family(self, other: "TensorDistribution") -> None:
        """Refuse a divergence between two families, which has no closed form.

        Raises:
            TypeError: `other` is of another family.
        """
        if type(other) is not type(self):
            raise TypeError(
                f"KL needs two distributions of one family, got {type(self).__name__} and "
                f"{type(other).__name__}; give both policies the same head."
            )


def from_static(static: Mapping[str, Any], tensors: Sequence[Tensor]) -> TensorDistribution:
    """Rebuild a distribution, for example one whose tensors were stored in a buffer.

    Args:
        static: What `TensorDistribution.static` gave; may have gone through JSON.
        tensors: The parameter tensors in the order of `parameter_names`, any batch shape.

    Returns:
        The distribution. Families of users are found as soon as their module is imported.

    Raises:
        TypeError: No imported class has this family name.
    """
    settings = dict(static)
    return family_named(settings.pop("family")).rebuild(settings, tensors)


def family_named(name: str) -> type[TensorDistribution]:
    """Give the class of a family.

    Raises:
        TypeError: No imported class has this family name.
    """
    families = {family.family: family for family in _families(TensorDistribution.__subclasses__())}
    if name not in families:
        raise TypeError(
            f"no distribution family is named {name!r} (known: {', '.join(sorted(families))}); "
            f"import the module that defines it before rebuilding."
        )
    return families[name]


def _families(
    classes: Iterable[type[TensorDistribution]],
) -> Iterator[type[TensorDistribution]]:
    """Give every class, of these and below, that names a family of its own."""
    for subclass in classes:
        if "family" in vars(subclass):
            yield subclass
        yield from _families(subclass.__subclasses__())


def sum_event(values: Tensor, event_ndim: int) -> Tensor:
    """Sum over the last `event_ndim` dims: `[*batch, *event]` to `[*batch]`."""
    if event_ndim == 1:
        return values.sum(-1)
    if event_ndim == 0:
        return values
    return values.flatten(-event_ndim).sum(-1)


def event_size(values: Tensor, event_ndim: int) -> int:
    """Count the elements of one event of `[*batch, *event]`."""
    if event_ndim == 1:
        return values.shape[-1]
    return math.prod(values.shape[-event_ndim:]) if event_ndim else 1
