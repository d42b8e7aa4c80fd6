"""Episode metrics: what finished episodes say about the policy.

Observing one environment step only copies a row; rows are reduced a block at a time, all
environments and all episodes of the block in a few vectorised calls. Blocks are cut by the number
of observed steps alone, and a half-filled block is read without being consumed, so the numbers do
not depend on when, or whether, anybody looks at them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.monitor.episode_segments import FIRST, LAST, Ints, Segments, split_episodes

BLOCK_ELEMENTS = 1 << 15
"""Rows of a block times environments, at most: bounds what waits to be reduced."""

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Carry:
    """What unfinished episodes have gathered before the current block, one entry per environment.

    `reward` holds, for every reward dimension, three sums in a row: the return, the discounted
    return from the episode's start, and the sum over its steps of the discounted returns to go.
    """

    length: Ints
    decay: Floats
    reward: Floats
    total: dict[str, Floats] = field(default_factory=dict)
    given: dict[str, Floats] = field(default_factory=dict)
    most: dict[str, Floats] = field(default_factory=dict)


class EpisodeMetrics:
    """Averages over the last finished episodes, with ALF's definitions.

    A step of type FIRST belongs to no transition: its reward and info are ignored. A step after
    LAST that is not FIRST (an environment that resets at once) starts an episode and counts.
    Values of `info` are summed over the episode; names ending in `@step` are averaged over the
    steps that gave them and names ending in `@max` are maximised. NaN means "not given".
    """

    def __init__(
        self,
        num_envs: int,
        reward_shape: tuple[int, ...] = (),
        *,
        buffer_size: int | None = None,
        gamma: float = 0.99,
    ) -> None:
        """Start with nothing observed.

        Args:
            num_envs: environments observed together, the `B` of every row.
            reward_shape: shape of one reward, `()` for a scalar.
            buffer_size: finished episodes averaged over; default `max(10, num_envs)`, as in ALF.
            gamma: discount of the discounted returns.
        """
        self.num_envs = num_envs
        self.reward_shape = tuple(reward_shape)
        self.buffer_size = max(10, num_envs) if buffer_size is None else buffer_size
        self.gamma = gamma
        self._dims = int(np.prod(self.reward_shape, dtype=np.int64))
        self._rows = max(8, min(64, BLOCK_ELEMENTS // max(1, num_envs)))
        exponents = gamma ** np.arange(self._rows + 1, dtype=np.float64)
        self._powers: Floats = exponents
        self._sums: Floats = np.concatenate(([0.0], np.cumsum(exponents)))
        self._start()

    def _start(self) -> None:
        envs, rows = self.num_envs, self._rows
        self._count = 0
        self._transitions = 0
        self._episodes = 0
        self._steps: npt.NDArray[np.int32] = np.ones((rows, envs), dtype=np.int32)
        self._reward: Floats = np.zeros((rows, envs, *self.reward_shape))
        self._info: dict[str, Floats] = {}
        self._ignored: set[str] = set()
        self._carry = _Carry(
            length=np.zeros(envs, dtype=np.int64),
            decay=np.ones(envs),
            reward=np.zeros((3 * self._dims, envs)),
        )
        self._recent: dict[str, deque[float]] = {}

    def observe(
        self, step_type: Array, reward: Array, info: Mapping[str, object] | None = None
    ) -> None:
        """Takes in one step of every environment; called once per tick, values are copied.

        Args:
            step_type: `[B] int, FIRST 0, MID 1, LAST 2`.
            reward: `[B, *reward_shape] float`, reward for the previous action.
            info: numeric arrays `[B]` or `[B, n]` by name, nested dicts allowed; others are left
                out.
        """
        row = self._count
        self._steps[row] = step_type
        self._reward[row] = reward
        if info:
            self._observe_info(row, info, "")
        self._count = row = row + 1
        if row == self._rows:
            self._consume()

    def _observe_info(self, row: int, info: Mapping[str, object], prefix: str) -> None:
        for key, value in info.items():
            name = prefix + key
            rows = self._info.get(name)
            if rows is not None:
                rows[row] = np.asarray(value)
            elif isinstance(value, Mapping):
                self._observe_info(row, value, f"{name}/")
            elif name not in self._ignored:
                self._add_info(row, name, value)

    def _add_info(self, row: int, name: str, value: object) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "biuf" or array.shape[:1] != (self.num_envs,):
            self._ignored.add(name)
            return
        self._info[name] = np.full((self._rows, *array.shape), np.nan)
        self._info[name][row] = array

    def _consume(self) -> None:
        """Reduces the full block and keeps what it leaves behind."""
        steps = self._steps
        self._transitions += int(np.count_nonzero(steps != FIRST))
        self._episodes += int(np.count_nonzero(steps == LAST))
        self._carry = self._reduce(self._recent)
        self._count = 0
        for rows in self._info.values():
            rows.fill(np.nan)

    def _reduce(self, recent: dict[str, deque[float]]) -> _Carry:
        """Reduces the observed rows; finished episodes go to `recent`, the rest is returned."""
        count, carry = self._count, self._carry
        if count == 0:
            return carry
        parts = split_episodes(self._steps[:count])
        length = parts.steps + np.where(parts.continues, carry.length[parts.env], 0)
        reward = self._reduce_reward(parts, count)
        after = _Carry(
            length=np.zeros_like(carry.length),
            decay=np.ones_like(carry.decay),
            reward=np.zeros_like(carry.reward),
        )
        tail, envs = parts.open_end, parts.env[parts.open_end]
        after.length[envs] = length[tail]
        before = np.where(parts.continues, carry.decay[parts.env], 1.0)
        after.decay[envs] = (before * self._powers[parts.steps])[tail]
        after.reward[:, envs] = reward[:, tail]
        done, names = parts.order, self._reward_names()
        steps = np.maximum(length[done], 1)
        push = _Recent(recent, self.buffer_size)
        push("AverageEpisodeLength", length[done])
        for dim, suffix in enumerate(names):
            total, from_start, to_go = reward[3 * dim : 3 * dim + 3, done]
            push(f"AverageReturn{suffix}", total)
            push(f"AverageReward{suffix}", total / steps)
            push(f"AverageDiscountedReturn{suffix}", to_go / steps)
            push(f"EpisodicStartAverageDiscountedReturn{suffix}", from_start)
        for name, rows in self._info.items():
            self._reduce_info(name, rows[:count], parts, after, push)
        return after

    def _reduce_reward(self, parts: Segments, count: int) -> Floats:
        """The three sums of every reward dimension, `[3 * dims, segments] float64`.

        The sum over an episode's steps t of the return to go from t is the sum over its rewards
        r_k of r_k (1 + gamma + ... + gamma^k).
        Source: ALF `metrics.py`, AverageDiscountedReturnMetric.
        """
        flat = self._reward[:count].reshape(count, self.num_envs, self._dims)
        values = np.ascontiguousarray(flat.transpose(2, 1, 0)).reshape(self._dims, -1)
        values[:, parts.start[parts.opens]] = 0.0
        weighted = np.empty((self._dims, 3, values.shape[1]))
        weighted[:, 0] = values
        np.multiply(values, self._powers[parts.index], out=weighted[:, 1])
        np.multiply(values, self._sums[parts.index + 1], out=weighted[:, 2])
        sums = np.add.reduceat(weighted, parts.start, axis=2)
        carry = self._carry
        decay = np.where(parts.continues, carry.decay[parts.env], 1.0)
        # Sum of the powers of gamma below the carried length: W[c] of W[c + j] = W[c] + g^c W[j].
        if self.gamma == 1.0:
            below: Array = carry.length[parts.env].astype(np.float64)
        else:
            below = (1.0 - carry.decay[parts.env]) / (1.0 - self.gamma)
        below = np.where(parts.continues, below, 0.0)
        sums[:, 2] = sums[:, 2] * decay + sums[:, 0] * below
        sums[:, 1] *= decay
        result: Floats = sums.reshape(3 * self._dims, -1)
        result += np.where(parts.continues, carry.reward[:, parts.env], 0.0)
        return result

    def _reduce_info(
        self, name: str, rows: Floats, parts: Segments, after: _Carry, push: _Recent
    ) -> None:
        """Reduces one quantity of `info`: sum, mean per step, or maximum over the episode."""
        count, envs = len(rows), self.num_envs
        dims = rows[0, 0].size
        carry, shape = self._carry, (dims, self.num_envs)
        flat = rows.reshape(count, envs, dims).transpose(2, 1, 0)
        values = np.ascontiguousarray(flat).reshape(dims, -1)
        values[:, parts.start[parts.opens]] = np.nan
        given = ~np.isnan(values)
        tail, tail_envs = parts.open_end, parts.env[parts.open_end]

        def whole(
            kept: dict[str, Floats], left: dict[str, Floats], sums: Floats, at: float
        ) -> Floats:
            """Joins what was carried into the block; leaves what is carried out of it."""
            before = kept.get(name)
            if before is not None:
                into = np.where(parts.continues, before[:, parts.env], at)
                sums = np.maximum(sums, into) if at else sums + into
            left[name] = np.full(shape, at)
            left[name][:, tail_envs] = sums[:, tail]
            return sums

        numbers = np.add.reduceat(given.astype(np.float64), parts.start, axis=1)
        numbers = whole(carry.given, after.given, numbers, 0.0)
        if name.endswith("@max"):
            values[~given] = -np.inf
            result = np.maximum.reduceat(values, parts.start, axis=1)
            result = whole(carry.most, after.most, result, -np.inf)
        else:
            values[~given] = 0.0
            result = np.add.reduceat(values, parts.start, axis=1)
            result = whole(carry.total, after.total, result, 0.0)
            if name.endswith("@step"):
                result = result / np.maximum(numbers, 1.0)
        for dim, suffix in enumerate(_suffixes(rows.shape[2:])):
            chosen = parts.order[numbers[dim, parts.order] > 0]
            push(f"AverageEnvInfo[{name}{suffix}]", result[dim, chosen])

    def _reward_names(self) -> list[str]:
        return _suffixes(self.reward_shape)

    @property
    def transitions(self) -> int:
        """Environment steps that were transitions: all but those of type FIRST."""
        return self._transitions + int(np.count_nonzero(self._steps[: self._count] != FIRST))

    @property
    def episodes(self) -> int:
        """Episodes finished so far."""
        return self._episodes + int(np.count_nonzero(self._steps[: self._count] == LAST))

    def summary(self) -> dict[str, float]:
        """Means over the last `buffer_size` finished episodes, and the two counters.

        What no finished episode has given yet is absent. Reading changes nothing.
        """
        recent = {name: deque(values, self.buffer_size) for name, values in self._recent.items()}
        self._reduce(recent)
        result = {name: _mean(values) for name, values in recent.items() if values}
        result["EnvironmentSteps"] = float(self.transitions)
        result["NumberOfEpisodes"] = float(self.episodes)
        return result

    def recent(self, name: str = "AverageReturn") -> list[float]:
        """The values whose mean `summary` reports under `name`, oldest first."""
        recent = {key: deque(values, self.buffer_size) for key, values in self._recent.items()}
        self._reduce(recent)
        return list(recent.get(name, ()))

    def state(self) -> dict[str, Any]:
        """Everything observed so far, down to the half-filled block."""
        carry, count = self._carry, self._count
        info = {
            name: {
                "rows": rows[:count].copy(),
                **{
                    part: sums[name].copy()
                    for part, sums in self._info_carries(carry)
                    if name in sums
                },
            }
            for name, rows in self._info.items()
        }
        return {
            "transitions": self._transitions,
            "episodes": self._episodes,
            "steps": self._steps[:count].copy(),
            "reward": self._reward[:count].copy(),
            "length": carry.length.copy(),
            "decay": carry.decay.copy(),
            "sums": carry.reward.copy(),
            "info": info,
            "recent": {name: np.array(values) for name, values in self._recent.items()},
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continues exactly where `state()` was taken.

        Raises:
            CheckpointError: if the state is of other environments or rewards.
        """
        steps, reward = np.asarray(state["steps"]), np.asarray(state["reward"])
        expected = (*steps.shape[:1], self.num_envs, *self.reward_shape)
        if reward.shape != expected or len(steps) > self._rows:
            raise CheckpointError(
                f"The saved episode metrics are of {steps.shape[-1]} environments with rewards of "
                f"shape {reward.shape[2:]}, and this run has {self.num_envs} environments with "
                f"rewards of shape {self.reward_shape}; start with --fresh or restore num_envs."
            )
        self._start()
        self._transitions, self._episodes = int(state["transitions"]), int(state["episodes"])
        self._count = count = len(steps)
        self._steps[:count], self._reward[:count] = steps, reward
        carry = self._carry
        carry.length[:], carry.decay[:] = state["length"], state["decay"]
        carry.reward[:] = state["sums"]
        for name, saved in state["info"].items():
            rows = np.asarray(saved["rows"])
            self._info[name] = np.full((self._rows, *rows.shape[1:]), np.nan)
            self._info[name][:count] = rows
            for part, sums in self._info_carries(carry):
                if part in saved:
                    sums[name] = np.array(saved[part])
        for name, values in state["recent"].items():
            self._recent[name] = deque(np.asarray(values).tolist(), self.buffer_size)

    @staticmethod
    def _info_carries(carry: _Carry) -> Iterator[tuple[str, dict[str, Floats]]]:
        return iter((("total", carry.total), ("given", carry.given), ("most", carry.most)))


class _Recent:
    """Appends the values of finished episodes to the ring buffer of their name."""

    def __init__(self, buffers: dict[str, deque[float]], size: int) -> None:
        self._buffers, self._size = buffers, size

    def __call__(self, name: str, values: Array) -> None:
        if name not in self._buffers:
            self._buffers[name] = deque(maxlen=self._size)
        self._buffers[name].extend(values.tolist())


def _suffixes(shape: tuple[int, ...]) -> list[str]:
    """Tag suffixes of the entries of one value: none for a scalar, else `/0`, `/1` and so on."""
    return [""] if shape == () else [f"/{i}" for i in range(int(np.prod(shape)))]


def _mean(values: deque[float]) -> float:
    return float(np.mean(np.fromiter(values, dtype=np.float64, count=len(values))))
