"""From the quantiles of several critics to those of one cautious estimate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from alfgraph.families.learning import Returns
from alfgraph.wiring.ports import In, Out


class LeastQuantiles(Returns):
    """The quantiles of the critic whose mean is least.

    Source: Wurman et al. 2022, "Outracing champion Gran Turismo drivers with deep reinforcement
        learning", Nature 602, methods (QR-SAC); ALF, `QrsacAlgorithm`.
    """

    quantiles = In("float32[*batch, k, e]")
    least = Out("float32[*batch, k]", role="value")

    def forward(self, quantiles: Tensor) -> Tensor:
        """[*batch, k, e] float32, of e critics -> [*batch, k] float32."""
        critic = quantiles.mean(-2).argmin(-1)
        index = critic.unsqueeze(-1).unsqueeze(-1)
        return quantiles.gather(-1, index.expand(*quantiles.shape[:-1], 1)).squeeze(-1)


class TruncatedQuantiles(Returns):
    """The quantiles of all critics as one mixture, without its largest.

    Attributes:
        drop: how many to leave out for each critic.

    Source: Kuznetsov et al. 2020, arXiv:2005.04269, section 3 and eq. 9.
    """

    drop: Annotated[int, Field(ge=0)] = 2

    quantiles = In("float32[*batch, k, e]")
    kept = Out("float32[*batch, j]", role="value")

    def derive(self, k: int, e: int) -> Mapping[str, Any]:
        """(k - drop) e remain."""
        return {"j": max(1, (k - self.drop) * e)}

    def forward(self, quantiles: Tensor) -> Tensor:
        """[*batch, k, e] float32, of e critics -> [*batch, (k - drop) e] float32, ascending."""
        count, critics = quantiles.shape[-2:]
        mixture = quantiles.flatten(-2).sort(-1).values
        return mixture[..., : max(1, (count - self.drop) * critics)]
