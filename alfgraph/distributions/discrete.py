"""Distributions over discrete actions: one choice, several choices, several switches."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from alfgraph.distributions.tensor_distribution import TensorDistribution, sum_event

# Far below any logit, and finite: padding and masked choices must give 0 * x = 0, not 0 * -inf.
_NEVER = torch.finfo(torch.float32).min


class Categorical(TensorDistribution):
    """One choice among `n`: an action in `[start, start + n)`, as Gymnasium's Discrete.

    A logit of -inf forbids a choice.
    """

    __slots__ = ("_log_p", "logits", "start")

    family: ClassVar[str] = "categorical"
    parameter_names = ("logits",)

    def __init__(self, logits: Tensor, start: int = 0) -> None:
        """Wrap the logits.

        Args:
            logits: `[*batch, n] float32`, unnormalised log probabilities.
            start: The first action.
        """
        self.tensors = (logits,)
        self.logits = logits
        self.start = start
        self._log_p: Tensor | None = None

    def like(self, *tensors: Tensor) -> Self:
        """Give the same choices with other logits."""
        return type(self)(tensors[0], self.start)

    def settings(self) -> dict[str, Any]:
        """Give `start`."""
        return {"start": self.start}

    def log_probs(self) -> Tensor:
        """Give the log probability of every choice, `[*batch, n] float32`.

        It is kept for the next call where it carries a gradient: `log_prob` and `entropy` of one
        update share it. One computed without gradient must not be trained on, so it is not kept.
        """
        log_p = self._log_p
        if log_p is None or not log_p.requires_grad:
            log_p = self._log_p = self.logits.log_softmax(-1)
        return log_p

    def sample(self) -> Tensor:
        """Draw `[*batch] int64`, an action.

        With E ~ Exp(1) independent for every choice, argmax(logits - log E) is distributed as
        softmax(logits): four kernels, and no normalisation as `torch.multinomial` needs it.

        Source: Gumbel-max trick (Gumbel, 1954); -log E is a Gumbel variable.
        """
        logits = self.logits.detach()
        noise = torch.empty_like(logits).exponential_().log_()
        choice = torch.sub(logits, noise).argmax(-1)
        return choice + self.start if self.start else choice

    def mode(self) -> Tensor:
        """Give `[*batch] int64`, the most likely action."""
        choice = self.logits.argmax(-1)
        return choice + self.start if self.start else choice

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`, the log probability of `action`, `[*batch] int64`."""
        choice = action - self.start if self.start else action
        return self.log_probs().gather(-1, choice.unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`, -sum p log p; at most log n."""
        log_p = self.log_probs()
        return (log_p.exp() * log_p.clamp_min(_NEVER)).sum(-1).neg()

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`, sum p (log p - log q); huge where q forbids what p does."""
        self.refuse_other_family(other)
        log_p, log_q = self.log_probs(), other.log_probs()
        return (log_p.exp() * (log_p.clamp_min(_NEVER) - log_q.clamp_min(_NEVER))).sum(-1)


class MultiCategorical(TensorDistribution):
    """Several independent choices at once, as Gymnasium's MultiDiscrete.

    All logits lie in one tensor, so that one linear layer makes them; the choices are computed
    together, padded to the largest where their sizes differ.
    """

    __slots__ = ("_log_p", "choices", "logits")

    family: ClassVar[str] = "multi_categorical"
    parameter_names = ("logits",)

    def __init__(
        self,
        logits: Tensor,
        sizes: Sequence[int],
        starts: Sequence[int] | None = None,
        shape: Sequence[int] | None = None,
    ) -> None:
        """Wrap the logits; `like` is the cheap way to make many.

        Args:
            logits: `[*batch, sum(sizes)] float32`, the logits of one choice after the other.
            sizes: How many actions each choice has, flattened.
            starts: The first action of each choice; None: all 0.
            shape: The shape of an action; None: `(len(sizes),)`.
        """
        self.tensors = (logits,)
        self.logits = logits
        self.choices = _Choices(
            tuple(sizes),
            tuple(starts) if starts is not None else (0,) * len(sizes),
            tuple(shape) if shape is not None else (len(sizes),),
        )
        self._log_p: Tensor | None = None

    def like(self, *tensors: Tensor) -> Self:
        """Give the same choices with other logits."""
        new = object.__new__(type(self))
        new.tensors, new.logits = tensors, tensors[0]
        new.choices, new._log_p = self.choices, None
        return new

    def settings(self) -> dict[str, Any]:
        """Give `sizes`, `starts` and `shape`."""
        choices = self.choices
        return {
            "sizes": list(choices.sizes),
            "starts": list(choices.starts),
            "shape": list(choices.shape),
        }

    def log_probs(self) -> Tensor:
        """Give every log probability, `[*batch, k, max(sizes)] float32`; kept as Categorical's."""
        log_p = self._log_p
        if log_p is None or not log_p.requires_grad:
            log_p = self._log_p = self.choices.grouped(self.logits).log_softmax(-1)
        return log_p

    def sample(self) -> Tensor:
        """Draw `[*batch, *shape] int64`; the trick of `Categorical.sample`."""
        logits = self.choices.grouped(self.logits.detach())
        noise = torch.empty_like(logits).exponential_().log_()
        return self.choices.action(torch.sub(logits, noise).argmax(-1))

    def mode(self) -> Tensor:
        """Give `[*batch, *shape] int64`, the most likely action of every choice."""
        return self.choices.action(self.choices.grouped(self.logits).argmax(-1))

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`, the sum over the choices; `action` is `[*batch, *shape]`."""
        index = self.choices.index(action).unsqueeze(-1)
        return self.log_probs().gather(-1, index).squeeze(-1).sum(-1)

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`, the sum of the choices' entropies."""
        log_p = self.log_probs()
        return (log_p.exp() * log_p.clamp_min(_NEVER)).sum((-2, -1)).neg()

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`, the sum of the choices' divergences."""
        self.refuse_other_family(other)
        log_p, log_q = self.log_probs(), other.log_probs()
        terms = log_p.exp() * (log_p.clamp_min(_NEVER) - log_q.clamp_min(_NEVER))
        return terms.sum((-2, -1))


class _Choices:
    """The layout of several choices, shared by all distributions over them."""

    __slots__ = ("_blocks", "_offsets", "shape", "sizes", "starts")

    def __init__(
        self, sizes: tuple[int, ...], starts: tuple[int, ...], shape: tuple[int, ...]
    ) -> None:
        self.sizes = sizes
        self.starts = starts
        self.shape = shape
        equal = min(sizes) == max(sizes)
        self._blocks = None if equal else torch.tensor(_pad_index(sizes), device="cpu")
        self._offsets = torch.tensor(starts, device="cpu") if any(starts) else None

    def grouped(self, logits: Tensor) -> Tensor:
        """Lay out `[*batch, sum(sizes)]` as `[*batch, k, max(sizes)]`, padded with `_NEVER`."""
        layout = (*logits.shape[:-1], len(self.sizes), max(self.sizes))
        if self._blocks is None:
            return logits.reshape(layout)
        if self._blocks.device != logits.device:
            self._blocks = torch.tensor(_pad_index(self.sizes), device=logits.device)
        padding = logits.new_full((*logits.shape[:-1], 1), _NEVER)
        return torch.cat([logits, padding], -1).index_select(-1, self._blocks).reshape(layout)

    def action(self, index: Tensor) -> Tensor:
        """Turn `[*batch, k]` indices from 0 into `[*batch, *shape]` actions."""
        offsets = self._offsets_on(index)
        action = index if offsets is None else index + offsets
        return action if len(self.shape) == 1 else action.reshape((*action.shape[:-1], *self.shape))

    def index(self, action: Tensor) -> Tensor:
        """Turn `[*batch, *shape]` actions into `[*batch, k]` indices from 0."""
        flat = action if len(self.shape) == 1 else action.flatten(-len(self.shape))
        offsets = self._offsets_on(action)
        return flat if offsets is None else flat - offsets

    def _offsets_on(self, values: Tensor) -> Tensor | None:
        if self._offsets is not None and self._offsets.device != values.device:
            self._offsets = torch.tensor(self.starts, device=values.device)
        return self._offsets


def _pad_index(sizes: tuple[int, ...]) -> list[int]:
    """Index that pads consecutive blocks to the largest; `sum(sizes)` is the padding."""
    widest, padding = max(sizes), sum(sizes)
    index: list[int] = []
    begin = 0
    for size in sizes:
        index += [*range(begin, begin + size), *[padding] * (widest - size)]
        begin += size
    return index


class Bernoulli(TensorDistribution):
    """Independent switches, as Gymnasium's MultiBinary: every element of an action is 0 or 1."""

    __slots__ = ("dtype", "event_ndim", "logits")

    family: ClassVar[str] = "bernoulli"
    parameter_names = ("logits",)

    def __init__(
        self, logits: Tensor, event_ndim: int = 1, dtype: torch.dtype | str = torch.int8
    ) -> None:
        """Wrap the logits.

        Args:
            logits: `[*batch, *event] float32`, log p(1) - log p(0).
            event_ndim: How many trailing dims make one action.
            dtype: Of the actions; MultiBinary's are int8.
        """
        self.tensors = (logits,)
        self.logits = logits
        self.event_ndim = event_ndim
        self.dtype: torch.dtype = getattr(torch, dtype) if isinstance(dtype, str) else dtype

    def like(self, *tensors: Tensor) -> Self:
        """Give the same switches with other logits."""
        return type(self)(tensors[0], self.event_ndim, self.dtype)

    def settings(self) -> dict[str, Any]:
        """Give `event_ndim` and `dtype` (its name)."""
        return {"event_ndim": self.event_ndim, "dtype": str(self.dtype).removeprefix("torch.")}

    def sample(self) -> Tensor:
        """Draw `[*batch, *event] dtype`, zeros and ones."""
        logits = self.logits.detach()
        return (torch.rand_like(logits) < logits.sigmoid()).to(self.dtype)

    def mode(self) -> Tensor:
        """Give `[*batch, *event] dtype`, 1 where p(1) > 1/2."""
        return (self.logits > 0).to(self.dtype)

    def log_prob(self, action: Tensor) -> Tensor:
        """Give `[*batch] float32`, the sum over the switches of `action`, `[*batch, *event]`."""
        logits = self.logits
        losses = binary_cross_entropy_with_logits(
            logits, action.to(logits.dtype).expand_as(logits), reduction="none"
        )
        return sum_event(losses, self.event_ndim).neg()

    def entropy(self) -> Tensor:
        """Give `[*batch] float32`: softplus(l) - l sigmoid(l) for every switch, summed."""
        logits = self.logits
        return sum_event(softplus(logits) - logits * logits.sigmoid(), self.event_ndim)

    def kl(self, other: Self) -> Tensor:
        """Give `[*batch] float32`: sigmoid(l) (l - m) - softplus(l) + softplus(m), summed."""
        self.refuse_other_family(other)
        mine, theirs = self.logits, other.logits
        terms = mine.sigmoid() * (mine - theirs) - softplus(mine) + softplus(theirs)
        return sum_event(terms, self.event_ndim)
