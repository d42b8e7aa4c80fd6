"""One environment of a batch, which resets itself on the step after its last one."""

from __future__ import annotations

from typing import Any, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt

from alfgraph.components.envs.spaces.recipe import AnyEnv, EnvRecipe
from alfgraph.components.envs.state.env_state import (
    REBUILT,
    REPLAYED,
    Recording,
    Tier,
    choose_tier,
    restore,
    same,
    snapshot,
    unwrapped,
)
from alfgraph.components.envs.state.packed_state import OpaqueError

Outcome: TypeAlias = tuple[Any, Any, bool, bool, dict[str, Any]]


class EnvCell(gymnasium.Wrapper[Any, Any, Any, Any]):
    """One environment with NEXT_STEP autoreset, the same in a serial loop and in a worker.

    Gymnasium's own vector environments keep the "reset next" flag outside the environment, in a
    worker even as a local variable; here it belongs to the cell, so that it can be checkpointed.

    Attributes:
        index: Number of the environment in its batch.
        tier: How the state is saved exactly.
        ended: True where the last step ended an episode, so that the next one resets.
    """

    def __init__(self, recipe: EnvRecipe, index: int) -> None:
        """Makes the environment.

        Args:
            recipe: How to make it.
            index: Number of the environment in its batch.
        """
        super().__init__(recipe.single())
        self.recipe = recipe
        self.index = index
        self.ended = False
        self.tier = choose_tier(self.env)
        self._recording = Recording() if self.tier.number == REPLAYED else None
        self._outcome: tuple[Any, ...] = ()
        self._next_seed: int | None = None
        self._info_keys = recipe.info_fields
        self._no_reward: npt.NDArray[np.float32] | float = (
            np.zeros(recipe.reward_shape, np.float32) if recipe.reward_shape else 0.0
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode, after seeding the environment where a seed is given."""
        self.ended = False
        seed, self._next_seed = self._next_seed if seed is None else seed, None
        if self._recording is not None:
            self._recording.begin(self.env, seed)
        observation, info = self.env.reset(seed=seed, options=options)
        self._outcome = (observation, None, None, None)
        return observation, self._declared(info)

    def step(self, action: Any) -> Outcome:
        """Steps the environment; after a last step, resets it and ignores the action."""
        if self.ended:
            observation, info = self.reset()
            return observation, self._no_reward, False, False, info
        observation, reward, terminated, truncated, info = self.env.step(action)
        self.ended = bool(terminated or truncated)
        if self._recording is not None:
            self._recording.add(action)
            self._outcome = (observation, reward, terminated, truncated)
        return observation, reward, terminated, truncated, self._declared(info)

    def _declared(self, info: dict[str, Any]) -> dict[str, Any]:
        """Keeps the declared keys, which is cheap where there are none."""
        if not self._info_keys:
            return {}
        return {key: info[key] for key in self._info_keys if key in info}

    def capture(self) -> dict[str, Any] | None:
        """Saves the state exactly, or gives None where only rebuilding helps."""
        try:
            if self._recording is None:
                return {"ended": int(self.ended), **snapshot(self.env)}
            state = self._recording.state(self.env)
        except OpaqueError as error:
            self.tier = Tier(REBUILT, str(error))
            return None
        if not self._recording.verified and not self._replays(state):
            self.tier = Tier(REBUILT, "replaying its actions does not reproduce it")
            return None
        self._recording.verified = True
        return {"ended": int(self.ended), **state}

    def _replays(self, state: dict[str, Any]) -> bool:
        """Tells whether replaying in a new environment ends where this one stands, to the bit."""
        fresh = self.recipe.single()
        try:
            outcome = Recording().load_state(fresh, state)
            generators = [vars(unwrapped(env)).get("_np_random") for env in (fresh, self.env)]
        finally:
            fresh.close()
        return same(outcome, self._outcome) and same(*generators)

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a state that `capture` gave."""
        self.ended = bool(state["ended"])
        if self._recording is None:
            restore(self.env, state)
            return
        self._rebuild()
        self._outcome = self._recording.load_state(self.env, state)
        self._recording.verified = True

    def restore_row(self, rows: dict[str, Any]) -> None:
        """Goes to this row's state of a batch: a worker is sent all of them."""
        self.restore(rows[str(self.index)])

    def restart(self, seed: int, first: bool) -> Any:
        """Replaces the environment by a newly made one.

        Args:
            seed: Its seed.
            first: Start an episode at once; otherwise the next step does.

        Returns:
            The first observation of an episode started at once, else None.
        """
        self._rebuild()
        if first:
            return self.reset(seed=seed)[0]
        self.ended = True
        self._next_seed = seed
        return None

    def restart_row(self, seeds: list[int], first: list[bool]) -> Any:
        """Restarts this row of a batch: a worker is sent all seeds."""
        return self.restart(seeds[self.index], first[self.index])

    def _rebuild(self) -> None:
        old: AnyEnv = self.env
        self.env = self.recipe.single()
        old.close()
