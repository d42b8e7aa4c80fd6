"""Quantiles of several critics: cautious estimates and their loss, by hand and by a loop."""

import pytest
import torch

from alfgraph.components import Ensemble, LeastQuantiles, QuantileCritic, QuantileLoss
from alfgraph.components import TruncatedQuantiles as Truncated
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import parse_spec

OBSERVATION, ACTION = parse_spec("float32[3]"), parse_spec("float32[2] in [-1, 1]")

# Three quantiles (rows) of two critics (columns); the second's mean is less.
QUANTILES = torch.tensor([[[1.0, 0.0], [2.0, 1.0], [3.0, 4.0]]])


def test_the_critic_with_the_least_mean_gives_all_quantiles() -> None:
    """Means 2 and 5/3, though the second has the largest quantile."""
    assert LeastQuantiles().forward(QUANTILES).tolist() == [[0.0, 1.0, 4.0]]


def test_the_mixture_loses_its_largest_quantiles() -> None:
    """0 1 1 2 3 4; one dropped for each of two critics."""
    assert Truncated(drop=1).forward(QUANTILES).tolist() == [[0.0, 1.0, 1.0, 2.0]]
    assert Truncated(drop=0).forward(QUANTILES).shape == (1, 6)
    assert Truncated(drop=2).derive(3, 2) == {"j": 2}


def test_a_quantile_critic_has_an_output_for_each() -> None:
    critic = QuantileCritic(hidden=(8,), num_quantiles=5)
    ensemble = Ensemble(member=critic, size=3)
    module = ensemble.build(OBSERVATION, ACTION)
    assert module(torch.randn(4, 7, 3), torch.rand(4, 7, 2)).shape == (4, 7, 5, 3)
    assert ensemble.derive(ACTION) == {"*e": (5, 3)}


def test_a_quantile_critic_refuses_choices() -> None:
    with pytest.raises(WiringError, match="QuantileCritic takes continuous actions"):
        QuantileCritic().build(OBSERVATION, parse_spec("int64[] in [0, 2)"))


def test_losses_of_an_ensemble_are_summed() -> None:
    torch.manual_seed(0)
    kind = torch.tensor([[0, 1, 2], [1, 1, 0]], dtype=torch.int32)
    reward, discount = torch.randn(2, 3), torch.ones(2, 3)
    quantiles, target = torch.randn(1, 3, 4, 2), torch.randn(1, 3, 5)
    loss, mean, distance = QuantileLoss().forward(kind, reward, discount, quantiles, target)
    alone = [
        QuantileLoss().forward(kind, reward, discount, quantiles[..., e], target) for e in range(2)
    ]
    assert loss.item() == pytest.approx(alone[0][0].item() + alone[1][0].item(), rel=1e-5)
    assert mean.item() == pytest.approx(quantiles.mean().item(), rel=1e-5)
    assert distance.shape == (1, 3)
