"""Summaries: what a run says of itself now and then, to files, hooks and whoever is watching."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import torch

from alfgraph.boards.settings_table import settings_of
from alfgraph.compiler.idle_settings import without_effect
from alfgraph.compiler.lowering.tags import METRICS
from alfgraph.monitor.averaging import mean_of
from alfgraph.monitor.episodes import EpisodeMetrics
from alfgraph.monitor.memory import peak_megabytes
from alfgraph.monitor.progress import Progress, number
from alfgraph.monitor.writers import (
    Hook,
    JsonLinesWriter,
    Step,
    TensorBoardWriter,
    Writer,
    Writers,
)

if TYPE_CHECKING:
    from alfgraph.compiler.plan import Plan
    from alfgraph.program.program import Program
    from alfgraph.runtime.evaluation.evaluation import Evaluation
    from alfgraph.runtime.run_directory import RunDirectory

LEAST_WINDOW = 1.0
"""Seconds over which rates are taken at least: a summary an iteration would only show noise."""

_DIMENSIONS = 2
"""Returns of a vector reward that fit into the display."""

_SHOWN = {"AverageReturn": "return", "AverageEpisodeLength": "length"}


class Summaries:
    """Takes a program's numbers and hands them to writers, hooks and the progress display.

    Attributes:
        seconds: time so far by phase of the program, and for evaluation, saving and logging.
        has_hook: a function of the user's is called with every summary.
    """

    def __init__(
        self,
        program: Program,
        metrics: EpisodeMetrics,
        progress: Progress,
        directory: RunDirectory | None,
        on_summary: Hook | None,
        seconds: dict[str, float],
    ) -> None:
        """Open the files of a run.

        Args:
            program: whose numbers.
            metrics: of its episodes.
            progress: what a person watches.
            directory: where files go; None: nowhere.
            on_summary: a hook of the user's.
            seconds: where the session and the program add up their time.
        """
        self.program = program
        self.metrics = metrics
        self.progress = progress
        self.seconds = seconds
        self.has_hook = on_summary is not None
        modules = {p: m for p, m in program.modules.items() if isinstance(m, torch.nn.Module)}
        parameters = {path: list(module.parameters()) for path, module in modules.items()}
        self._parameters = {path: found for path, found in parameters.items() if found}
        hooks = [on_summary] if on_summary is not None else []
        files: list[Writer] = []
        if directory is not None:
            files = [JsonLinesWriter(directory.metrics), TensorBoardWriter(directory.tensorboard)]
        self.writers = Writers(files, hooks)
        self._window: tuple[float, int, int, dict[str, float]] = (0.0, 0, 0, {})

    def begin(self, at: int) -> None:
        """Go on behind an iteration; what was written past it is cut. -1: from nothing."""
        self.writers.cut_after(at)
        self._new_window()

    def describe(self, plan: Plan) -> None:
        """Write what runs as texts: the program, the plan, the settings."""
        self.writers.text("program", f"```python\n{plan.code}\n```", 0)
        self.writers.text("plan", f"```\n{plan.text()}\n```", 0)
        self.writers.text("settings", settings_markdown(plan), 0)

    def values(self) -> dict[str, float]:
        """Losses and what else the program logged, norms of gradients and parameters, rates."""
        logged = self.program.log.items()
        found = {name: mean_of(value) for name, value in logged if not name.startswith(METRICS)}
        for path, optimizer in self.program.optimizers.items():
            found[f"{path}/grad_norm"] = float(optimizer.grad_norm)
            found[f"{path}/lr"] = float(optimizer.lr)
        with torch.no_grad():
            for path, parameters in self._parameters.items():
                found[f"{path}/parameter_norm"] = norm_of(parameters)
        return found

    def own_metrics(self) -> dict[str, float]:
        """Metrics of one's own; NaN says that there is nothing to report yet."""
        logged = self.program.log.items()
        found = {n.removeprefix(METRICS): mean_of(v) for n, v in logged if n.startswith(METRICS)}
        return {name: value for name, value in found.items() if not math.isnan(value)}

    def write(self, values: dict[str, float], evaluation: Evaluation | None) -> None:
        """Write one summary and show it.

        Args:
            values: what `values` gave.
            evaluation: made at this iteration.
        """
        counters, metrics = self.program.counters, self.metrics.summary() | self.own_metrics()
        if evaluation is not None:
            metrics["eval/AverageReturn"] = evaluation.return_mean
            for dim, mean in enumerate(evaluation.part_means):
                metrics[f"eval/AverageReturn/{dim}"] = mean
            metrics["eval/StdReturn"] = evaluation.return_std
            metrics["eval/AverageEpisodeLength"] = evaluation.length_mean
        wall = self._wall()
        step: Step = {
            "iteration": counters["iteration"],
            "env_steps": counters["env_steps"],
            "episodes": self.metrics.episodes,
            "metrics": metrics,
            "values": values,
            "wall": wall,
        }
        self.writers.write(step)
        self.progress.update(_shown(step))
        if time.perf_counter() - self._window[0] > LEAST_WINDOW:
            self._new_window()

    def _new_window(self) -> None:
        counters = self.program.counters
        now = (time.perf_counter(), counters["env_steps"], counters["iteration"])
        self._window = (*now, dict(self.seconds))

    def _wall(self) -> dict[str, float]:
        """Steps per second, seconds per iteration by phase, memory."""
        since, env_steps, iteration, seconds = self._window
        counters = self.program.counters
        elapsed = max(time.perf_counter() - since, 1e-9)
        iterations = max(counters["iteration"] - iteration, 1)
        found = {"time/steps_per_second": (counters["env_steps"] - env_steps) / elapsed}
        for name, total in self.seconds.items():
            found[f"time/{name}"] = (total - seconds.get(name, 0.0)) / iterations
        found["memory/cpu"] = peak_megabytes()
        if self.program.device.startswith("cuda"):
            found["memory/gpu"] = torch.cuda.max_memory_allocated(self.program.device) / 2**20
        return found


