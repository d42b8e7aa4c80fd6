"""Affine maps to the bounds of an action."""

import math

import pytest
import torch

from alfgraph.distributions import Beta, SquashedNormal
from alfgraph.distributions.intervals import Bound, Interval

LOW, HIGH = [-1.0, 0.1, -3.0], [2.0, 0.7, -1.0]


def test_bounds_must_be_finite_and_ordered() -> None:
    with pytest.raises(ValueError, match=r"finite bounds.*Normal head"):
        SquashedNormal(torch.zeros(2), torch.ones(2), -math.inf, 1.0)
    with pytest.raises(ValueError, match="low must lie below high"):
        Beta(torch.ones(2), torch.ones(2), [0.0, 1.0], [1.0, 1.0])


def test_an_interval_maps_there_and_back() -> None:
    bounds: list[tuple[Bound, Bound]] = [(-1.0, 1.0), (-2.0, 2.0), (0.1, 0.7), (LOW, HIGH)]
    for low, high in bounds:
        interval = Interval(low, high, origin=-1.0)
        unit = torch.linspace(-1, 1, 9).unsqueeze(-1).expand(9, 3)
        action = interval.from_unit(unit)
        torch.testing.assert_close(action[0], torch.tensor(low).expand(3))
        torch.testing.assert_close(action[-1], torch.tensor(high).expand(3))
        torch.testing.assert_close(interval.to_unit(action), unit)
