"""Batches of environments in this process: natively vectorised, or a serial loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from alfgraph.components.envs.batch.env_cell import EnvCell
from alfgraph.components.envs.spaces.action_mapping import row_splitter
from alfgraph.components.envs.spaces.observation_arrays import (
    AnySpace,
    Array,
    ArrayTree,
    RowWriter,
    copier,
)
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.components.envs.state.env_state import Tier, choose_tier, restore, snapshot
from alfgraph.components.envs.state.packed_state import OpaqueError
from alfgraph.diagnostics.errors import RunError
from alfgraph.diagnostics.source import Source

BoolArray: TypeAlias = npt.NDArray[np.bool_]
BatchOutcome: TypeAlias = tuple[ArrayTree, Array, BoolArray, BoolArray, Any]
"""Observation, reward, terminated, truncated, infos: fresh arrays with one row per environment."""


def batched_info(infos: Any, key: str, num_envs: int) -> Array:
    """Picks one key of the infos of a Gymnasium vector environment as float32, 0 where absent."""
    if key not in infos:
        return np.zeros(num_envs, np.float32)
    return np.array(infos[key], np.float32)


def rows_of(states: Sequence[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Joins the states of the rows; None if a row has none."""
    found = {str(row): state for row, state in enumerate(states) if state is not None}
    return found if len(found) == len(states) else None


def worst(tiers: Iterable[Tier]) -> Tier:
    """Gives the tier that holds for a batch whose rows have these."""
    return max(tiers, key=lambda tier: tier.number)


class VectorForm(Protocol):
    """What a form of a batch does: NEXT_STEP autoreset, outcomes in fresh arrays.

    Attributes:
        name: "native", "serial" or "workers".
        single_observation_space: Observation space of one environment.
        single_action_space: Action space of one environment.
    """

    name: str
    single_observation_space: AnySpace
    single_action_space: AnySpace

    def reset(self, seed: int | None) -> tuple[ArrayTree, Any]:
        """Starts an episode everywhere: observation and infos."""

    def step(self, actions: Any) -> BatchOutcome:
        """Steps everywhere: observation, reward, terminated, truncated, infos."""

    def infos(self, raw: Any, key: str) -> Array:
        """Picks one declared key of the infos that `reset` or `step` gave, 0 where absent."""

    def tier(self) -> Tier:
        """Tells how the state is saved."""

    def capture(self) -> dict[str, Any] | None:
        """Saves the state exactly, or gives None where only rebuilding helps."""

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a state that `capture` gave."""

    def restart(self, seeds: list[int], first: list[bool]) -> dict[int, Any]:
        """Makes the environments anew; an episode starts at the next step, or at once.

        Args:
            seeds: One per row.
            first: Rows whose episode starts at once.

        Returns:
            The first observations of those rows.
        """

    def render(self) -> tuple[Any, ...]:
        """Renders every environment, or those that the form can."""

    def close(self) -> None:
        """Ends the environments and, where there are any, the workers."""


class NativeEnvs:
    """An environment that steps all rows at once, as registered by its authors."""

    name = "native"

    def __init__(self, recipe: EnvRecipe, num_envs: int) -> None:
        """Makes the vector environment."""
        self.recipe = recipe
        self.env = recipe.native(num_envs)
        self.single_observation_space: AnySpace = self.env.single_observation_space
        self.single_action_space: AnySpace = self.env.single_action_space
        self._num_envs = num_envs
        self._copy = copier(self.single_observation_space)
        self._pending: tuple[ArrayTree, Any] | None = None

    def reset(self, seed: int | None) -> tuple[ArrayTree, Any]:
        """Starts an episode everywhere; one generator, seeded with `seed`, serves all rows."""
        self._pending = None
        observation, infos = self.env.reset(seed=seed)
        return self._copy(observation), infos

    def step(self, actions: Any) -> BatchOutcome:
        """Steps all rows at once."""
        if self._pending is not None:
            return self._begin(*self._pending)
        try:
            observation, reward, terminated, truncated, infos = self.env.step(actions)
        except Exception as error:
            raise RunError(
                f"the native vector form of environment `{self.recipe.label}` failed: "
                f"{type(error).__name__}: {error}",
                code="E605",
            ) from error
        # Copies: nothing obliges a vector environment to hand out fresh arrays.
        return (
            self._copy(observation),
            np.array(reward, np.float32),
            np.array(terminated, np.bool_),
            np.array(truncated, np.bool_),
            infos,
        )

    def infos(self, raw: Any, key: str) -> Array:
        """Picks one key of the batched infos."""
        return batched_info(raw, key, self._num_envs)

    def tier(self) -> Tier:
        """Tells how the state is saved."""
        return choose_tier(self.env)

    def capture(self) -> dict[str, Any] | None:
        """Saves the state exactly, or gives None where only rebuilding helps."""
        try:
            return snapshot(self.env)
        except OpaqueError:
            return None

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a state that `capture` gave."""
        self._pending = None
        restore(self.env, state)

    def restart(self, seeds: list[int], first: list[bool]) -> dict[int, Any]:
        """Makes the environment anew; all rows start an episode at the next step."""
        self.env.close()
        self.env = self.recipe.native(self._num_envs)
        self._pending = self.reset(seeds[0])
        return {}

    def _begin(self, observation: ArrayTree, infos: Any) -> BatchOutcome:
        """Gives the first observations of a new environment as if all rows had reset themselves."""
        self._pending = None
        none = np.zeros(self._num_envs, np.bool_)
        reward = np.zeros((self._num_envs, *self.recipe.reward_shape), np.float32)
        return observation, reward, none, none.copy(), infos

    def render(self) -> tuple[Any, ...]:
        """Renders every environment."""
        return tuple(self.env.render() or ())

    def close(self) -> None:
        """Closes the vector environment."""
        self.env.close()


