"""TakenValue: from the values of all actions to that of one."""

from __future__ import annotations

from torch import Tensor

from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out


class TakenValue(Component):
    """The value of the action given, or its quantiles, or its logits: whatever each action has."""

    values = In("float32[*batch, n, *e]")
    action = In("int64[*batch] in [0, n)", role="action")
    value = Out("float32[*batch, *e]", role="value")

    def forward(self, values: Tensor, action: Tensor) -> Tensor:
        """[*batch, n, *e] float32 values, [*batch] int64 action -> [*batch, *e] float32."""
        axis = action.dim()
        index = action.reshape(*action.shape, *(1,) * (values.dim() - axis))
        taken = values.gather(axis, index.expand(*action.shape, 1, *values.shape[axis + 1 :]))
        return taken.squeeze(axis)
