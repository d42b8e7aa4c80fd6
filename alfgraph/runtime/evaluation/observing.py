"""EpisodeObserver: what programs call `episodes`."""

from __future__ import annotations

from alfgraph.families.protocols import NamesInfo, ReportsInfo, RunningEnvironment
from alfgraph.monitor.episodes import EpisodeMetrics


class EpisodeObserver:
    """Feeds the episode metrics with every time step."""

    def __init__(self, metrics: EpisodeMetrics) -> None:
        """Start before the first time step.

        Args:
            metrics: what to feed.
        """
        self.metrics = metrics
        self._seen: RunningEnvironment | None = None
        self._names: NamesInfo | None = None
        self._reports: ReportsInfo | None = None

    def observe(self, env: RunningEnvironment) -> None:
        """Look at the current time step."""
        if env is not self._seen:  # asking what it can takes longer than looking
            self._seen = env
            self._names = env if isinstance(env, NamesInfo) else None
            self._reports = env if isinstance(env, ReportsInfo) else None
        info = self._names.episode_info if self._names is not None else None
        if not info and self._reports is not None:
            info = self._reports.env_info
        numbers = {k: v.cpu().numpy() for k, v in info.items()} if info else None
        self.metrics.observe(env.step_type_numpy, env.reward_numpy, numbers)
