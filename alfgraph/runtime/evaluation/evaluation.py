"""Evaluation: the `predict` slice on environments of its own; training never notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from alfgraph.diagnostics.errors import UsageError
from alfgraph.families.protocols import RunningEnvironment
from alfgraph.program.generators import own_generators
from alfgraph.program.program import Program
from alfgraph.specs.step_types import FIRST, LAST

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Episodes of the greedy policy.

    Attributes:
        returns: undiscounted return of each episode (summed over reward dimensions).
        lengths: transitions of each episode.
        parts: return of each episode by reward dimension; () for scalar rewards.
    """

    returns: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()
    parts: tuple[tuple[float, ...], ...] = ()

    @property
    def episodes(self) -> int:
        """How many there were."""
        return len(self.returns)

    @property
    def return_mean(self) -> float:
        """Mean return."""
        return float(np.mean(self.returns)) if self.returns else float("nan")

    @property
    def return_std(self) -> float:
        """Population standard deviation of the returns."""
        return float(np.std(self.returns)) if self.returns else float("nan")

    @property
    def part_means(self) -> tuple[float, ...]:
        """Mean return by reward dimension; () for scalar rewards."""
        return tuple(float(mean) for mean in np.mean(self.parts, axis=0)) if self.parts else ()

    @property
    def length_mean(self) -> float:
        """Mean length."""
        return float(np.mean(self.lengths)) if self.lengths else float("nan")


@dataclass(eq=False)
class FirstEpisodes:
    """Collects the first episodes of every environment, the same number in each.

    Counting the first ones of each, rather than the first to finish, keeps short episodes from
    being favoured.
    """

    num_envs: int
    per_env: int
    on_step: Callable[[RunningEnvironment], None] | None = None
    episodes: list[list[tuple[Floats, int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.returns = np.zeros((self.num_envs, 1))
        self.lengths = np.zeros(self.num_envs, np.int64)
        self.episodes = [[] for _ in range(self.num_envs)]

    def observe(self, env: RunningEnvironment) -> None:
        """Look at the current time step."""
        kinds = env.step_type_numpy
        reward = env.reward_numpy.reshape(self.num_envs, -1)
        first = kinds == FIRST
        # The first of all steps comes with zeros, so that the dimensions are known from then on.
        self.returns = np.where(first[:, None], 0.0, self.returns + reward)
        self.lengths[first] = 0
        self.lengths[~first] += 1
        for index in np.flatnonzero(kinds == LAST):
            if len(self.episodes[index]) < self.per_env:
                self.episodes[index].append((self.returns[index].copy(), int(self.lengths[index])))
        if self.on_step is not None:
            self.on_step(env)

    @property
    def is_done(self) -> bool:
        """Every environment has finished its share."""
        return all(len(found) >= self.per_env for found in self.episodes)

    def result(self, count: int) -> Evaluation:
        """The episodes, round by round, at most `count`."""
        found = [e[i] for i in range(self.per_env) for e in self.episodes if len(e) > i][:count]
        parts = [tuple(map(float, r)) for r, _ in found]
        return Evaluation(
            returns=tuple(sum(p) for p in parts),
            lengths=tuple(n for _, n in found),
            parts=tuple(parts) if self.returns.shape[1] > 1 else (),
        )


def evaluate(
    program: Program,
    *,
    episodes: int,
    num_environments: int,
    seed: int,
    on_step: Callable[[RunningEnvironment], None] | None = None,
    env_options: Mapping[str, object] | None = None,
) -> Evaluation:
    """Run greedy episodes.

    Args:
        program: whose parameters act; its generators, registers and environments stay untouched.
        episodes: how many.
        num_environments: at most how many at once.
        seed: of the environments; 13579 is added.
        on_step: called with the environments after each step.
        env_options: settings of the environment to change, such as a render mode.

    Raises:
        UsageError: the board has no `predict`.
    """
    part = program.plan.eval_environment
    if part is None:
        raise UsageError("this board has no `predict` phase, so it cannot be evaluated")
    count = max(1, min(num_environments, episodes))
    changed = part.model_copy(update=env_options) if env_options else part
    with own_generators(seed, program.device):
        env = changed.open(count, seed, True, program.device)
    observer = FirstEpisodes(count, -(-episodes // count), on_step)
    modules = [m for m in program.modules.values() if isinstance(m, torch.nn.Module)]
    training = [module.training for module in modules]
    try:
        for module in modules:
            module.eval()
        with own_generators(seed, program.device):
            namespace = program.namespace_for_evaluation({part.socket_path: env}, observer)
            namespace["start_predict"]()
            observer.observe(env)
            while not observer.is_done:
                namespace["predict"](1)
    finally:
        env.close()
        for module, mode in zip(modules, training, strict=True):
            module.train(mode)
    return observer.result(episodes)
