"""Session: one stretch of training, from a start or a checkpoint to an end or an interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from alfgraph.annealing import Progress
from alfgraph.board_file import describe
from alfgraph.errors import RunError, add_board_path
from alfgraph.monitor.episodes import EpisodeMetrics
from alfgraph.monitor.progress import progress
from alfgraph.monitor.writers import JsonLinesWriter, TensorBoardWriter, Writers
from alfgraph.plan import Plan
from alfgraph.program import Program
from alfgraph.runtime.checkpoint import checkpoint_interval, find_last, load_checkpoint
from alfgraph.runtime.checkpoint import rotate, save_checkpoint
from alfgraph.runtime.evaluation import Evaluation, evaluate
from alfgraph.runtime.run_directory import RunDirectory
from alfgraph.settings_table import settings_of


class EpisodeObserver:
    """What programs call `episodes`: counts steps and feeds the episode metrics."""

    def __init__(self, metrics: EpisodeMetrics, counters: dict[str, int], num_envs: int) -> None:
        self.metrics = metrics
        self.counters = counters
        self.num_envs = num_envs
        self.started = False

    def observe(self, env: Any) -> None:
        """Look at the current time step; every one but the very first is an env step."""
        if self.started:
            self.counters["env_steps"] += self.num_envs
        self.started = True
        info = env.env_info
        numbers = {k: v.cpu().numpy() for k, v in info.items()} if info else None
        self.metrics.observe(env.step_type_numpy, env.reward_numpy, numbers)


class Session:
    """Everything around the iterations of one run: directory, logs, checkpoints, evaluation."""

    def __init__(
        self,
        plan: Plan,
        *,
        run_dir: str | Path | None,
        device: str,
        fresh: bool,
        quiet: bool,
        on_summary: Callable[[dict[str, Any]], None] | None,
        save: bool,
    ) -> None:
        self.plan = plan
        self.trainer = plan.compiled.board.trainer
        self.device = device
        self.fresh = fresh
        self.directory = self._directory(run_dir) if save else None
        self.progress = progress(quiet or self.trainer.progress == "none")
        self.on_summary = on_summary
        self.seconds = {"train": 0.0, "evaluate": 0.0, "save": 0.0, "log": 0.0}
        self.started_at = 0
        self.last_return = math.nan
        self.best_return = math.nan
        self.was_finished = False
        self.saved_at = -1
        self.evaluated_at = -1
        self._summary_time = 0.0
        self._summary_steps = 0

    def _directory(self, run_dir: str | Path | None) -> RunDirectory:
        return RunDirectory.new(self.plan.name) if run_dir is None else RunDirectory(run_dir)

    @property
    def path(self) -> Path | None:
        """The run directory."""
        return self.directory.path if self.directory else None

    # ---------------------------------------------------------- begin and end

    def __enter__(self) -> Session:
        if self.directory is not None:
            self.directory.open()
        try:
            self._open()
        except BaseException:
            if self.directory is not None:
                self.directory.close()
            raise
        return self

    def _open(self) -> None:
        if self.fresh and self.directory is not None:
            self.directory.clear()
        found = find_last(self.directory.checkpoints) if self.directory is not None else None
        self.board = describe(self.plan.compiled.graph)
        state = None
        if found is not None and found.path is not None:
            state = load_checkpoint(found.path, board=self.board)
        self._build()
        if self.directory is not None:
            self.directory.begin(self.board, self.plan.code)
        self._open_writers()
        for damage in found.damaged if found is not None else ():
            self.progress.message(str(damage))
        if state is not None:
            self._resume(state)
        else:
            with self.program.generators():
                self.program.start()
            self._write_texts()
        limit = self.trainer.iteration_limit
        self.progress.start(self._plan_line(), limit, self.trainer.num_env_steps)
        self.was_finished = self.is_done
        self.started_at = self.program.counters["env_steps"]
        self._summary_time = time.perf_counter()
        self._summary_steps = self.started_at

    def _build(self) -> None:
        num_envs = self.plan.schedule.num_environments or 1
        compiled = self.plan.compiled
        self.metrics = EpisodeMetrics(num_envs, reward_shape(compiled.board))
        observer = EpisodeObserver(self.metrics, {}, num_envs)
        self.program = Program(
            self.plan, seed=self.trainer.random_seed, device=self.device, episodes=observer
        )
        observer.counters = self.program.counters
        self.observer = observer

    def _open_writers(self) -> None:
        hooks = [self.on_summary] if self.on_summary is not None else []
        writers: list[Any] = []
        if self.directory is not None:
            writers = [
                JsonLinesWriter(self.directory.metrics),
                TensorBoardWriter(self.directory.tensorboard),
            ]
        self.writers = Writers(writers, hooks)

    def _write_texts(self) -> None:
        self.writers.text("program", f"```python\n{self.plan.code}\n```", 0)
        self.writers.text("plan", f"```\n{self.plan.text()}\n```", 0)
        self.writers.text("settings", settings_markdown(self.plan.compiled.graph), 0)

    def _plan_line(self) -> str:
        where = f" · {self.path}" if self.path is not None else ""
        return f"{self.plan.name} · {self.plan.environment} · seed {self.trainer.random_seed}{where}"

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.progress.stop()
        self.writers.close()
        self.program.close()
        if self.directory is not None:
            self.directory.close()

    # --------------------------------------------------------------- the loop

    @property
    def iteration(self) -> int:
        """Finished iterations."""
        return self.program.counters["iteration"]

    @property
    def is_done(self) -> bool:
        """Whether the run has reached its end."""
        return self.fraction >= 1.0

    @property
    def fraction(self) -> float:
        """How much of the run is done, whichever limit is nearer."""
        limit, steps = self.trainer.iteration_limit, self.trainer.num_env_steps
        parts = [0.0]
        if limit is not None:
            parts.append(self.iteration / limit)
        if steps is not None:
            parts.append(self.program.counters["env_steps"] / steps)
        return max(parts)

    def iterate(self) -> None:
        """One training iteration, and what is due after it."""
        begun = time.perf_counter()
        at = Progress(self.iteration, self.program.counters["env_steps"], min(self.fraction, 1.0))
        try:
            with self.program.generators():
                self.program.iterate(at)
        except Exception as error:
            self._explain(error)
            raise
        self.seconds["train"] += time.perf_counter() - begun
        self.progress.tick(self.iteration, self.program.counters["env_steps"])
        if self._summary_is_due():
            self._summarize()
        if self.trainer.eval_interval and self.iteration % self.trainer.eval_interval == 0:
            self._evaluate()
        if self.directory is not None and self.iteration % self._save_interval() == 0:
            self._save()

    def _explain(self, error: Exception) -> None:
        """A failure keeps its type and traceback, and gains the place on the board."""
        if not isinstance(error, RunError):
            add_board_path(error, f"iteration {self.iteration} of {self.plan.name}")

    def _summary_is_due(self) -> bool:
        interval = self.trainer.summary_interval
        first = self.trainer.summarize_first_interval and self.iteration <= interval
        return first or self.iteration % interval == 0

    def _save_interval(self) -> int:
        total = self.plan.schedule.iterations
        return checkpoint_interval(total, self.trainer.num_checkpoints) if total else 1000

    def finish(self, interrupted: bool) -> None:
        """Evaluate at the end of the run, and save."""
        if self.was_finished:
            self.progress.message("this run is finished; --fresh starts it over")
            return
        if not interrupted and self.evaluated_at != self.iteration:
            self._evaluate()
        if self.directory is not None and (interrupted or self.saved_at != self.iteration):
            self._save()

    # ---------------------------------------------------------------- logging

    def _summarize(self, evaluation: Evaluation | None = None) -> None:
        begun = time.perf_counter()
        counters = self.program.counters
        values = {name: float(value) for name, value in self.program.log.items()}
        for path, optimizer in self.program.optimizers.items():
            values[f"{path}/grad_norm"] = float(optimizer.grad_norm)
            values[f"{path}/lr"] = float(optimizer.lr)
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise RunError(
                f"`{bad[0]}` is not finite at iteration {self.iteration}",
                code="E604",
                help="lower the learning rate, clip gradients, or look at the environment's rewards",
            )
        metrics = self.metrics.summary()
        elapsed = begun - self._summary_time
        rate = (counters["env_steps"] - self._summary_steps) / elapsed if elapsed > 0 else 0.0
        if evaluation is not None:
            metrics["eval/AverageReturn"] = evaluation.return_mean
            metrics["eval/AverageEpisodeLength"] = evaluation.length_mean
        self.writers.write(
            {
                "iteration": self.iteration,
                "env_steps": counters["env_steps"],
                "episodes": self.metrics.episodes,
                "metrics": metrics,
                "values": values,
                "wall": {"time/steps_per_second": rate}
                | {f"time/{name}": seconds for name, seconds in self.seconds.items()},
            }
        )
        self._show(metrics, values, rate)
        if elapsed > 1.0:
            self._summary_time, self._summary_steps = time.perf_counter(), counters["env_steps"]
        self.seconds["log"] += time.perf_counter() - begun

    def _show(self, metrics: dict[str, float], values: dict[str, float], rate: float) -> None:
        record: dict[str, float | str] = {
            "iteration": self.iteration,
            "env_steps": self.program.counters["env_steps"],
            "episodes": self.metrics.episodes,
            "steps_per_second": rate,
        }
        for name, key in (("AverageReturn", "return"), ("AverageEpisodeLength", "length")):
            if name in metrics:
                record[key] = metrics[name]
        losses = [value for name, value in values.items() if name.endswith("/loss")]
        if losses:
            record["loss"] = losses[0]
        record |= {f"time/{name}": seconds for name, seconds in self.seconds.items()}
        self.progress.update(record)

    def _evaluate(self) -> None:
        if not self.trainer.num_eval_episodes or self.program.board.section("predict") is None:
            return
        begun = time.perf_counter()
        result = evaluate(
            self.program,
            episodes=self.trainer.num_eval_episodes,
            num_environments=self.trainer.num_eval_environments,
            seed=self.trainer.random_seed,
        )
        self.evaluated_at = self.iteration
        self.last_return = result.return_mean
        self.best_return = max(result.return_mean, self.best_return) if math.isfinite(
            self.best_return
        ) else result.return_mean
        self.seconds["evaluate"] += time.perf_counter() - begun
        self._summarize(result)
        self.progress.message(
            f"evaluation at {self.program.counters['env_steps']:,} env steps: "
            f"{result.return_mean:.1f} ± {result.return_std:.1f} over {len(result.returns)} episodes"
        )

    # ------------------------------------------------------------ checkpoints

    def _save(self) -> None:
        if self.directory is None:
            return
        begun = time.perf_counter()
        self.writers.flush()
        state = {
            "program": self.program.state(),
            "metrics": self.metrics.state(),
            "session": {
                "last_return": self.last_return,
                "best_return": self.best_return,
                "evaluated_at": self.evaluated_at,
                "seconds": dict(self.seconds),
            },
        }
        score = self.last_return if self.evaluated_at == self.iteration else None
        if score is not None and not math.isfinite(score):
            score = None
        folder = self.directory.checkpoints
        save_checkpoint(folder, self.iteration, state, board=self.board, score=score)
        rotate(folder, keep=self.trainer.keep_checkpoints, keep_best=int(self.trainer.keep_best))
        self.saved_at = self.iteration
        self.seconds["save"] += time.perf_counter() - begun

    def _resume(self, state: dict[str, Any]) -> None:
        self.program.load_state(state["program"])
        self.metrics.load_state(state["metrics"])
        self.observer.started = True
        kept = state["session"]
        self.last_return, self.best_return = kept["last_return"], kept["best_return"]
        self.evaluated_at = int(kept["evaluated_at"])
        self.seconds.update(kept["seconds"])
        self.saved_at = self.iteration
        self.writers.cut_after(self.iteration)
        self.progress.message(
            f"resumed at iteration {self.iteration:,}, "
            f"{self.program.counters['env_steps']:,} env steps"
        )

    # ------------------------------------------------------------------ after

    @property
    def steps_per_second(self) -> float:
        """Env steps of this session per second of training."""
        steps = self.program.counters["env_steps"] - self.started_at
        return steps / self.seconds["train"] if self.seconds["train"] > 0 else 0.0

    def print_profile(self) -> None:
        """Print where the time went."""
        total = sum(self.seconds.values()) or 1.0
        for name, seconds in self.seconds.items():
            print(f"  {name:<10} {seconds:8.2f} s  {seconds / total:6.1%}")


def reward_shape(board: Any) -> tuple[int, ...]:
    """Shape of the environment's reward, without batch dims."""
    section = board.section("unroll")
    for node in section.trace.nodes if section is not None else ():
        value = node.outputs.get("step.reward")
        if value is not None and node.component.family == "environment":
            return tuple(int(d) for d in board.spec(value).sample)
    return ()


def settings_markdown(graph: Any) -> str:
    """The settings table for TensorBoard's text tab."""
    rows = [f"| {r.path} | {r.value} | {r.origin} |" for r in settings_of(graph)]
    return "\n".join(["| setting | value | origin |", "|---|---|---|", *rows])


def synchronize(device: str) -> None:
    """Wait for an accelerator, before looking at the clock."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
