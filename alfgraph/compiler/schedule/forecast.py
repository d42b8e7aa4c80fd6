"""Forecast: what a whole run will come to, before anything runs; exact, reset steps included."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alfgraph.families.trainer import Trainer

ENDLESS_INTERVAL = 1000
"""Iterations between checkpoints of a run that has no end to spread them over."""


@dataclass(frozen=True)
class Forecast:
    """A whole run in numbers; None where it has no end.

    Attributes:
        iterations: training iterations.
        env_steps: environment steps.
        updates: runs of phases that train (fewer if one stops its loop early).
        checkpoint_interval: iterations between two planned checkpoints.
        checkpoints: planned checkpoints, the one at the end included.
        evaluations: the one at the end included.
    """

    iterations: int | None
    env_steps: int | None
    updates: int | None
    checkpoint_interval: int
    checkpoints: int | None
    evaluations: int | None


@dataclass(frozen=True)
class Collection:
    """What an iteration collects.

    Attributes:
        unroll_length: transitions per environment and iteration; a fraction is carried over.
        environments: stepped at once.
        initial: env steps before the first update.
    """

    unroll_length: float
    environments: int
    initial: int = 0

    def env_steps(self, iterations: int) -> int:
        """Env steps of so many iterations."""
        return int(iterations * Fraction(str(self.unroll_length))) * self.environments

    def iterations(self, env_steps: int) -> int:
        """The first iteration after which so many env steps were made."""
        ticks = math.ceil(Fraction(env_steps, self.environments))
        return math.ceil(ticks / Fraction(str(self.unroll_length)))


def forecast(
    trainer: Trainer, collection: Collection, loops: Iterable[tuple[int, int]], evaluates: bool
) -> Forecast:
    """Count what a run will do.

    Args:
        trainer: its limits and intervals.
        collection: what an iteration collects.
        loops: runs per iteration of each phase that trains, and iterations between two.
        evaluates: whether the board can be evaluated.
    """
    total = _iterations(trainer, collection)
    if total is None:
        return Forecast(None, None, None, ENDLESS_INTERVAL, None, None)
    waiting = (
        min(total, max(0, collection.iterations(collection.initial) - 1))
        if (collection.initial and collection.environments)
        else 0
    )
    interval = checkpoint_interval(total, trainer.num_checkpoints)
    evaluations = math.ceil(total / trainer.eval_interval) if trainer.eval_interval else 1
    return Forecast(
        iterations=total,
        env_steps=collection.env_steps(total),
        updates=sum(runs * (total // every - waiting // every) for runs, every in loops),
        checkpoint_interval=interval,
        checkpoints=math.ceil(total / interval),
        evaluations=evaluations if evaluates and trainer.num_eval_episodes else 0,
    )


def _iterations(trainer: Trainer, collection: Collection) -> int | None:
    limits = [] if trainer.iteration_limit is None else [trainer.iteration_limit]
    if trainer.num_env_steps is not None and collection.environments:
        limits.append(collection.iterations(trainer.num_env_steps))
    return min(limits, default=None)


def checkpoint_interval(total: int, num_checkpoints: int) -> int:
    """Iterations between checkpoints spread evenly over a run: ceil(total / number).

    Source: ALF `policy_trainer.py`.
    """
    return max(1, math.ceil(total / max(1, num_checkpoints)))
