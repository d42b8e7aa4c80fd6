"""EpisodeObserver: what programs call `episodes`."""

from __future__ import annotations

from typing import Any

from alfgraph.monitor.episodes import EpisodeMetrics


class EpisodeObserver:
    """Counts environment steps and feeds the episode metrics.

    Attributes:
        counters: where `env_steps` is counted; the program's own, once it is built.
        started: whether the time step before the first env step was seen.
    """

    def __init__(self, metrics: EpisodeMetrics | None, num_envs: int) -> None:
        """Start before the first time step.

        Args:
            metrics: what to feed; None: only count.
            num_envs: environments stepped at once.
        """
        self.metrics = metrics
        self.num_envs = num_envs
        self.counters: dict[str, int] = {"env_steps": 0}
        self.started = False

    def observe(self, env: Any) -> None:
        """Look at the current time step; every one but the very first is an env step."""
        if self.started:
            self.counters["env_steps"] += self.num_envs
        self.started = True
        if self.metrics is not None:
            info = getattr(env, "episode_info", None) or env.env_info
            numbers = {k: v.cpu().numpy() for k, v in info.items()} if info else None
            self.metrics.observe(env.step_type_numpy, env.reward_numpy, numbers)
