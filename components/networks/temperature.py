"""Temperature: the weight of the entropy in soft reinforcement learning."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.families import Network
from alfgraph.ports import Out


class Temperature(Network):
    """α, learnt in its logarithm; with `frozen=True` it stays at `initial`.

    Attributes:
        initial: α at the beginning.

    Source: Haarnoja et al. 2018, arXiv:1812.05905, section 5.
    """

    initial: Annotated[float, Field(gt=0.0)] = 1.0

    alpha = Out("float32[]")
    log_alpha = Out("float32[]")

    def build(self) -> nn.Module:
        """() -> α and log α, both [] float32."""
        return _LogTemperature(math.log(self.initial), not self.frozen)


class _LogTemperature(nn.Module):
    """One parameter, log α."""

    def __init__(self, initial: float, trained: bool) -> None:
        super().__init__()
        self.log_alpha = nn.Parameter(torch.tensor(initial), requires_grad=trained)

    def forward(self) -> tuple[Tensor, Tensor]:
        return self.log_alpha.exp(), self.log_alpha
