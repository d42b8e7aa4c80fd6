"""Returns and advantages as plain functions of time-major tensors.

All functions share one convention. Rows are steps, aligned by t: `reward[t]` arrived together with
observation t, as did `discount[t]` and `step_type[t]`; `value[t]` is the value of observation t.
T + 1 rows go in and T rows come out, one for each action: row t judges the action taken at t, whose
reward is `reward[t + 1]`.

* reward, value: `[T+1, B, *r] float`; `*r` is empty for a scalar reward.
* discount: `[T+1, B] float`, the environment's own: 0 at a true termination, else 1.
* step_type: `[T+1, B] int`, FIRST 0, MID 1, LAST 2.
* gamma: one number, or one for each reward dimension (shape `*r`).

A row whose step is LAST took no action, so nothing is learnt from it: its result is a placeholder
(each function says which) and the loss masks it. Rewards and values never leak across it. At a time
limit the discount is 1 and the value of the last observation is bootstrapped; at a termination it
is 0.

Results carry no gradient. With `g[t] = gamma * discount[t]` every function but one is a linear
recurrence that runs backwards in time, `x[t] = source[t] + gain[t] * x[t + 1]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alfgraph.components.arrays.numpy_views import numpy_can_view
from alfgraph.diagnostics.errors import UsageError
from alfgraph.specs.step_types import LAST

Gamma = float | Sequence[float] | Tensor
"""A discount factor: one for all reward dimensions, or one for each of them (shape `*r`)."""

_MANY_ROWS = 256  # from here on whole-tensor operations are faster than a loop over rows
_MIN_ROWS = 2  # a step and the one it led to


def discounted_return(
    reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor, *, gamma: Gamma
) -> Tensor:
    """Return the Monte-Carlo return, bootstrapped from the value of the last row.

    `R[t] = reward[t+1] + g[t+1] * R[t+1]` with `R[T] = value[T]`, and `R[t] = value[t]` where t is
    LAST.

    Args:
        reward: `[T+1, B, *r] float`, reward for the previous action.
        discount: `[T+1, B] float`, the environment's discount.
        step_type: `[T+1, B] int`, FIRST, MID or LAST.
        value: `[T+1, B, *r] float`, value of each observation.
        gamma: discount factor, one for all or one for each reward dimension.

    Returns:
        `[T, B, *r] float`, the return of each action.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 3.9.
    """
    rows = _Rows.of(reward, discount, step_type, value, gamma)
    gain = rows.where_last(0.0, rows.gain)
    return rows.solve(rows.where_last(rows.value, rows.reward), gain, start=rows.next_value[-1])


def one_step_discounted_return(
    reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor, *, gamma: Gamma
) -> Tensor:
    """Return the one-step target `reward[t+1] + g[t+1] * value[t+1]`.

    Where t is LAST the placeholder is `g[t] * value[t]` (ALF's, so that results agree bit for bit).

    Args:
        reward: `[T+1, B, *r] float`, reward for the previous action.
        discount: `[T+1, B] float`, the environment's discount.
        step_type: `[T+1, B] int`, FIRST, MID or LAST.
        value: `[T+1, B, *r] float`, value of each observation.
        gamma: discount factor, one for all or one for each reward dimension.

    Returns:
        `[T, B, *r] float`, the target of each action.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 6.2.
    """
    rows = _Rows.of(reward, discount, step_type, value, gamma)
    target = rows.reward + rows.gain * rows.next_value
    return rows.tensor(rows.where_last(rows.own_gain * rows.value, target))


def generalized_advantage(
    reward: Tensor,
    discount: Tensor,
    step_type: Tensor,
    value: Tensor,
    *,
    gamma: Gamma,
    lambda_: Gamma,
) -> Tensor:
    """Return generalised advantage estimates.

    `A[t] = delta[t] + g[t+1] * lambda * A[t+1]` with
    `delta[t] = reward[t+1] + g[t+1] * value[t+1] - value[t]` and `A[T] = 0`; 0 where t is LAST.

    Args:
        reward: `[T+1, B, *r] float`, reward for the previous action.
        discount: `[T+1, B] float`, the environment's discount.
        step_type: `[T+1, B] int`, FIRST, MID or LAST.
        value: `[T+1, B, *r] float`, value of each observation.
        gamma: discount factor, one for all or one for each reward dimension.
        lambda_: 0 is the one-step error, 1 the whole return; one for all or for each dimension.

    Returns:
        `[T, B, *r] float`, the advantage of each action.

    Source: Schulman et al. 2016, "High-Dimensional Continuous Control Using Generalized Advantage
    Estimation" (arXiv:1506.02438), eq. 16.
    """
    rows = _Rows.of(reward, discount, step_type, value, gamma)
    error = rows.reward + rows.gain * rows.next_value - rows.value
    gain = rows.gain * rows.per_dimension(lambda_, "lambda_")
    return rows.solve(rows.where_last(0.0, error), rows.where_last(0.0, gain), start=0.0)


def td_lambda_return(
    reward: Tensor,
    discount: Tensor,
    step_type: Tensor,
    value: Tensor,
    *,
    gamma: Gamma,
    lambda_: Gamma,
) -> Tensor:
    """Return the lambda-return: generalised advantage plus value.

    `G[t] = reward[t+1] + g[t+1] * ((1 - lambda) * value[t+1] + lambda * G[t+1])` with
    `G[T] = value[T]`; `G[t] = value[t]` where t is LAST.

    Args:
        reward: `[T+1, B, *r] float`, reward for the previous action.
        discount: `[T+1, B] float`, the environment's discount.
        step_type: `[T+1, B] int`, FIRST, MID or LAST.
        value: `[T+1, B, *r] float`, value of each observation.
        gamma: discount factor, one for all or one for each reward dimension.
        lambda_: 0 is the one-step target, 1 the whole return; one for all or for each dimension.

    Returns:
        `[T, B, *r] float`, the return of each action.

    Source: Sutton & Barto 2018, "Reinforcement Learning" (2nd ed.), eq. 12.18.
    """
    advantage = generalized_advantage(
        reward, discount, step_type, value, gamma=gamma, lambda_=lambda_
    )
    return advantage.add_(value.detach()[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The inputs of a value function, cut into rows t = 0..T-1 and broadcast over `*r`.

    The fields are numpy arrays that share memory with the inputs, or tensors where that cannot be:
    on CPU a torch operation on a few hundred numbers costs 4 to 7 us, one of numpy less than 1.
    """

    reward: Any  # [T, B, *r], reward[t+1]
    next_value: Any  # [T, B, *r], value[t+1]
    value: Any  # [T, B, *r], value[t]
    gain: Any  # [T, B, *r] or [T, B, *1], gamma * discount[t+1]
    own_gain: Any  # the same for t
    last: Any  # [T, B, *1] bool, step t is LAST

    @classmethod
    def of(
        cls, reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor, gamma: Gamma
    ) -> _Rows:
        """Check the shapes, choose numpy or torch, and align the rows."""
        _check_shapes(reward, discount, step_type, value)
        columns: list[Any] = [reward.detach(), discount.detach(), step_type, value.detach()]
        if numpy_can_view(reward, discount, value):
            columns = [column.numpy() for column in columns]
        r, d, s, v = columns
        last = s == LAST
        if extra := reward.dim() - discount.dim():
            # A trailing axis of 1 for each reward dimension: `[T+1, B]` must never meet `[k]` bare,
            # or gamma would silently be applied per environment where B happens to equal k.
            wide = (*discount.shape, *([1] * extra))
            d, last = d.reshape(wide), last.reshape(wide)
        gains = d * _per_dimension(gamma, r, "gamma")
        return cls(r[1:], v[1:], v[:-1], gains[1:], gains[:-1], last[:-1])

    def per_dimension(self, factor: Gamma, name: str) -> Any:
        """Return the factor as a number, or as an array that broadcasts over `*r` only."""
        return _per_dimension(factor, self.reward, name)

    def where_last(self, placeholder: Any, result: Any) -> Any:
        """Return the placeholder in rows whose step is LAST, the result in all others."""
        if isinstance(self.reward, Tensor):
            return torch.where(self.last, placeholder, result)
        return np.where(self.last, placeholder, result)

    def solve(self, source: Any, gain: Any, *, start: Any) -> Tensor:
        """Return x with `x[t] = source[t] + gain[t] * x[t+1]` and `x[T] = start`."""
        if isinstance(source, Tensor):
            return _solve_by_doubling(source, gain, start)
        if len(source) > _MANY_ROWS:
            return _solve_by_doubling(*(torch.as_tensor(item) for item in (source, gain, start)))
        following = start
        for row, factor in zip(source[::-1], gain[::-1], strict=True):
            following = np.add(row, factor * following, out=row)  # `source` becomes x
        return torch.from_numpy(source)

    def tensor(self, result: Any) -> Tensor:
        """Return the result as a tensor."""
        return result if isinstance(result, Tensor) else torch.from_numpy(result)


def _per_dimension(factor: Gamma, like: Any, name: str) -> Any:
    """Return a factor as a number, or as an array of shape `*r`."""
    if isinstance(factor, (int, float)):
        return factor
    if isinstance(like, Tensor):
        each: Any = torch.as_tensor(factor, dtype=like.dtype, device=like.device)
    else:
        each = np.asarray(factor, dtype=like.dtype)
    shape = tuple(like.shape[2:])
    if each.ndim and tuple(each.shape) != shape:
        raise UsageError(
            f"{name} has shape {tuple(each.shape)}, but the reward's own shape is {shape}; "
            f"give one number, or one for each reward dimension."
        )
    return each


def _solve_by_doubling(source: Tensor, gain: Tensor, start: Any) -> Tensor:
    """Solve the recurrence in log2(T) rounds of whole-tensor operations, for accelerators.

    Each round composes every row's map `x -> source + gain * x` with that of the row `reach` later.

    Source: Hillis & Steele 1986, "Data Parallel Algorithms", section "Parallel prefix".
    """
    total, factor = source, gain.expand_as(source)
    reach = 1
    while reach < len(source):
        total = torch.cat((total[:-reach] + factor[:-reach] * total[reach:], total[-reach:]))
        factor = torch.cat((factor[:-reach] * factor[reach:], factor[-reach:]))
        reach *= 2
    solution: Tensor = total + factor * start
    return solution


def _check_shapes(reward: Tensor, discount: Tensor, step_type: Tensor, value: Tensor) -> None:
    """Raise where broadcasting would go on silently with the wrong numbers."""
    if value.shape != reward.shape:
        raise UsageError(
            f"value is {list(value.shape)} and reward is {list(reward.shape)}; a value function "
            "needs one value for each reward, `[T+1, B, *r]` both."
        )
    if discount.shape != reward.shape[:2] or step_type.shape != reward.shape[:2]:
        raise UsageError(
            f"discount is {list(discount.shape)} and step_type is {list(step_type.shape)}; both "
            f"must be `[T+1, B]`, here {list(reward.shape[:2])}."
        )
    if len(reward) < _MIN_ROWS:
        raise UsageError(
            "a value function needs at least two rows: the step an action was taken in and the "
            "step it led to. Pass `[T+1, B]` steps, such as `rollout.steps()`."
        )
