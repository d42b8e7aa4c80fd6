"""Greedy and EpsilonGreedy: from the values of discrete actions to an action."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from alfgraph.families.annealing import Annealing, current
from alfgraph.families.learning import Exploration
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out

Probability = Annotated[float, Field(ge=0.0, le=1.0)] | Annealing


class Greedy(Component):
    """The action with the largest value; the first of several."""

    values = In("float32[*batch, n]", detach=True)
    action = Out("int64[*batch] in [0, n)", role="action")

    def forward(self, values: Tensor) -> Tensor:
        """[*batch, n] float32 values -> [*batch] int64 action."""
        return values.argmax(-1)


class EpsilonGreedy(Exploration):
    """The best action, or with probability ε any action.

    Attributes:
        epsilon: ε, a number or an annealing.

    Source: Mnih et al. 2015, "Human-level control through deep reinforcement learning", alg. 1.
    """

    epsilon: Probability = 0.1

    values = In("float32[*batch, n]", detach=True)
    action = Out("int64[*batch] in [0, n)", role="action")

    def forward(self, values: Tensor) -> Tensor:
        """[*batch, n] float32 values -> [*batch] int64 action."""
        best = values.argmax(-1)
        any_action = torch.randint_like(best, values.shape[-1])
        explores = torch.rand(best.shape, device=values.device) < current(self.epsilon)
        return torch.where(explores, any_action, best)
