"""Temperature: the weight of the entropy in soft reinforcement learning."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.actions.bounds import sample_shape
from alfgraph.families.network import Network
from alfgraph.specs.spec import TensorSpec
from alfgraph.wiring.ports import Out


class Temperature(Network):
    """α, learnt in its logarithm; with `frozen=True` it stays at `initial`.

    An action with a discrete choice and continuous parts has two: what reads α decides.

    Attributes:
        initial: α at the beginning.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, section 5.
    """

    initial: Annotated[float, Field(gt=0.0)] = 1.0

    alpha = Out("alpha[]")
    log_alpha = Out("alpha[]")

    def build(self, alpha: TensorSpec) -> nn.Module:
        """() -> α and log α, both float32, one number or one for each kind of part."""
        initial = torch.full(sample_shape(alpha), math.log(self.initial))
        return _LogTemperature(initial, not self.frozen)


class _LogTemperature(nn.Module):
    """One parameter, log α."""

    def __init__(self, initial: Tensor, trained: bool) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(initial, requires_grad=trained)

    def forward(self) -> tuple[Tensor, Tensor]:
        return self.log_alpha.exp(), self.log_alpha
