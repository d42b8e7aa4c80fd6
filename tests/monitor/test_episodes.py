"""Episode metrics against ALF's golden numbers and against a loop over single environments."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from alfgraph.diagnostics.errors import CheckpointError
from alfgraph.monitor.episodes import EpisodeMetrics

FIRST, MID, LAST = 0, 1, 2
GOLDEN = [
    (FIRST, [0.0, 0.0]),
    (MID, [1.0, 2.0]),
    (LAST, [3.0, 4.0]),
    (FIRST, [0.0, 0.0]),
    (MID, [5.0, 6.0]),
    (LAST, [7.0, 8.0]),
]


def observe_golden(metrics: EpisodeMetrics, steps: int = 6, dims: int = 0) -> None:
    for kind, rewards in GOLDEN[:steps]:
        reward = np.array(rewards, dtype=np.float32)
        if dims:
            reward = np.repeat(reward[:, None], dims, axis=1)
        metrics.observe(np.full(2, kind, dtype=np.int32), reward)


def test_alf_golden_numbers() -> None:
    metrics = EpisodeMetrics(2, gamma=0.99)
    observe_golden(metrics)
    result = metrics.summary()
    assert result["AverageReturn"] == 9.0  # of 4, 6, 12, 14
    assert result["AverageEpisodeLength"] == 2.0
    assert result["AverageReward"] == 4.5
    assert result["NumberOfEpisodes"] == 4
    # Returns to go of the four episodes: (3.97, 3), (5.96, 4), (11.93, 7), (13.92, 8).
    assert result["AverageDiscountedReturn"] == pytest.approx(7.2225, abs=1e-12)
    assert result["EpisodicStartAverageDiscountedReturn"] == pytest.approx(8.945, abs=1e-12)


def test_alf_counters() -> None:
    metrics = EpisodeMetrics(2)
    observe_golden(metrics, 4)
    assert metrics.episodes == 2
    observe_golden(metrics := EpisodeMetrics(2), 5)
    assert metrics.transitions == 6
    assert metrics.summary()["EnvironmentSteps"] == 6


def test_vector_rewards_are_reported_per_dimension() -> None:
    metrics = EpisodeMetrics(2, (2,))
    observe_golden(metrics, dims=2)
    result = metrics.summary()
    assert (result["AverageReturn/0"], result["AverageReturn/1"]) == (9.0, 9.0)
    assert result["AverageDiscountedReturn/1"] == pytest.approx(7.2225)
    assert "AverageReturn" not in result


def test_env_info_is_summed_averaged_and_maximised_without_the_first_step() -> None:
    metrics = EpisodeMetrics(2)
    x = [[1e9, 1e9], [1.0, 2.0], [2.0, 3.0], [1e9, 1e9], [1.0, 3.0], [4.0, 4.0]]
    for (kind, rewards), value in zip(GOLDEN, x, strict=True):
        row = np.array(value)
        info = {"x": row, "x@step": row, "x@max": row, "deep": {"y": row > 2}, "name": "no number"}
        metrics.observe(np.full(2, kind, dtype=np.int32), np.array(rewards), info)
    result = metrics.summary()
    assert result["AverageEnvInfo[x]"] == 5.0  # of 3, 5, 5, 7
    assert result["AverageEnvInfo[x@step]"] == 2.5
    assert result["AverageEnvInfo[x@max]"] == 3.25  # of 2, 3, 4, 4
    assert result["AverageEnvInfo[deep/y]"] == 1.0  # of 0, 1, 1, 2
    assert not any("name" in tag for tag in result)


def test_nothing_is_reported_before_an_episode_has_finished() -> None:
    metrics = EpisodeMetrics(3)
    assert metrics.summary() == {"EnvironmentSteps": 0.0, "NumberOfEpisodes": 0.0}
    for kind in (FIRST, *[MID] * 150):
        row = np.full(3, kind, dtype=np.int32)
        metrics.observe(row, np.ones(3, dtype=np.float32), {"x": np.ones(3)})
    assert metrics.summary() == {"EnvironmentSteps": 450.0, "NumberOfEpisodes": 0.0}


def test_info_nobody_gave_is_absent() -> None:
    metrics = EpisodeMetrics(1)
    gaps = {"rare": np.array([np.nan])}
    for kind, info in ((FIRST, gaps), (MID, gaps), (LAST, gaps)):
        metrics.observe(np.array([kind]), np.ones(1), info)
    assert "AverageEnvInfo[rare]" not in metrics.summary()
    for kind, value in ((FIRST, 9.0), (MID, np.nan), (LAST, 4.0)):
        metrics.observe(np.array([kind]), np.ones(1), {"rare@step": np.array([value])})
    assert metrics.summary()["AverageEnvInfo[rare@step]"] == 4.0


def test_means_are_over_the_last_episodes() -> None:
    metrics = EpisodeMetrics(1)
    assert metrics.buffer_size == 10
    assert EpisodeMetrics(30).buffer_size == 30
    for episode in range(15):
        metrics.observe(np.array([FIRST]), np.zeros(1))
        metrics.observe(np.array([LAST]), np.array([float(episode)]))
    assert metrics.recent() == [float(i) for i in range(5, 15)]
    assert metrics.summary()["AverageReturn"] == 9.5


def test_an_environment_that_resets_at_once_is_counted_too() -> None:
    metrics = EpisodeMetrics(1)
    for kind, reward in ((FIRST, 0.0), (LAST, 1.0), (MID, 2.0), (LAST, 3.0), (LAST, 7.0)):
        metrics.observe(np.array([kind]), np.array([reward]))
    assert metrics.recent() == [1.0, 5.0, 7.0]
    assert metrics.recent("AverageEpisodeLength") == [1.0, 2.0, 1.0]


class Naive:
    """The definitions, one environment and one step at a time."""

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma
        self.rewards: list[float] = []
        self.info: list[float] = []
        self.done: list[dict[str, float]] = []

    def observe(self, kind: int, reward: float, info: float) -> bool:
        if kind == FIRST:
            self.rewards, self.info = [], []
            return False
        self.rewards.append(reward)
        self.info.append(info)
        if kind != LAST:
            return False
        togo, returns = 0.0, []
        for value in reversed(self.rewards):
            togo = value + self.gamma * togo
            returns.append(togo)
        self.done.append(
            {
                "AverageReturn": sum(self.rewards),
                "AverageEpisodeLength": len(self.rewards),
                "AverageDiscountedReturn": sum(returns) / len(returns),
                "EpisodicStartAverageDiscountedReturn": returns[-1],
                "AverageEnvInfo[x]": sum(self.info),
                "AverageEnvInfo[x@step]": sum(self.info) / len(self.info),
                "AverageEnvInfo[x@max]": max(self.info),
            }
        )
        return True


def episodes(envs: int, ticks: int, mean_length: float, seed: int) -> list[tuple[Any, Any, Any]]:
    """Random NEXT_STEP streams: FIRST after LAST, lengths around `mean_length`."""
    rng = np.random.default_rng(seed)
    kinds = np.zeros(envs, dtype=np.int32)
    rows = []
    for tick in range(ticks):
        end = rng.random(envs) < 1 / mean_length
        kinds = np.where((kinds == LAST) | (tick == 0), FIRST, np.where(end, LAST, MID))
        rewards = rng.standard_normal(envs).astype(np.float32)
        rows.append((kinds.astype(np.int32), rewards, rng.standard_normal(envs)))
    return rows


def observe_row(metrics: EpisodeMetrics, row: tuple[Any, Any, Any]) -> None:
    kind, reward, x = row
    metrics.observe(kind, reward, {"x": x, "x@step": x, "x@max": x})


@pytest.mark.parametrize("gamma", [0.9, 0.99, 1.0, 0.0])
@pytest.mark.parametrize("mean_length", [1.5, 10.0, 90.0])
def test_equals_a_naive_loop(gamma: float, mean_length: float) -> None:
    envs, rows = 5, episodes(5, 700, mean_length, seed=3)
    metrics = EpisodeMetrics(envs, gamma=gamma, buffer_size=10_000)
    naive, order = [Naive(gamma) for _ in range(envs)], []
    for row in rows:
        observe_row(metrics, row)
        for env, (loop, kind, reward, x) in enumerate(zip(naive, *row, strict=True)):
            if loop.observe(int(kind), float(reward), float(x)):
                order.append((env, len(loop.done) - 1))
    assert metrics.episodes == len(order) > 10
    assert metrics.transitions == sum(int((row[0] != FIRST).sum()) for row in rows)
    for name in naive[0].done[0]:
        expected = [naive[env].done[k][name] for env, k in order]
        np.testing.assert_allclose(metrics.recent(name), expected, rtol=1e-9, atol=1e-9)


def test_looking_changes_nothing() -> None:
    rows = episodes(4, 333, 12.0, seed=5)
    watched, alone = EpisodeMetrics(4), EpisodeMetrics(4)
    for row in rows:
        observe_row(watched, row)
        observe_row(alone, row)
        watched.summary()
        watched.state()
    assert watched.summary() == alone.summary()
    assert repr(watched.state()) == repr(alone.state())


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, 200])
def test_state_continues_exactly(cut: int) -> None:
    rows = episodes(3, 300, 20.0, seed=7)
    whole, before, after = EpisodeMetrics(3), EpisodeMetrics(3), EpisodeMetrics(3)
    for row in rows:
        observe_row(whole, row)
    for row in rows[:cut]:
        observe_row(before, row)
    after.load_state(before.state())
    for row in rows[cut:]:
        observe_row(after, row)
    assert after.summary() == whole.summary()
    assert repr(after.state()) == repr(whole.state())


def test_vector_state_continues_exactly() -> None:
    whole, before, after = (EpisodeMetrics(2, (2, 3)) for _ in range(3))
    rows = [
        (row[0], np.random.default_rng(i).random((2, 2, 3)))
        for i, row in enumerate(episodes(2, 90, 7.0, seed=1))
    ]
    for i, row in enumerate(rows):
        whole.observe(*row)
        (before if i < 70 else after).observe(*row)
        if i == 69:
            after.load_state(before.state())
    assert after.summary() == whole.summary()
    assert "AverageReturn/5" in whole.summary()


def test_a_state_of_other_environments_is_refused() -> None:
    saved = EpisodeMetrics(2)
    observe_golden(saved)
    with pytest.raises(CheckpointError, match="2 environments with rewards of shape"):
        EpisodeMetrics(3).load_state(saved.state())


def test_observing_is_cheap() -> None:
    """The bar is 8 µs for 30 environments; a loaded machine gets some room here."""
    metrics = EpisodeMetrics(30)
    kind, reward = np.ones(30, dtype=np.int32), np.ones(30, dtype=np.float32)
    best = float("inf")
    for _ in range(10):
        start = time.perf_counter()
        for _ in range(640):
            metrics.observe(kind, reward)
        best = min(best, (time.perf_counter() - start) / 640)
    assert best < 16e-6, f"{best * 1e6:.1f} µs"
