"""Quantiles and atoms of every action: their means, and dueling."""

from typing import Any

import pytest
import torch

from alfgraph.components import CategoricalQNetwork, QuantileQNetwork, TakenValue
from alfgraph.diagnostics.errors import SettingError
from alfgraph.specs.spec import parse_spec

OBSERVATION = parse_spec("float32[3]")


@pytest.mark.parametrize("rows", [(), (6,), (2, 6)])
def test_values_are_the_means_of_the_quantiles(rows: tuple[int, ...]) -> None:
    module = QuantileQNetwork(hidden=(8,), num_quantiles=5).build(OBSERVATION, 4)
    values, quantiles = module(torch.randn(*rows, 3))
    assert quantiles.shape == (*rows, 4, 5)
    torch.testing.assert_close(values, quantiles.mean(-1))


def test_values_are_the_means_of_the_atoms() -> None:
    network = CategoricalQNetwork(hidden=(8,), num_atoms=3, lowest=-1.0, highest=3.0)
    values, logits, support = network.build(OBSERVATION, 4)(torch.randn(2, 6, 3))
    assert support.tolist() == [-1.0, 1.0, 3.0]
    probabilities = logits.softmax(-1)
    expected = -probabilities[..., 0] + probabilities[..., 1] + 3.0 * probabilities[..., 2]
    torch.testing.assert_close(values, expected)


@pytest.mark.parametrize("network", [QuantileQNetwork, CategoricalQNetwork])
def test_dueling_rows_average_to_that_of_the_state(network: Any) -> None:
    """V + A - mean A, for every quantile and atom."""
    module = network(hidden=(8,), dueling=True).build(OBSERVATION, 4)
    observation = torch.randn(6, 3)
    rows = module(observation)[1]
    torch.testing.assert_close(rows.mean(-2), module.state_value(module.features(observation)))


def test_atoms_must_ascend() -> None:
    with pytest.raises(SettingError, match=r"highest` cannot be 1.0: it must be above lowest=2"):
        CategoricalQNetwork(lowest=2.0, highest=1.0)
    with pytest.raises(SettingError, match=r"highest` cannot be 100.0: it must be above lowest=1e"):
        CategoricalQNetwork(lowest=1000000.0)


@pytest.mark.parametrize("rows", [(), (5,), (2, 5)])
@pytest.mark.parametrize("each", [(), (3,), (3, 2)])
def test_whatever_an_action_has_can_be_taken(rows: tuple[int, ...], each: tuple[int, ...]) -> None:
    values = torch.randn(*rows, 4, *each)
    action = torch.randint(0, 4, rows)
    taken = TakenValue().forward(values, action)
    assert taken.shape == (*rows, *each)
    flat = zip(
        values.reshape(-1, 4, *each), action.reshape(-1), taken.reshape(-1, *each), strict=True
    )
    assert all(torch.equal(row[index], found) for row, index, found in flat)
