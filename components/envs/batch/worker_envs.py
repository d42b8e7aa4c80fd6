"""A batch of environments in one process each; a dead, silent or failing one is named."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import signal
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode
from gymnasium.vector.async_vector_env import AsyncState

from alfgraph.components.envs.batch.env_cell import EnvCell
from alfgraph.components.envs.batch.vector_envs import BatchOutcome, batched_info, rows_of, worst
from alfgraph.components.envs.spaces.observation_arrays import AnySpace, Array, ArrayTree, copier
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.components.envs.state.env_state import Tier
from alfgraph.diagnostics.errors import RunError
from alfgraph.diagnostics.source import Source, is_user_code


class CellMaker:
    """Makes a cell inside a worker; picklable."""

    def __init__(self, recipe: EnvRecipe, index: int) -> None:
        """Takes what `EnvCell` wants."""
        self._recipe = recipe
        self._index = index
        self._parent = os.getpid()

    def __call__(self) -> EnvCell:
        """Makes the cell."""
        if os.getpid() != self._parent:
            # Ctrl-C and a scheduler's SIGTERM reach the whole process group; the main process saves
            # first, and needs us. We end when it closes its pipe, or by SIGKILL.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return EnvCell(self._recipe, self._index)


_OPEN: weakref.WeakSet[AsyncVectorEnv] = weakref.WeakSet()


@atexit.register
def _kill_all() -> None:
    """Pools nobody closed: multiprocessing would wait for workers that ignore its SIGTERM."""
    for pool in list(_OPEN):
        for process in pool.processes:
            if process.is_alive():
                process.kill()


class _Pool(AsyncVectorEnv):
    """Gymnasium's pool of workers, which says in its exception which worker failed and where."""

    def __init__(self, recipe: EnvRecipe, num_envs: int) -> None:
        self._recipe = recipe
        makers = [CellMaker(recipe, index) for index in range(num_envs)]
        # The cells reset themselves, so Gymnasium's workers must not.
        super().__init__(makers, copy=False, autoreset_mode=AutoresetMode.DISABLED)
        _OPEN.add(self)

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        """End the workers; those that do not answer are killed, since they ignore SIGTERM."""
        if self._state is not AsyncState.DEFAULT and not terminate:
            try:
                getattr(self, f"{self._state.value}_wait")(timeout)
            except Exception:  # whatever the last step comes to, the workers are to end
                terminate = True
        self._state = AsyncState.DEFAULT
        if terminate:
            for process in self.processes:
                process.kill()
        super().close_extras(timeout, terminate)

    def terminate(self) -> None:
        """Ends the workers at once, whatever they are doing."""
        self._state = AsyncState.DEFAULT
        self.close(terminate=True)

    def _raise_if_errors(self, successes: Iterable[bool]) -> None:
        failed = [index for index, success in enumerate(successes) if not success]
        if not failed:
            return
        index, kind, value, trace = self.error_queue.get()
        error = RunError(
            f"environment {index} (`{self._recipe.label}`) failed in its worker: "
            f"{kind.__name__}: {value}",
            code="E605",
            source=place_in(trace),
        )
        error.add_note(f"in the worker:\n{trace}")
        raise error


def place_in(trace: str) -> Source | None:
    """The innermost line of the user's in a traceback that arrives as text."""
    frames = re.findall(r'^  File "(.+?)", line (\d+)', trace, re.M)
    own = [(file, int(line)) for file, line in frames if is_user_code(file)]
    return Source(file=own[-1][0], line=own[-1][1]) if own else None


class WorkerEnvs:
    """Environments in one process each."""

    name = "workers"

    def __init__(self, recipe: EnvRecipe, num_envs: int, timeout: float | None = 300.0) -> None:
        """Starts the workers.

        Args:
            recipe: How to make the environments.
            num_envs: Number of workers.
            timeout: Seconds after which a silent worker counts as hung; None: never.
        """
        self.recipe = recipe
        self._num_envs = num_envs
        self._timeout = timeout
        self._pool = _Pool(recipe, num_envs)
        self.single_observation_space: AnySpace = self._pool.single_observation_space
        self.single_action_space: AnySpace = self._pool.single_action_space
        self._copy = copier(self.single_observation_space)

    def reset(self, seed: int | None) -> tuple[ArrayTree, Any]:
        """Starts an episode everywhere; row i is seeded with `seed + i`."""

        def reset() -> Any:
            self._pool.reset_async(seed=seed)
            return self._pool.reset_wait(timeout=self._timeout)

        observation, infos = self._guarded(reset)
        return self._copy(observation), infos

    def step(self, actions: Any) -> BatchOutcome:
        """Steps all workers and waits for the last."""

        def step() -> Any:
            self._pool.step_async(actions)
            return self._pool.step_wait(timeout=self._timeout)

        observation, reward, terminated, truncated, infos = self._guarded(step)
        return (
            self._copy(observation),
            np.array(reward, np.float32),
            terminated,
            truncated,
            infos,
        )

    def call(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        """Calls a method of every cell with the same arguments; one result per row."""
        results: tuple[Any, ...] = self._guarded(lambda: self._pool.call(name, *arguments))
        return results

    def infos(self, raw: Any, key: str) -> Array:
        """Picks one key of the batched infos."""
        return batched_info(raw, key, self._num_envs)

    def tier(self) -> Tier:
        """Tells how the state is saved."""
        return worst(self.call("tier"))

    def capture(self) -> dict[str, Any] | None:
        """Saves the state exactly, or gives None where only rebuilding helps."""
        return rows_of(self.call("capture"))

    def restore(self, state: dict[str, Any]) -> None:
        """Goes to a state that `capture` gave."""
        self.call("restore_row", state)

    def restart(self, seeds: list[int], first: list[bool]) -> dict[int, Any]:
        """Makes the environments anew, each in its worker."""
        observations = self.call("restart_row", seeds, first)
        return {row: observations[row] for row, begins in enumerate(first) if begins}

    def render(self) -> tuple[Any, ...]:
        """Renders every environment."""
        return self.call("render")

    def close(self) -> None:
        """Ends the workers."""
        if not self._pool.closed:
            self._pool.close(timeout=5.0)

    def _guarded(self, act: Callable[[], Any]) -> Any:
        """Names the environment behind a failure, and ends the other workers."""
        try:
            return act()
        except RunError:
            self._pool.terminate()
            raise
        except multiprocessing.TimeoutError as error:
            silent = self._silent()
            self._pool.terminate()
            raise RunError(
                f"environment {silent} (`{self.recipe.label}`) gave no answer for {self._timeout} "
                "seconds",
                code="E605",
                help="is it waiting for something? `timeout` sets how long to wait",
            ) from error
        except (EOFError, ConnectionError) as error:
            dead = self._dead()
            self._pool.terminate()
            raise RunError(
                f"the worker of environment {dead} (`{self.recipe.label}`) died",
                code="E605",
                help='vectorization="serial" shows why',
            ) from error

    def _silent(self) -> int:
        """Finds the first worker that has sent nothing."""
        pipes = enumerate(self._pool.parent_pipes)
        return next((index for index, pipe in pipes if not pipe.poll(0)), 0)

    def _dead(self) -> int:
        """Finds the first worker whose process has ended."""
        for process in self._pool.processes:
            process.join(0.05)
        processes = enumerate(self._pool.processes)
        return next((index for index, process in processes if not process.is_alive()), 0)
