"""Value errors by hand."""

import pytest
import torch

from alfgraph.components.losses.value_errors import (
    clipped_value_error,
    huber_error,
    squared_error,
    value_error,
)


def test_squared_error_has_no_half() -> None:
    assert squared_error(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 1.0])).tolist() == [4.0, 0.0]


def test_huber_error_is_smooth_l1() -> None:
    value = torch.tensor([0.0, 0.5, 1.0, -3.0])
    assert huber_error(value, torch.zeros(4)).tolist() == [0.0, 0.125, 0.5, 2.5]


def test_value_errors_sum_over_reward_dimensions() -> None:
    value, target = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[0.0, 5.0]]])
    assert value_error(value, target).tolist() == [[10.0]]
    assert value_error(value, target, "huber").tolist() == [[3.0]]


def test_value_errors_sum_over_an_ensemble() -> None:
    value, target = torch.tensor([[[1.0, 4.0]]]), torch.tensor([[2.0]])
    assert value_error(value, target).tolist() == [[5.0]]
    assert value_error(value[:, :, None], target[..., None]).tolist() == [[5.0]]


def test_no_gradient_reaches_the_target() -> None:
    value, target = torch.zeros(1, 1, requires_grad=True), torch.ones(1, 1, requires_grad=True)
    gradients = torch.autograd.grad(
        value_error(value, target).sum(), [value, target], allow_unused=True
    )
    assert gradients[0].item() == -2.0 and gradients[1] is None


@pytest.mark.parametrize(
    ("value", "error", "slope"),
    [
        (1.0, 9.0, -6.0),  # has not moved: the plain error
        (1.1, 2.9**2, -5.8),  # within the clip
        (2.0, 2.8**2, 0.0),  # moved towards the return further than the clip: no more to gain
        (0.0, 16.0, -8.0),  # moved away: the plain error pulls back
    ],
)
def test_clipped_value_error(value: float, error: float, slope: float) -> None:
    prediction = torch.tensor([[value]], requires_grad=True)
    result = clipped_value_error(prediction, torch.tensor([[4.0]]), torch.tensor([[1.0]]), 0.2)
    (gradient,) = torch.autograd.grad(result.sum(), [prediction])
    assert result.item() == pytest.approx(error)
    assert gradient.item() == pytest.approx(slope)
