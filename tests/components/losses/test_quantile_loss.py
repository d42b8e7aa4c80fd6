"""Quantile regression by hand, and against a loop."""

import pytest
import torch
from torch import Tensor

from alfgraph.components import QuantileLoss
from alfgraph.components.losses.quantile_loss import quantile_huber

# Four transitions: within an episode, into a termination, into a time limit, and a reset.
STEP_TYPE = torch.tensor([[0, 1, 1, 2], [1, 2, 2, 0]], dtype=torch.int32)
REWARD = torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0]])
DISCOUNT = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]])
NEXT = torch.tensor([8.0, 12.0]).expand(1, 4, 2)
# Targets with γ = 1/2: (5, 7), (2, 2), (7, 9); the reset's (8, 10) does not count.
QUANTILES = torch.tensor([[[5.0, 7.0], [2.0, 4.0], [9.0, 8.0], [0.0, 0.0]]])


def results(loss: QuantileLoss, weight: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    return loss.forward(STEP_TYPE, REWARD, DISCOUNT, QUANTILES, NEXT, weight)


def test_errors_below_and_above_a_quantile_count_differently() -> None:
    """τ = 1/4 and 3/4 against one target at distance 3: L = 3 - 1/2."""
    below = quantile_huber(torch.tensor([0.0, 0.0]), torch.tensor([3.0]), kappa=1.0)
    above = quantile_huber(torch.tensor([3.0, 6.0]), torch.tensor([0.0]), kappa=1.0)
    assert below.item() == pytest.approx(0.25 * 2.5 + 0.75 * 2.5)
    assert above.item() == pytest.approx(0.75 * 2.5 + 0.25 * 5.5)


@pytest.mark.parametrize(("kappa", "expected"), [(1.0, 2.5), (2.0, 4.0), (6.0, 4.5)])
def test_the_huber_error_is_half_the_square_up_to_kappa(kappa: float, expected: float) -> None:
    """One quantile is the median: both sides weigh 1/2."""
    loss = quantile_huber(torch.tensor([3.0]), torch.tensor([0.0]), kappa)
    assert loss.item() == pytest.approx(0.5 * expected)


def test_the_loss_by_hand() -> None:
    """Sums over quantiles of means over targets, of the three transitions that count.

    First: errors (0, 2) and (-2, 0) with L = 1.5: (1/4 + 1/4) * 1.5 / 2.
    Second: errors (0, 0) and (-2, -2): 1/4 * 1.5.
    Third: errors (-2, 0) and (-1, 1), L = 1.5 and 1/2: 3/4 * 1.5 / 2 + (1/4 + 3/4) * 0.5 / 2.
    """
    expected = (0.375 + 0.375 + 0.5625 + 0.25) / 3.0
    assert results(QuantileLoss(gamma=0.5))[0].item() == pytest.approx(expected)
    over_all = QuantileLoss(gamma=0.5, average_over_all=True)
    assert results(over_all)[0].item() == pytest.approx(0.75 * expected)


def test_weights_multiply_losses_but_not_the_divisor() -> None:
    weight = torch.tensor([[2.0, 1.0, 0.0, 5.0]])
    loss = results(QuantileLoss(gamma=0.5), weight)[0]
    assert loss.item() == pytest.approx((2 * 0.375 + 0.375) / 3.0)


def test_the_distance_is_that_of_the_means() -> None:
    _, mean, distance = results(QuantileLoss(gamma=0.5))
    assert distance.tolist() == [[0.0, 1.0, 0.5, 9.0]]
    assert mean.item() == pytest.approx((6.0 + 3.0 + 8.5 + 0.0) / 4.0)


def test_a_time_limit_bootstraps_and_a_termination_does_not() -> None:
    """The same transition; only the discount of the step after it differs."""
    ends = torch.tensor([[1], [2]], dtype=torch.int32)
    reward, quantiles = torch.tensor([[0.0], [1.0]]), torch.tensor([[[1.0]]])
    distances = []
    for discount in (0.0, 1.0):
        discounts = torch.tensor([[1.0], [discount]])
        loss = QuantileLoss(gamma=0.5)
        distances.append(loss.forward(ends, reward, discounts, quantiles, NEXT[:, :1])[2].item())
    assert distances == [0.0, 5.0]


def test_no_gradient_flows_into_the_target_and_none_from_the_reset() -> None:
    quantiles, target = QUANTILES.clone().requires_grad_(), NEXT.clone().requires_grad_()
    loss = QuantileLoss(gamma=0.5).forward(STEP_TYPE, REWARD, DISCOUNT, quantiles, target.detach())
    (gradient,) = torch.autograd.grad(loss[0], [quantiles])
    assert gradient[0, 3].tolist() == [0.0, 0.0]
    assert gradient[0, 1, 1].item() == pytest.approx(0.25 / 3.0)  # too high: |3/4 - 1|, slope 1


def test_the_loss_is_that_of_a_naive_loop() -> None:
    torch.manual_seed(3)
    length, count, k, j, kappa = 3, 5, 4, 6, 0.7
    kind = torch.randint(0, 3, (length + 1, count), dtype=torch.int32)
    reward, discount = torch.randn(length + 1, count), torch.rand(length + 1, count).round()
    quantiles, following = torch.randn(length, count, k), torch.randn(length, count, j)
    total, valid = 0.0, 0
    for t in range(length):
        for m in range(count):
            if kind[t, m] == 2:
                continue
            valid += 1
            for i in range(k):
                for sample in following[t, m].tolist():
                    target = float(reward[t + 1, m]) + 0.9 * float(discount[t + 1, m]) * sample
                    u = target - float(quantiles[t, m, i])
                    huber = 0.5 * u * u if abs(u) <= kappa else kappa * (abs(u) - 0.5 * kappa)
                    total += abs((i + 0.5) / k - (u < 0)) * huber / j
    loss = QuantileLoss(gamma=0.9, kappa=kappa)
    found = loss.forward(kind, reward, discount, quantiles, following)[0]
    assert found.item() == pytest.approx(total / valid, rel=1e-5)


def test_the_minimum_is_at_the_quantiles() -> None:
    """Four estimates, fitted to the numbers 1 to 8, end at 1.5, 3.5, 5.5, 7.5 (small κ)."""
    target = torch.arange(1.0, 9.0).unsqueeze(0)
    estimate = torch.zeros(1, 4, requires_grad=True)
    optimizer = torch.optim.Adam([estimate], lr=0.05)
    for _ in range(400):
        (estimate.grad,) = torch.autograd.grad(quantile_huber(estimate, target, 0.5), [estimate])
        optimizer.step()
    expected = torch.tensor([[1.5, 3.5, 5.5, 7.5]])
    torch.testing.assert_close(estimate.detach(), expected, atol=0.3, rtol=0.0)
