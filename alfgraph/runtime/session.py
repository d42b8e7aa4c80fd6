"""Session: one stretch of training, from a start or a checkpoint to an end or an interruption."""

from __future__ import annotations

import contextlib
import math
import re
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypedDict

import torch

from alfgraph.boards.board_file import describe, difference
from alfgraph.boards.rebuilding import provenance
from alfgraph.compiler.plan import Plan
from alfgraph.diagnostics.diagnostic import Help, Retype
from alfgraph.diagnostics.errors import CheckpointError, RunError, add_board_path
from alfgraph.monitor.display import progress
from alfgraph.monitor.episodes import EpisodeMetrics
from alfgraph.program.program import Program
from alfgraph.runtime.agenda import Agenda
from alfgraph.runtime.checkpoints.checkpoint import (
    find_last,
    keep_best,
    rotate,
    save_checkpoint,
)
from alfgraph.runtime.checkpoints.saving import Saver
from alfgraph.runtime.evaluation.evaluation import Evaluation, evaluate
from alfgraph.runtime.evaluation.observing import EpisodeObserver
from alfgraph.runtime.faults import find_fault
from alfgraph.runtime.run_directory import RunDirectory
from alfgraph.runtime.summaries import Summaries, not_finite

REBUILT = 3
"""The tier of environments whose state cannot be saved."""


class RunOptions(TypedDict, total=False):
    """How a board is run; see `run`."""

    device: str | None
    fresh: bool
    quiet: bool
    on_summary: Callable[[dict[str, Any]], None] | None
    profile: bool
    save: bool
    board: int | None


