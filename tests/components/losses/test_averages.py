"""Weights, normalisation and statistics over the entries that count."""

import pytest
import torch

from alfgraph.components.losses import averages
from alfgraph.components.losses.averages import (
    average_weights,
    combine_rewards,
    normalize_advantage,
    valid_entries,
    weighted_sum,
)

STEP_TYPE = torch.tensor([[0, 1], [1, 2], [2, 0]], dtype=torch.int32)
VALID = torch.tensor([[True, True], [True, False], [False, True]])


@pytest.fixture(params=["numpy", "torch"], autouse=True)
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "torch":
        monkeypatch.setattr(averages, "numpy_can_view", lambda *tensors: False)


def test_last_steps_are_not_valid() -> None:
    assert torch.equal(valid_entries(STEP_TYPE), VALID)


def test_the_mean_is_over_valid_entries() -> None:
    loss = torch.tensor([[1.0, 2.0], [3.0, 100.0], [100.0, 6.0]])
    assert weighted_sum(loss, average_weights(STEP_TYPE)).item() == pytest.approx(3.0)


def test_the_mean_over_all_entries_is_alfs() -> None:
    loss = torch.tensor([[1.0, 2.0], [3.0, 100.0], [100.0, 6.0]])
    weights = average_weights(STEP_TYPE, over_all=True)
    assert weighted_sum(loss, weights).item() == pytest.approx(2.0)


def test_importance_weights_do_not_change_the_divisor() -> None:
    weights = average_weights(STEP_TYPE, importance_weight=torch.tensor([0.5, 1.0]))
    torch.testing.assert_close(weights, torch.tensor([[0.5, 1.0], [0.5, 0.0], [0.0, 1.0]]) / 4)


def test_nothing_valid_weighs_nothing() -> None:
    assert average_weights(torch.full((2, 2), 2)).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_weighted_sum_has_a_gradient() -> None:
    loss = torch.zeros(3, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(weighted_sum(loss, average_weights(STEP_TYPE)), [loss])
    torch.testing.assert_close(gradient, VALID.float() / 4)


def test_normalized_advantages_have_alfs_numbers() -> None:
    result = normalize_advantage(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    expected = torch.tensor([[-1.3416, -0.4472], [0.4472, 1.3416]])
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-4)
    # What ALF does with a trailing row of zeros, and what a mask makes of it:
    extended = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    quirk = torch.tensor([[0.3015, 1.5076], [-0.9045, -0.9045]])
    torch.testing.assert_close(normalize_advantage(extended), quirk, rtol=0, atol=1e-4)
    masked = normalize_advantage(extended, torch.tensor([[True, True], [False, False]]))
    torch.testing.assert_close(masked, torch.tensor([[-1.0, 1.0], [0.0, 0.0]]))


def test_reward_dimensions_are_normalized_by_themselves() -> None:
    torch.manual_seed(0)
    advantage = torch.randn(4, 3, 2) * torch.tensor([1.0, 50.0]) + 7
    valid = torch.rand(4, 3) < 0.7
    result = normalize_advantage(advantage, valid)
    for k in range(2):
        chosen = advantage[..., k][valid]
        expected = (chosen - chosen.mean()) / chosen.std(correction=0)
        torch.testing.assert_close(result[..., k][valid], expected, rtol=1e-4, atol=1e-4)
        assert result[..., k][~valid].abs().sum() == 0


def test_equal_advantages_become_zero() -> None:
    assert normalize_advantage(torch.full((2, 2), 3.0)).abs().max() == 0
    nothing = normalize_advantage(torch.ones(2, 2), torch.zeros(2, 2, dtype=torch.bool))
    assert nothing.abs().max() == 0


def test_normalizing_detaches_and_does_not_write() -> None:
    advantage = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert not normalize_advantage(advantage).requires_grad
    assert advantage.tolist() == [[1.0, 2.0]]


def test_reward_dimensions_are_combined() -> None:
    advantage = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert combine_rewards(advantage).tolist() == [[3.0, 7.0]]
    assert combine_rewards(advantage, torch.tensor([1.0, 0.5])).tolist() == [[2.0, 5.0]]
    assert combine_rewards(advantage[..., 0]).tolist() == [[1.0, 3.0]]
