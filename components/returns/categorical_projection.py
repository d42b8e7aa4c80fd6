"""CategoricalProjection: the one-step target of a distribution, projected onto its atoms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import Tensor

from alfgraph.components.losses.td_loss import one_step_target
from alfgraph.families.learning import Returns
from alfgraph.wiring.ports import In, Out


def project(probabilities: Tensor, places: Tensor, support: Tensor) -> Tensor:
    """Return the distribution on the support that is nearest to one that lies elsewhere.

    Each place's probability goes to the two atoms beside it, more to the nearer; beyond the ends it
    goes to the end.

    Args:
        probabilities: `[*batch, j] float32`, of the places.
        places: `[*batch, j] float32`.
        support: `[k] float32`, evenly spaced atoms, ascending.

    Returns:
        `[*batch, k] float32`, of the same sum.

    Source: Bellemare et al. 2017, arXiv:1707.06887, eq. 7 and Algorithm 1; which, read literally,
        loses what is exactly at an atom.
    """
    last = len(support) - 1
    step = (support[-1] - support[0]) / last
    at = ((places - support[0]) / step).clamp(0.0, last)
    below = at.floor().clamp(max=last - 1)
    index, share = below.long(), at - below
    projected = probabilities.new_zeros(*probabilities.shape[:-1], last + 1)
    projected.scatter_add_(-1, index, probabilities * (1.0 - share))
    return projected.scatter_add_(-1, index + 1, probabilities * share)


class CategoricalProjection(Returns):
    """Probabilities of atoms nearest to those of `r + γ d z`.

    Details:
        - A termination (d = 0) puts everything at the reward; a time limit (d = 1) does not.
        - `clipped` is the share of the probability that lay beyond the ends of the support.

    Attributes:
        gamma: γ.

    Source: Bellemare et al. 2017, arXiv:1707.06887, Algorithm 1.
    """

    gamma: Annotated[float, Field(ge=0.0, le=1.0)] = 0.99

    reward = In("float32[T+1, *batch]", role="reward")
    discount = In("float32[T+1, *batch]", role="discount")
    support = In("float32[k]", detach=True)
    logits = In("float32[T, *batch, k]", detach=True)
    target = Out("float32[T, *batch, k]")
    clipped = Out("float32[]", monitor=True)

    def forward(
        self, reward: Tensor, discount: Tensor, support: Tensor, logits: Tensor
    ) -> tuple[Tensor, Tensor]:
        """[T+1, M] steps, [k] atoms, [T, M, k] logits -> [T, M, k] target, clipped share."""
        places = one_step_target(
            reward[1:].unsqueeze(-1), discount[1:].unsqueeze(-1), support, self.gamma
        )
        probabilities = logits.softmax(-1)
        outside = (places < support[0]) | (places > support[-1])
        clipped = (probabilities * outside).sum(-1).mean()
        return project(probabilities, places, support), clipped
