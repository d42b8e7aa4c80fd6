"""Target: copies of networks whose parameters follow those they were made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from alfgraph.families import learning


class Target(learning.Target):
    """Moves copies towards their sources: `copy += tau * (source - copy)` at every update.

    `self.target.of(net)(...)` is a call of the copy, typed like the source; no gradient passes it.
    Copies begin equal to their sources. Statistics (buffers of modules) are copied as they are.

    Attributes:
        tau: how far one update goes; 1 copies.

    Source: Lillicrap et al. 2016, arXiv:1509.02971, Algorithm 1.
    """

    tau: Annotated[float, Field(gt=0.0, le=1.0)] = 0.005

    def build(self, pairs: Sequence[tuple[nn.Module, nn.Module]]) -> Followers:
        """What moves the copies."""
        return Followers(pairs, self.tau)


class Followers:
    """Copies and what they follow."""

    def __init__(self, pairs: Sequence[tuple[nn.Module, nn.Module]], tau: float) -> None:
        """Collect the tensors.

        Args:
            pairs: (source, copy).
            tau: how far one update goes.
        """
        self.tau = tau
        self._sources: list[Tensor] = [p for source, _ in pairs for p in source.parameters()]
        self._copies: list[Tensor] = [p for _, copy in pairs for p in copy.parameters()]
        self._statistics = [
            (old, new)
            for source, copy in pairs
            for new, old in zip(source.buffers(), copy.buffers(), strict=True)
        ]

    @torch.no_grad()
    def update(self) -> None:
        """Take one step towards the sources."""
        if self._copies:
            if self.tau == 1.0:
                torch._foreach_copy_(self._copies, self._sources)
            else:
                torch._foreach_lerp_(self._copies, self._sources, self.tau)
        for old, new in self._statistics:
            old.copy_(new)
