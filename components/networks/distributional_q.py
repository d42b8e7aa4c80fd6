"""QuantileQNetwork and CategoricalQNetwork: the distribution of every action's return."""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationInfo, field_validator
from torch import Tensor, nn

from alfgraph.components.networks.feature_network import feature_network
from alfgraph.components.networks.modules.initializers import initialized_linear, initializer
from alfgraph.components.networks.q_network import QNetwork
from alfgraph.specs.spec import Spec
from alfgraph.wiring.ports import Out


class QuantileQNetwork(QNetwork):
    """A multi-layer perceptron with several quantiles of the return for each action.

    Details:
        - The i-th of N estimates the quantile (2i - 1) / 2N; the values are their means.

    Attributes:
        num_quantiles: N.

    Source: Dabney et al. 2018, arXiv:1710.10044, eq. 7 and lemma 2; dueling: Wang et al. 2016,
        arXiv:1511.06581, eq. 9, for every quantile.
    """

    num_quantiles: Annotated[int, Field(ge=1)] = 50

    quantiles = Out("float32[*batch, n, k]")

    def build(self, observation: Spec, n: int) -> nn.Module:
        """[*batch, ...] observation -> [*batch, n] values, [*batch, n, k] quantiles, float32."""
        return _Quantiles(self, observation, n, self.num_quantiles)


class CategoricalQNetwork(QNetwork):
    """A multi-layer perceptron with a categorical distribution of the return for each action.

    Details:
        - The atoms are evenly spaced from `lowest` to `highest`; the values are the means.
        - With rewards in [-1, 1] and γ = 0.99, no return lies outside [-100, 100].

    Attributes:
        num_atoms: how many returns are told apart.
        lowest: the smallest one.
        highest: the largest one.

    Source: Bellemare et al. 2017, arXiv:1707.06887, section 4; dueling: Hessel et al. 2018,
        arXiv:1710.02298, section "The integrated agent".
    """

    num_atoms: Annotated[int, Field(ge=2)] = 101
    lowest: float = -100.0
    highest: Annotated[float, Field(validate_default=True)] = 100.0

    logits = Out("float32[*batch, n, k]")
    support = Out("float32[k]")

    @field_validator("highest")
    @classmethod
    def _atoms_must_ascend(cls, highest: float, info: ValidationInfo) -> float:
        lowest = info.data.get("lowest", -math.inf)
        if lowest >= highest:
            raise ValueError(f"it must be above lowest={lowest:g}")
        return highest

    def build(self, observation: Spec, n: int) -> nn.Module:
        """[*batch, ...] observation -> [*batch, n] values, [*batch, n, k] logits, [k] atoms."""
        support = torch.linspace(self.lowest, self.highest, self.num_atoms)
        return _Categorical(self, observation, n, support)


class _Rows(nn.Module):
    """Features, and `width` numbers for every action; dueling has as many for the state."""

    def __init__(self, settings: QNetwork, observation: Spec, n: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.features, size = feature_network(
            observation, settings.hidden, settings.activation, settings.initializer
        )
        weight = initializer(settings.initializer, 1.0, "identity")
        self.actions = initialized_linear(size, n * width, weight)
        self.state_value = initialized_linear(size, width, weight) if settings.dueling else None

    def rows(self, observation: Any) -> Tensor:
        """[*batch, ...] observation -> [*batch, n, width]."""
        features = self.features(observation)
        flat: Tensor = self.actions(features)
        rows = flat.view(*flat.shape[:-1], -1, self.width)
        if self.state_value is None:
            return rows
        base: Tensor = self.state_value(features).unsqueeze(-2)
        return base + rows - rows.mean(-2, keepdim=True)


class _Quantiles(_Rows):
    def forward(self, observation: Any) -> tuple[Tensor, Tensor]:
        quantiles = self.rows(observation)
        return quantiles.mean(-1), quantiles


class _Categorical(_Rows):
    support: Tensor

    def __init__(self, settings: QNetwork, observation: Spec, n: int, support: Tensor) -> None:
        super().__init__(settings, observation, n, len(support))
        self.register_buffer("support", support)

    def forward(self, observation: Any) -> tuple[Tensor, Tensor, Tensor]:
        logits = self.rows(observation)
        return logits.softmax(-1) @ self.support, logits, self.support
