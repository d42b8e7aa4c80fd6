"""One-step targets and their loss by hand, and against a loop."""

import pytest
import torch
from torch import Tensor

from alfgraph.components import TDLoss, ValidMean
from alfgraph.components.losses.td_loss import one_step_target

# Four transitions: within an episode, into a termination, into a time limit, and a reset.
STEP_TYPE = torch.tensor([[0, 1, 1, 2], [1, 2, 2, 0]], dtype=torch.int32)
REWARD = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
DISCOUNT = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]])
NEXT_VALUE = torch.full((1, 4), 10.0)
VALUE = torch.tensor([[5.0, 0.0, 8.0, 100.0]])


def loss_of(loss: TDLoss, value: Tensor, weight: Tensor | None = None) -> float:
    return loss.forward(STEP_TYPE, REWARD, DISCOUNT, value, NEXT_VALUE, weight)[0].item()


def test_a_time_limit_bootstraps_and_a_termination_does_not() -> None:
    target = one_step_target(REWARD[1:], DISCOUNT[1:], NEXT_VALUE, gamma=0.5)
    assert target.tolist() == [[6.0, 2.0, 8.0, 9.0]]


def test_the_reset_is_left_out_of_the_mean() -> None:
    """(6 - 5)², (2 - 0)² and (8 - 8)² over three transitions."""
    assert loss_of(TDLoss(gamma=0.5), VALUE) == pytest.approx(5.0 / 3.0)


def test_the_mean_over_all_is_alfs() -> None:
    assert loss_of(TDLoss(gamma=0.5, average_over_all=True), VALUE) == pytest.approx(5.0 / 4.0)


def test_the_huber_error_is_linear_beyond_one() -> None:
    """1/2, 2 - 1/2 and 0."""
    assert loss_of(TDLoss(gamma=0.5, error="huber"), VALUE) == pytest.approx(2.0 / 3.0)


def test_weights_multiply_errors_but_not_the_divisor() -> None:
    weight = torch.tensor([[2.0, 1.0, 1.0, 1.0]])
    assert loss_of(TDLoss(gamma=0.5), VALUE, weight) == pytest.approx(6.0 / 3.0)


def test_errors_of_an_ensemble_are_summed() -> None:
    other = torch.tensor([[4.0, 2.0, 8.0, -1.0]])
    both = torch.stack([VALUE, other], -1)
    assert loss_of(TDLoss(gamma=0.5), both) == pytest.approx((5.0 + 4.0) / 3.0)


def test_the_distance_is_what_priorities_are_made_of() -> None:
    values = torch.stack([VALUE, VALUE + 2.0], -1)
    result = TDLoss(gamma=0.5).forward(STEP_TYPE, REWARD, DISCOUNT, values, NEXT_VALUE)
    assert result[2].tolist() == [[0.0, 1.0, 1.0, 92.0]]
    assert result[1].item() == pytest.approx(113.0 / 4.0 + 1.0)


def test_no_gradient_flows_into_the_target() -> None:
    value, next_value = VALUE.clone().requires_grad_(), NEXT_VALUE.clone().requires_grad_()
    loss = TDLoss(gamma=0.5).forward(STEP_TYPE, REWARD, DISCOUNT, value, next_value)[0]
    gradient, none = torch.autograd.grad(loss, [value, next_value], allow_unused=True)
    assert none is None
    torch.testing.assert_close(gradient, torch.tensor([[-2.0 / 3.0, -4.0 / 3.0, 0.0, 0.0]]))


@pytest.mark.parametrize("members", [1, 2, 5])
def test_the_loss_is_that_of_a_naive_loop(members: int) -> None:
    torch.manual_seed(members)
    length, count = 3, 7
    kind = torch.randint(0, 3, (length + 1, count), dtype=torch.int32)
    reward, discount = torch.randn(length + 1, count), torch.rand(length + 1, count).round()
    value, next_value = torch.randn(length, count, members), torch.randn(length, count)
    total, valid = 0.0, 0
    for t in range(length):
        for m in range(count):
            if kind[t, m] == 2:
                continue
            valid += 1
            target = reward[t + 1, m] + 0.9 * discount[t + 1, m] * next_value[t, m]
            total += sum(float(target - value[t, m, e]) ** 2 for e in range(members))
    loss = TDLoss(gamma=0.9).forward(kind, reward, discount, value, next_value)[0]
    assert loss.item() == pytest.approx(total / valid, rel=1e-5)


def test_nothing_valid_is_no_loss() -> None:
    kind = torch.full((2, 4), 2, dtype=torch.int32)
    assert TDLoss().forward(kind, REWARD, DISCOUNT, VALUE, NEXT_VALUE)[0].item() == 0.0


def test_a_mean_over_valid_entries() -> None:
    row = torch.tensor([[1.0, 2.0, 6.0, 100.0]])
    assert ValidMean().forward(STEP_TYPE[:-1], row).item() == pytest.approx(3.0)
    over_all = ValidMean(average_over_all=True).forward(STEP_TYPE[:-1], row)
    assert over_all.item() == pytest.approx(9.0 / 4.0)
