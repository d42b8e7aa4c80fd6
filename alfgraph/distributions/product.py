"""The joint distribution of an action with named parts."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from torch import Tensor

from alfgraph.distributions.tensor_distribution import TensorDistribution, family_named, from_static


class Product(TensorDistribution):
    """Independent parts of one action, as Gymnasium's Dict and Tuple: actions are dicts.

    Parts nest. Log probabilities, entropies and divergences are sums over the parts.
    """

    __slots__ = ("parameter_names", "parts", "reparametrised")

    family: ClassVar[str] = "product"

    def __init__(self, parts: Mapping[str, TensorDistribution]) -> None:
        """Join the parts.

        Args:
            parts: Name to distribution, at least one, in the order of the action space; all with
                the same batch shape.
        """
        self.parts = dict(parts)
        self.tensors = tuple(tensor for part in self.parts.values() for tensor in part.tensors)
        self.parameter_names = tuple(
            f"{name}.{parameter}"
            for name, part in self.parts.items()
            for parameter in part.parameter_names
        )
        self.reparametrised = all(part.reparametrised for part in self.parts.values())

    def like(self, *tensors: Tensor) -> Self:
        """Give the same parts around other tensors, in the order of `parameter_names`."""
        new = object.__new__(type(self))
        new.tensors, new.parts = tensors, {}
        new.parameter_names, new.reparametrised = self.parameter_names, self.reparametrised
        begin = 0
        for name, part in self.parts.items():
            end = begin + len(part.tensors)
            new.parts[name] = part.like(*tensors[begin:end])
            begin = end
        return new

    def settings(self) -> dict[str, Any]:
        """Give `parts`: pairs of name and `static()`, a list because its order matters."""
        return {"parts": [[name, part.static()] for name, part in self.parts.items()]}

    @classmethod
    def rebuild(cls, settings: Mapping[str, Any], tensors: Sequence[Tensor]) -> Self:
        """Build the parts from `settings()` and their tensors."""
        parts: dict[str, TensorDistribution] = {}
        begin = 0
        for name, static in settings["parts"]:
            end = begin + tensor_count(static)
            parts[name] = from_static(static, tensors[begin:end])
            begin = end
        return cls(parts)

    def sample(self) -> dict[str, Any]:
        """Draw a dict of actions, without gradient."""
        return {name: part.sample() for name, part in self.parts.items()}

    def rsample(self) -> dict[str, Any]:
        """Draw a dict of actions, differentiable.

        Raises:
            TypeError: A part has no reparametrised sample.
        """
        return {name: part.rsample() for name, part in self.parts.items()}

    def mode(self) -> dict[str, Any]:
        """Give a dict of the parts' modes."""
        return {name: part.mode() for name, part in self.parts.items()}

    def log_prob(self, action: Mapping[str, Any]) -> Tensor:
        """Give `[*batch] float32`, the sum over the parts."""
        return _total([part.log_prob(action[name]) for name, part in self.parts.items()])

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`, the sum over the parts."""
        return _total([part.entropy() for part in self.parts.values()])

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`, the sum over the parts.

        Raises:
            TypeError: `other` has other parts.
        """
        self.refuse_other_family(other)
        if self.parts.keys() != other.parts.keys():
            raise TypeError(
                f"KL needs two products of the same parts, got {', '.join(self.parts)} and "
                f"{', '.join(other.parts)}; give both policies the same action."
            )
        return _total([part.kl(other.parts[name]) for name, part in self.parts.items()])


def tensor_count(static: Mapping[str, Any]) -> int:
    """Count the parameter tensors of the distribution that `static` describes."""
    if static["family"] == Product.family:
        return sum(tensor_count(part) for _, part in static["parts"])
    return len(family_named(static["family"]).parameter_names)


def _total(terms: Sequence[Tensor]) -> Tensor:
    """Add tensors of one shape, `[*batch]`."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