class SerialEnvs:
    """Environments stepped one after the other in this process."""

    name = "serial"

    def __init__(self, cells: list[EnvCell]) -> None:
        """Takes the environments.

        Args:
            cells: One per row.
        """
        self.cells = cells
        self.single_observation_space: AnySpace = cells[0].observation_space
        self.single_action_space: AnySpace = cells[0].action_space
        self._rows = row_splitter(self.single_action_space)
        self._writer = RowWriter(self.single_observation_space, len(cells))
        self._steps: list[Callable[[Any], Any]] = [cell.step for cell in cells]

    def reset(self, seed: int | None) -> tuple[ArrayTree, Any]:
        """Starts an episode everywhere; row i is seeded with `seed + i`."""
        observations = self._writer.empty()
        infos = []
        for index, cell in enumerate(self.cells):
            try:
                observation, info = cell.reset(seed=None if seed is None else seed + index)
                self._writer.write(observations, index, observation)
            except Exception as error:
                self._fail(index, error)
            infos.append(info)
        return observations, infos

    def step(self, actions: Any) -> BatchOutcome:
        """Steps row after row."""
        observations = self._writer.empty()
        write = self._writer.write
        rewards, terminations, truncations, infos = [], [], [], []
        index = 0
        try:
            for step, action in zip(self._steps, self._rows(actions), strict=True):
                observation, reward, terminated, truncated, info = step(action)
                write(observations, index, observation)
                rewards.append(reward)
                terminations.append(terminated)
                truncations.append(truncated)
                infos.append(info)
                index += 1
        except Exception as error:
            self._fail(index, error)
        return (
            observations,
            np.array(rewards, np.float32),
            np.array(terminations, np.bool_),
            np.array(truncations, np.bool_),
            infos,
        )

    def infos(self, raw: Any, key: str) -> Array:
        """Picks one key of the environments' infos."""
        present = [info.get(key) for info in raw]
        shape = next((np.shape(value) for value in present if value is not None), ())
        zero = np.zeros(shape, np.float32)
        return np.array([zero if value is None else value for value in present], np.float32)

    def tier(self) -> Tier:
        """Tells how the state is saved."""
        return worst(cell.tier for cell in self.cells)

    def capture(self) -> dict[str, Any] | None:
        """Saves the state exactly, or gives None where only rebuilding helps."""
        return rows_of([cell.capture() for cell in self.cells])

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a state that `capture` gave."""
        for cell in self.cells:
            cell.restore_row(state)

    def restart(self, seeds: list[int], first: list[bool]) -> dict[int, Any]:
        """Makes the environments anew, row by row."""
        observations = [cell.restart_row(seeds, first) for cell in self.cells]
        return {row: observations[row] for row, begins in enumerate(first) if begins}

    def render(self) -> tuple[Any, ...]:
        """Renders every environment."""
        return tuple(cell.render() for cell in self.cells)

    def close(self) -> None:
        """Closes every environment."""
        for cell in self.cells:
            cell.close()

    def _fail(self, index: int, error: Exception) -> NoReturn:
        raise RunError(
            f"environment {index} (`{self.cells[0].recipe.label}`) failed: "
            f"{type(error).__name__}: {error}",
            code="E605",
            source=Source.of_exception(error),
        ) from error
