"""EpisodeObserver: what programs call `episodes`."""

from __future__ import annotations

from typing import Any

from alfgraph.monitor.episodes import EpisodeMetrics


class EpisodeObserver:
    """Feeds the episode metrics with every time step."""

    def __init__(self, metrics: EpisodeMetrics) -> None:
        """Start before the first time step.

        Args:
            metrics: what to feed.
        """
        self.metrics = metrics

    def observe(self, env: Any) -> None:
        """Look at the current time step."""
        info = getattr(env, "episode_info", None) or env.env_info
        numbers = {k: v.cpu().numpy() for k, v in info.items()} if info else None
        self.metrics.observe(env.step_type_numpy, env.reward_numpy, numbers)