def norm_of(parameters: list[torch.nn.Parameter]) -> float:
    """The joint length of parameters; in double precision, since squares of large ones overflow."""
    norms = [torch.linalg.vector_norm(p, dtype=torch.float64) for p in parameters]
    return float(torch.linalg.vector_norm(torch.stack(norms)))


def _shown(step: Step) -> dict[str, float | str]:
    """What a person watching sees of a summary."""
    record: dict[str, float | str] = {
        "iteration": step["iteration"],
        "env_steps": step["env_steps"],
        "episodes": step["episodes"],
        "steps_per_second": step["wall"]["time/steps_per_second"],
    }
    metrics, wall = step["metrics"], step["wall"]
    record |= {key: metrics[name] for name, key in _SHOWN.items() if name in metrics}
    parts = [v for name, v in metrics.items() if name.startswith("AverageReturn/")]
    if parts:  # a vector reward has one return per dimension
        record["return"] = " ".join(map(number, parts[:_DIMENSIONS]))
    losses = [value for name, value in step["values"].items() if name.endswith("/loss")]
    if losses:
        record["loss"] = losses[0]
    whole = {"time/steps_per_second", "time/iteration"}  # an iteration is the sum of its phases
    return record | {k: v for k, v in wall.items() if k.startswith("time/") and k not in whole}


def not_finite(values: dict[str, float]) -> str | None:
    """The first value that is infinite or not a number, by name."""
    return next((name for name, value in values.items() if not math.isfinite(value)), None)


def settings_markdown(plan: Plan) -> str:
    """The settings table for TensorBoard's text tab; what nothing on the board reads is marked."""
    rows = settings_of(plan.board)
    idle = without_effect(plan, rows)
    lines = ["| setting | value | origin | operative |", "|---|---|---|---|"]
    for row in rows:
        operative = "no" if row.path in idle else "yes"
        lines.append(f"| {row.path} | {_cell(row.value)} | {row.origin} | {operative} |")
    return "\n".join(lines)


def _cell(value: str) -> str:
    return value.replace("|", "\\|")


__all__ = ["Summaries", "not_finite", "settings_markdown"]
