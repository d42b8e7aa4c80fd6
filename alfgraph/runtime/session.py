"""Session: one stretch of training, from a start or a checkpoint to an end or an interruption."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from alfgraph.monitor.progress import Progress
from alfgraph.program.program import Program
from alfgraph.runtime.agenda import Agenda
from alfgraph.runtime.checkpoints.archive import NOTHING, Archive
from alfgraph.runtime.checkpoints.state_encoding import State
from alfgraph.runtime.evaluation.evaluation import Evaluation, evaluate
from alfgraph.runtime.evaluation.scores import Scores
from alfgraph.runtime.failures import Failures
from alfgraph.runtime.summaries import Summaries, not_finite

if TYPE_CHECKING:
    from alfgraph.runtime.profiling import Profile

REBUILT = 3
"""The tier of environments whose state cannot be saved."""


class Session:
    """The iterations of one run and what is due after them; `open_session` makes one.

    Details:
        - A checkpoint is saved at the iterations the agenda names, at the end, and when the run is
          interrupted. The latter changes nothing about a run whose environments can be saved
          (tiers 1 and 2). Where they can only be rebuilt (tier 3), saving changes the run, so only
          the agenda's iterations and the end count: an interrupted run goes on from the last of
          them, and repeats what came after.
        - With `keep_best`, the policy of the best evaluation so far is saved besides, without what
          going on would need: that changes no run.
        - The score of either is the mean return of the evaluation made at its iteration; a
          checkpoint without an evaluation has none.

    Attributes:
        program: what runs.
        agenda: when what is due.
        scores: of its evaluations.
        was_finished: the run had reached its end before this session.
    """

    def __init__(
        self,
        program: Program,
        summaries: Summaries,
        archive: Archive | None,
        profile: Profile | None,
    ) -> None:
        """Take over what `open_session` made.

        Args:
            program: what runs, at its start or where it was saved.
            summaries: where its numbers go.
            archive: its checkpoints; None: nothing is saved.
            profile: measures where the time goes.
        """
        self.program, self.summaries = program, summaries
        self.archive, self.profile = archive, profile
        self.agenda = Agenda.of(program.plan)
        self.trainer = program.plan.trainer
        self.scores = Scores()
        self.failures = Failures(program, self.agenda, archive, summaries.progress)
        self.was_finished = False
        self._started_at, self._before = 0, dict(self.seconds)

    @property
    def run_dir(self) -> Path | None:
        """The run's directory."""
        return self.archive.directory.path if self.archive is not None else None

    @property
    def progress(self) -> Progress:
        """What a person watches."""
        return self.summaries.progress

    @property
    def seconds(self) -> dict[str, float]:
        """Time so far by phase of the program, and for evaluation, saving and logging."""
        return self.summaries.seconds

    # --------------------------------------------------------------- the loop

    def begin(self, state: State | None) -> None:
        """Go on from a state, or from the start; the program is there already."""
        if state is None:
            self.summaries.begin(at=NOTHING)
            self.summaries.describe(self.program.plan)
        else:
            self._load_state(state)
        self.was_finished = self.is_done
        self._started_at, self._before = self.program.counters["env_steps"], dict(self.seconds)

    @property
    def iteration(self) -> int:
        """Finished iterations."""
        return self.program.counters["iteration"]

    @property
    def is_done(self) -> bool:
        """Whether the run has reached its end."""
        return self.agenda.is_done(self.iteration, self.program.counters["env_steps"])

    def iterate(self) -> None:
        """One training iteration, and what is due after it."""
        counters, agenda = self.program.counters, self.agenda
        with self._timed("iteration"):
            try:
                self.program.iterate(agenda.progress(counters["iteration"], counters["env_steps"]))
            except Exception as error:
                self.failures.explain(error)
        iteration, done = counters["iteration"], self.is_done
        self.progress.tick(iteration, counters["env_steps"])
        evaluation = None
        if agenda.evaluates_at(iteration) or (done and agenda.evaluates):
            evaluation = self.evaluate()
        if evaluation is not None or agenda.summarizes_at(iteration):
            self._summarize(evaluation)
        is_best = evaluation is not None and self.scores.note(evaluation, iteration)
        if agenda.saves_at(iteration) or done:
            self._save()
        if is_best and self.trainer.keep_best:
            self._save_policy()

    def finish(self, interrupted: bool) -> None:
        """Save what an interruption would lose, and wait until it is on disk."""
        archive = self.archive
        if self.was_finished:
            self.progress.message("this run is finished; --fresh starts it over")
        elif interrupted and archive is not None and archive.saved_at != self.iteration:
            if self.program.tier < REBUILT:
                self._save()
            else:
                self.progress.message(
                    f"interrupted; these environments can only be saved at planned checkpoints, so "
                    f"the run will go on from iteration {max(archive.saved_at, 0):,}"
                )
        if archive is not None:
            archive.wait()

    @contextlib.contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        """Add to the seconds of something that is not a phase; a failure has no time."""
        begun = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - begun

    @property
    def steps_per_second(self) -> float:
        """Env steps of this session per second of training."""
        steps = self.program.counters["env_steps"] - self._started_at
        seconds = self.seconds["iteration"] - self._before["iteration"]
        return steps / seconds if seconds > 0 else 0.0

    def seconds_spent(self) -> dict[str, float]:
        """The seconds of this session alone."""
        return {name: seconds - self._before[name] for name, seconds in self.seconds.items()}

    # ---------------------------------------------------- what is due after one

    def _summarize(self, evaluation: Evaluation | None) -> None:
        with self._timed("log"):
            values = self.summaries.values()
            self._refuse_not_finite(values)
            with self.program.outside() if self.summaries.has_hook else contextlib.nullcontext():
                self.summaries.write(values, evaluation)  # a hook may draw random numbers

    def _refuse_not_finite(self, values: dict[str, float]) -> None:
        """A run whose numbers are not finite ends here; nothing of it is saved."""
        bad = not_finite(values)
        if bad is not None:
            raise self.failures.not_finite(bad, self.iteration)

    def evaluate(self) -> Evaluation:
        """Evaluate the policy as it is, as the trainer says."""
        with self._timed("evaluate"):
            if self.archive is not None:
                self.archive.wait()  # environments may start workers, and forking threads is a risk
            result = evaluate(
                self.program,
                episodes=self.trainer.num_eval_episodes,
                num_environments=self.trainer.num_eval_environments,
                seed=self.trainer.random_seed,
            )
        self.progress.message(
            f"evaluation at {self.program.counters['env_steps']:,} env steps: "
            f"{result.return_mean:.1f} ± {result.return_std:.1f} over {result.episodes} episodes"
        )
        return result

    def _save_policy(self) -> None:
        if self.archive is None:
            return
        with self._timed("save"):
            parameters, score = self.program.parameters(), self.scores.last_return
            self.archive.save_policy(self.iteration, parameters, score)

    def _save(self) -> None:
        if self.archive is None:
            self.program.rebuild_environments()  # saving or not must make no difference
            return
        with self._timed("save"):
            self._refuse_not_finite(self.summaries.values())
            iteration = self.iteration
            score, logs = self.scores.at(iteration), self.summaries.writers
            self.archive.save(iteration, self._save_point(), score, logs)

    def _save_point(self) -> State:
        """Everything, to be continued; what depends on the clock is under `seconds`."""
        return {
            "program": self.program.save_point(),
            "metrics": self.summaries.metrics.state(),
            "session": {**self.scores.state(), "seconds": dict(self.seconds)},
        }

    def _load_state(self, state: State) -> None:
        """Go on from a state; the program has taken over its own part."""
        self.summaries.metrics.load_state(state["metrics"])
        kept = state["session"]
        self.scores.load_state(kept)
        self.seconds.update({k: v for k, v in kept["seconds"].items() if k in self.seconds})
        if self.archive is not None:
            self.archive.saved_at = self.iteration
        self.summaries.begin(at=self.iteration)
        self.progress.message(
            f"resumed at iteration {self.iteration:,}, "
            f"{self.program.counters['env_steps']:,} env steps"
        )
