"""Running statistics: ALF's numbers, numpy's moments over all samples, and both arithmetics."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.components.transforms import running_statistics
from alfgraph.components.transforms.running_statistics import Averaging, RunningStatistics

ADAPTIVE = Averaging(mode="adaptive", speed=8.0)


@pytest.fixture(params=["numpy", "torch"], autouse=True)
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run every test with the arithmetic of CPUs and with that of accelerators."""
    if request.param == "torch":
        monkeypatch.setattr(running_statistics, "numpy_can_view", lambda *tensors: False)
    return str(request.param)


def test_alfs_adaptive_normalizer() -> None:
    """`ScalarAdaptiveNormalizer(speed=8)` fed 1, 2, 3, 4, updated before each."""
    statistics = RunningStatistics((), ADAPTIVE, epsilon=1e-10)
    found = []
    for number in (1.0, 2.0, 3.0, 4.0):
        statistics.observe(torch.tensor([number]))
        found.append(float(statistics(torch.tensor(number))))
    assert found == pytest.approx([0.0, 0.3536, 0.4767, 0.559], abs=5e-5)


def test_before_the_first_update_nothing_changes() -> None:
    assert RunningStatistics((2,), Averaging())(torch.tensor([3.0, -1.0])).tolist() == [3.0, -1.0]


def test_running_moments_by_hand() -> None:
    """1 and 3, then 5: mean 3, variance (4 + 0 + 4) / 3."""
    statistics = RunningStatistics((1,), Averaging())
    statistics.observe(torch.tensor([[1.0], [3.0]]))
    assert (float(statistics.mean), float(statistics.variance)) == (2.0, 1.0)
    statistics.observe(torch.tensor([[5.0]]))
    assert float(statistics.mean) == pytest.approx(3.0)
    assert float(statistics.variance) == pytest.approx(8 / 3)
    assert float(statistics.count) == 3.0
    assert statistics(torch.tensor([[5.0]])).item() == pytest.approx(2 / math.sqrt(8 / 3))


def test_exponential_weights_by_hand() -> None:
    """Rate 1/2 on 0 then 3: weights 1/4 and 1/2, normalized 1/3 and 2/3."""
    statistics = RunningStatistics((), Averaging(mode="exponential", rate=0.5))
    statistics.observe(torch.tensor([0.0]))
    statistics.observe(torch.tensor([3.0]))
    assert float(statistics.mean) == pytest.approx(2.0)
    assert float(statistics.variance) == pytest.approx(2.0)


def test_without_centering_only_the_scale_changes() -> None:
    statistics = RunningStatistics((), Averaging(), center=False)
    statistics.observe(torch.tensor([1.0, 3.0]))
    assert float(statistics(torch.tensor(4.0))) == pytest.approx(4.0)


def test_no_gradient_reaches_the_statistics_and_it_passes_through_what_they_scale() -> None:
    statistics = RunningStatistics((), Averaging())
    values = torch.tensor([0.0, 4.0], requires_grad=True)
    statistics.observe(values)
    statistics(values).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == pytest.approx([0.5, 0.5])
    assert not any(buffer.requires_grad for buffer in statistics.buffers())


Batches = st.lists(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=5), min_size=1, max_size=6
)


@given(Batches)
@settings(max_examples=30, deadline=None)
def test_running_moments_are_those_of_all_samples(batches: list[list[float]]) -> None:
    statistics = RunningStatistics((), Averaging())
    for batch in batches:
        statistics.observe(torch.tensor(batch))
    together = np.concatenate(batches)
    assert float(statistics.mean) == pytest.approx(together.mean(), abs=1e-4)
    assert float(statistics.variance) == pytest.approx(together.var(), abs=1e-2)


@given(Batches, st.floats(1.0, 16.0))
@settings(max_examples=30, deadline=None)
def test_adaptive_moments_are_alfs_averages(batches: list[list[float]], speed: float) -> None:
    """ALF averages x and x² separately; here the variance is averaged, which is the same."""
    statistics = RunningStatistics((), Averaging(mode="adaptive", speed=speed))
    mean = square = 0.0
    for step, batch in enumerate(batches):
        statistics.observe(torch.tensor(batch))
        rate = speed / (speed + step)
        mean += rate * (float(np.mean(batch)) - mean)
        square += rate * (float(np.mean(np.square(batch))) - square)
    assert float(statistics.mean) == pytest.approx(mean, abs=1e-3)
    assert float(statistics.variance) == pytest.approx(max(0.0, square - mean * mean), abs=0.1)


def test_a_state_dict_continues_exactly() -> None:
    first, second = (RunningStatistics((3,), Averaging()) for _ in range(2))
    first.observe(torch.randn(7, 3))
    second.load_state_dict(first.state_dict())
    more: Any = torch.randn(5, 3)
    first.observe(more)
    second.observe(more)
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), second.buffers(), strict=True))
