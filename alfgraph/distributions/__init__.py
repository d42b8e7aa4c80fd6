"""Light distributions over actions: tensors with a family, cheap enough for the rollout loop."""

from alfgraph.distributions.continuous import Beta, Normal, SquashedNormal
from alfgraph.distributions.discrete import Bernoulli, Categorical, MultiCategorical
from alfgraph.distributions.point import Deterministic
from alfgraph.distributions.product import Product
from alfgraph.distributions.tensor_distribution import TensorDistribution, from_static

__all__ = [
    "Bernoulli",
    "Beta",
    "Categorical",
    "Deterministic",
    "MultiCategorical",
    "Normal",
    "Product",
    "SquashedNormal",
    "TensorDistribution",
    "from_static",
]
