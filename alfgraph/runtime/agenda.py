"""Agenda: when a run ends, and what is due at which iteration; pure functions of counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alfgraph.families.annealing import Progress

if TYPE_CHECKING:
    from alfgraph.compiler.plan import Plan


@dataclass(frozen=True)
class Agenda:
    """What happens when.

    Attributes:
        iterations: iterations after which the run ends; None: it ends by env steps.
        env_steps: env steps after which it ends; with both, the first reached ends it.
        save_interval: iterations between two checkpoints.
        summary_interval: iterations between two summaries.
        summarize_first: whether every iteration of the first interval is summarized.
        eval_interval: iterations between two evaluations; None: only at the end.
        evaluates: whether the board can be evaluated, and is to be.
    """

    iterations: int | None
    env_steps: int | None
    save_interval: int
    summary_interval: int
    summarize_first: bool
    eval_interval: int | None
    evaluates: bool

    @classmethod
    def of(cls, plan: Plan) -> Agenda:
        """The agenda of a planned board."""
        trainer = plan.trainer
        return cls(
            iterations=trainer.iteration_limit,
            env_steps=trainer.num_env_steps,
            save_interval=plan.schedule.checkpoint_interval,
            summary_interval=trainer.summary_interval,
            summarize_first=trainer.summarize_first_interval,
            eval_interval=trainer.eval_interval,
            evaluates=trainer.num_eval_episodes > 0 and plan.eval_environment is not None,
        )

    def fraction(self, iteration: int, env_steps: int) -> float:
        """How much of the run is done, whichever limit is nearer."""
        by_iterations = iteration / self.iterations if self.iterations is not None else 0.0
        by_steps = env_steps / self.env_steps if self.env_steps is not None else 0.0
        return min(1.0, max(by_iterations, by_steps))

    def is_done(self, iteration: int, env_steps: int) -> bool:
        """Whether the run has reached its end."""
        return (self.iterations is not None and iteration >= self.iterations) or (
            self.env_steps is not None and env_steps >= self.env_steps
        )

    def progress(self, iteration: int, env_steps: int) -> Progress:
        """What settings that anneal take their value from."""
        return Progress(iteration, env_steps, self.fraction(iteration, env_steps))

    def saves_at(self, iteration: int) -> bool:
        """Whether a checkpoint is due after an iteration, its end aside."""
        return iteration % self.save_interval == 0

    def summarizes_at(self, iteration: int) -> bool:
        """Whether a summary is due after an iteration."""
        first = self.summarize_first and iteration <= self.summary_interval
        return first or iteration % self.summary_interval == 0

    def evaluates_at(self, iteration: int) -> bool:
        """Whether an evaluation is due after an iteration, its end aside."""
        interval = self.eval_interval
        return self.evaluates and interval is not None and iteration % interval == 0