class Session:
    """Everything around the iterations of one run: directory, logs, checkpoints, evaluation.

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
        last_return: mean return of the last evaluation.
        best_return: of the best.
        was_finished: the run had reached its end before this session.
    """

    program: Program
    summaries: Summaries
    board: dict[str, Any]

    def __init__(
        self,
        plan: Plan,
        run_dir: str | Path | None,
        options: RunOptions,
    ) -> None:
        """Prepare a stretch of training; entering it begins.

        Args:
            plan: of the board.
            run_dir: the run's directory; None: a new one below `runs/`.
            options: as for `run`.
        """
        self.plan = plan
        self.trainer = plan.compiled.board.trainer
        self.agenda = Agenda.of(plan)
        self.device = options.get("device") or self.trainer.device
        self.fresh = options.get("fresh", False)
        self.profile = options.get("profile", False)
        self.on_summary = options.get("on_summary")
        self.board_port = options.get("board")
        self.progress = progress(options.get("quiet", False) or self.trainer.progress == "none")
        self.last_return = math.nan
        self.best_return = math.nan
        self.was_finished = False
        self.evaluated_at = -1
        self.saved_at = -1
        self._started_at = 0
        self._before: dict[str, float] = {}
        self.saver = Saver()
        self._closing = contextlib.ExitStack()
        self._run_dir = run_dir
        self._keeps_files = options.get("save", True)
        self.directory: RunDirectory | None = None

    @property
    def path(self) -> Path | None:
        """The run directory."""
        return self.directory.path if self.directory else None

    # ---------------------------------------------------------- begin and end

    def __enter__(self) -> Session:
        with contextlib.ExitStack() as stack:
            if self._keeps_files:
                given = self._run_dir
                run = RunDirectory.new(self.plan.name) if given is None else RunDirectory(given)
                self.directory = stack.enter_context(run)
            self._open(stack)
            self._closing = stack.pop_all()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._closing.__exit__(kind, error, traceback)

    def _open(self, stack: contextlib.ExitStack) -> None:
        """Until the program runs nothing is written: a run that cannot start leaves no trace."""
        # Only what is saved must be describable; a notebook's lambda need not be.
        self.board = describe(self.plan.compiled.graph) if self.directory is not None else {}
        state, damages = self._find_state()
        program = self._build(stack)
        stack.enter_context(program.generators())
        if state is None:
            program.start()
        else:
            program.load_state(state["program"])
        if self.board_port is not None:
            self._show_board(stack, self.board_port)
        self._begin_directory(anew=state is None)
        self.summaries = Summaries(
            program, self.metrics, self.progress, self.directory, self.on_summary
        )
        stack.callback(self.summaries.writers.close)
        stack.callback(self.saver.close)
        stack.callback(self.progress.stop)
        limits = (self.agenda.iterations, self.agenda.env_steps)
        self.progress.start(self._plan_line(), *limits)
        for damage in damages:
            self.progress.message(str(damage))
        self._set_clocks()
        if state is not None:
            self._resume(state)
        else:
            self.summaries.begin(at=-1)
            self.summaries.describe(self.plan)
        self.was_finished = self.is_done
        self._started_at, self._before = program.counters["env_steps"], dict(self.seconds)

    def _find_state(self) -> tuple[dict[str, Any] | None, tuple[Any, ...]]:
        """What to resume from: the newest whole checkpoint, if it is of this board."""
        if self.directory is None or self.fresh:
            return None, ()
        found = find_last(self.directory.checkpoints)
        if found.checkpoint is None:
            if found.damaged:
                raise CheckpointError(
                    f"no checkpoint of {self.path} is whole: {found.damaged[0]}",
                    code="E603",
                    help="--fresh starts over; another --run-dir leaves this one as it is",
                )
            return None, ()
        refuse_other_board(found.checkpoint.board, self.board, self.directory.path)
        return found.checkpoint.state(), found.damaged

    def _build(self, stack: contextlib.ExitStack) -> Program:
        num_envs = self.plan.schedule.num_environments or 1
        self.metrics = EpisodeMetrics(num_envs, reward_shape(self.plan.compiled.board))
        self.observer = EpisodeObserver(self.metrics, num_envs)
        self.program = Program(
            self.plan, seed=self.trainer.random_seed, device=self.device, episodes=self.observer
        )
        self._provenance = provenance(self.plan.compiled.board.root)
        stack.callback(self.program.close)
        self.observer.counters = self.program.counters
        return self.program

    def _show_board(self, stack: contextlib.ExitStack, port: int) -> None:
        from alfgraph.live.live_board import LiveBoard  # a server, only where it is asked for

        history = self.directory.metrics if self.directory is not None else None
        board = LiveBoard(port, self.progress, self.program, self.metrics, history)
        self.progress = stack.enter_context(board)

    def _begin_directory(self, anew: bool) -> None:
        if self.directory is not None:
            if self.fresh:
                self.directory.clear()
            if anew:  # whatever was best in a run that never came to a checkpoint
                shutil.rmtree(self.directory.best, ignore_errors=True)
            self.directory.begin(self.board, self.plan.code)

    def _set_clocks(self) -> None:
        on_device = self.device.startswith("cuda")
        self.seconds = self.summaries.seconds
        wait = torch.cuda.synchronize if self.profile and on_device else None
        if self.profile:
            from alfgraph.runtime.profiling import Profile  # only where it is asked for

            self._profile = Profile(self.program, wait)
        self.program.time_phases(self.seconds, wait)
        self.seconds.update(iteration=0.0, evaluate=0.0, save=0.0, log=0.0)

    def _plan_line(self) -> str:
        where = f" · {self.path}" if self.path is not None else ""
        seed = self.trainer.random_seed
        return f"{self.plan.name} · {self.plan.environment} · seed {seed}{where}"

    # --------------------------------------------------------------- the loop

    @property
    def iteration(self) -> int:
        """Finished iterations."""
        return self.program.counters["iteration"]

    @property
    def is_done(self) -> bool:
        """Whether the run has reached its end."""
        counters = self.program.counters
        return self.agenda.is_done(counters["iteration"], counters["env_steps"])

    def iterate(self) -> None:
        """One training iteration, and what is due after it."""
        begun = time.perf_counter()
        counters = self.program.counters
        try:
            self.program.iterate(self.agenda.progress(counters["iteration"], counters["env_steps"]))
        except Exception as error:
            self._explain(error)
        self.seconds["iteration"] += time.perf_counter() - begun
        iteration = counters["iteration"]
        self.progress.tick(iteration, counters["env_steps"])
        agenda, done = self.agenda, self.is_done
        evaluation = None
        if agenda.evaluates_at(iteration) or (done and agenda.evaluates):
            evaluation = self._evaluate()
        if evaluation is not None or agenda.summarizes_at(iteration):
            self._summarize(evaluation)
        is_best = evaluation is not None and self._is_best(evaluation)
        if agenda.saves_at(iteration) or done:
            self._save()
        if is_best and self.trainer.keep_best:
            self._save_policy()

    def finish(self, interrupted: bool) -> None:
        """Save what an interruption would lose, and wait until it is on disk."""
        if self.was_finished:
            self.progress.message("this run is finished; --fresh starts it over")
        elif interrupted and self.directory is not None and self.saved_at != self.iteration:
            if self.program.tier < REBUILT:
                self._save()
            else:
                self.progress.message(
                    f"interrupted; these environments can only be saved at planned checkpoints, so "
                    f"the run will go on from iteration {max(self.saved_at, 0):,}"
                )
        self.saver.wait()

    def _explain(self, error: Exception) -> NoReturn:
        """A failure keeps its type and traceback, and gains the place in the run."""
        self.saver.close()
        last = find_last(self.directory.checkpoints) if self.directory is not None else None
        whole = last is not None and last.path is not None
        saved = f"checkpoint {last.iteration} is whole" if last and whole else "none was saved"
        place = f"in iteration {self.iteration + 1:,} of {self.plan.name}; {saved}"
        if not isinstance(error, RunError):
            if re.search(r"\bnan\b", str(error), re.IGNORECASE):  # torch refuses to sample from it
                raise self._fault(str(error), self.iteration + 1) from error
            add_board_path(error, place)
            raise error
        raise RunError(
            [d.model_copy(update={"notes": (*d.notes, place)}) for d in error.diagnostics]
        ) from error

    # ---------------------------------------------------------------- logging

    def _summarize(self, evaluation: Evaluation | None) -> None:
        begun = time.perf_counter()
        values = self.summaries.values()
        self._refuse_not_finite(values)
        if self.on_summary is None:
            self.summaries.write(values, evaluation)
        else:
            with self.program.outside():  # a hook may draw random numbers
                self.summaries.write(values, evaluation)
        self.seconds["log"] += time.perf_counter() - begun

    def _refuse_not_finite(self, values: dict[str, float]) -> None:
        """A run whose numbers are not finite ends here; nothing of it is saved."""
        bad = not_finite(values)
        if bad is not None:
            raise self._fault(bad, self.iteration)

    def _fault(self, seen: str, iteration: int) -> RunError:
        """Repeat the run from the last checkpoint to find out where `seen` began."""
        self.saver.wait()
        state, _ = self._find_state() if self.saved_at >= 0 else (None, ())
        self.progress.message(
            f"not finite at iteration {iteration:,}: {seen}; repeating from "
            f"{'the start' if state is None else 'the last checkpoint'} to find out why"
        )
        start = None if state is None else state["program"]
        with self.program.outside():
            return find_fault(self.plan, self.agenda, self.device, start, iteration, seen)

    def _evaluate(self) -> Evaluation:
        begun = time.perf_counter()
        self.saver.wait()  # environments may start workers, and forking threads is a risk
        result = evaluate(
            self.program,
            episodes=self.trainer.num_eval_episodes,
            num_environments=self.trainer.num_eval_environments,
            seed=self.trainer.random_seed,
        )
        self.evaluated_at = self.iteration
        self.last_return = result.return_mean
        self.seconds["evaluate"] += time.perf_counter() - begun
        self.progress.message(
            f"evaluation at {self.program.counters['env_steps']:,} env steps: "
            f"{result.return_mean:.1f} ± {result.return_std:.1f} over {result.episodes} episodes"
        )
        return result

    # ------------------------------------------------------------ checkpoints

    def _is_best(self, evaluation: Evaluation) -> bool:
        """Whether no evaluation before was as good; remembers the return if so."""
        found = evaluation.return_mean
        if not math.isfinite(found) or found <= self.best_return:  # NaN, at first, is no bound
            return False
        self.best_return = found
        return True

    def _save_policy(self) -> None:
        """Save what plays, apart from the checkpoints, in place of the best one before it."""
        if self.directory is None:
            return
        begun = time.perf_counter()
        iteration, score, folder = self.iteration, self.last_return, self.directory.best
        parameters = {"parameters": self.program.parameters()}
        state = {"program": parameters, "provenance": self._provenance}

        def write(state: Mapping[str, Any]) -> None:
            save_checkpoint(folder, iteration, state, board=self.board, score=score)
            keep_best(folder)

        self.saver.save(state, write)
        self.seconds["save"] += time.perf_counter() - begun

    def _save(self) -> None:
        begun = time.perf_counter()
        if self.directory is None:
            self.program.rebuild_environments()  # saving or not must make no difference
            return
        self._refuse_not_finite(self.summaries.values())
        iteration, folder = self.iteration, self.directory.checkpoints
        score = self.last_return if self.evaluated_at == iteration else None

        def write(state: Mapping[str, Any]) -> None:
            self.summaries.writers.flush()
            save_checkpoint(folder, iteration, state, board=self.board, score=score)
            rotate(folder, keep=self.trainer.keep_checkpoints)

        self.saver.save(self._state(), write)
        self.saved_at = iteration
        self.seconds["save"] += time.perf_counter() - begun

    def _state(self) -> dict[str, Any]:
        """Everything, to be continued; what depends on the clock is under `seconds`."""
        return {
            "program": self.program.state(),
            "metrics": self.metrics.state(),
            "session": {
                "last_return": self.last_return,
                "best_return": self.best_return,
                "evaluated_at": self.evaluated_at,
                "seconds": dict(self.seconds),
            },
            "provenance": self._provenance,
        }

    def _resume(self, state: dict[str, Any]) -> None:
        self.metrics.load_state(state["metrics"])
        self.observer.started = True
        kept = state["session"]
        self.last_return, self.best_return = kept["last_return"], kept["best_return"]
        self.evaluated_at = int(kept["evaluated_at"])
        known = {k: v for k, v in kept["seconds"].items() if k in self.seconds}
        self.seconds.update(known)
        self.saved_at = self.iteration
        self.summaries.begin(at=self.iteration)
        self.progress.message(
            f"resumed at iteration {self.iteration:,}, "
            f"{self.program.counters['env_steps']:,} env steps"
        )

    # ------------------------------------------------------------------ after

    @property
    def steps_per_second(self) -> float:
        """Env steps of this session per second of training."""
        steps = self.program.counters["env_steps"] - self._started_at
        seconds = self.seconds["iteration"] - self._before["iteration"]
        return steps / seconds if seconds > 0 else 0.0

    def print_profile(self) -> None:
        """Print where the time went."""
        spent = {name: seconds - self._before[name] for name, seconds in self.seconds.items()}
        print(self._profile.text(spent))


def refuse_other_board(saved: dict[str, Any], wanted: dict[str, Any], path: Path) -> None:
    """Say what differs between a run's board and this one, if that matters to training.

    Raises:
        CheckpointError: E601, something does.
    """
    lines = difference(saved, wanted, continuing=True)
    if lines:
        error = CheckpointError(
            f"the run in {path} is of another board, which this one cannot continue",
            code="E601",
            help=Help(
                text=f"`--run-dir {path}-2` keeps both; `--fresh` starts over there",
                retype=Retype(given=f"--run-dir {path}", instead=f"--run-dir {path}-2"),
            ),
        )
        notes = tuple(f"{line}" for line in lines)
        raise CheckpointError(error.diagnostics[0].model_copy(update={"notes": notes}))


def reward_shape(board: Any) -> tuple[int, ...]:
    """Shape of the environment's reward, without batch dims."""
    section = board.section("unroll")
    for node in section.trace.nodes if section is not None else ():
        value = node.outputs.get("step.reward")
        if value is not None and node.component.family == "environment":
            return tuple(int(d) for d in board.spec(value).sample)
    return ()
