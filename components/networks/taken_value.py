"""TakenValue: from the values of all actions to that of one."""

from __future__ import annotations

from torch import Tensor

from alfgraph.component import Component
from alfgraph.ports import In, Out


class TakenValue(Component):
    """The value of the action given."""

    values = In("float32[*batch, n]")
    action = In("int64[*batch] in [0, n)", role="action")
    value = Out("float32[*batch]", role="value")

    def forward(self, values: Tensor, action: Tensor) -> Tensor:
        """[*batch, n] float32 values, [*batch] int64 action -> [*batch] float32."""
        return values.gather(-1, action.unsqueeze(-1)).squeeze(-1)
