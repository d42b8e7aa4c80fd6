"""Policy-gradient losses by hand, and the objective in both arithmetics."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from alfgraph.components.losses.actor_critic_objective import actor_critic_objective
from alfgraph.components.losses.averages import average_weights
from alfgraph.components.losses.objective import Objective, Predictions, Targets, Weighting
from alfgraph.components.losses.objective_in_numpy import objective_in_numpy
from alfgraph.components.losses.objective_in_torch import objective_in_torch
from alfgraph.components.losses.policy_gradient import (
    approximate_kl,
    clipped_entries,
    clipped_surrogate,
    log_ratio,
    policy_gradient,
)
from alfgraph.diagnostics.errors import UsageError


def test_policy_gradient() -> None:
    log_prob = torch.tensor([[-1.0, -2.0]], requires_grad=True)
    advantage = torch.tensor([[3.0, -4.0]], requires_grad=True)
    loss = policy_gradient(log_prob, advantage)
    assert loss.tolist() == [[3.0, -8.0]]
    assert torch.autograd.grad(loss.sum(), [log_prob])[0].tolist() == [[-3.0, 4.0]]


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "slope"),
    [
        (1.0, 2.0, -2.0, -2.0),
        (1.1, 2.0, -2.2, -2.2),
        (1.5, 2.0, -2.4, 0.0),  # gained enough
        (0.5, 2.0, -1.0, -1.0),  # moved the wrong way: still pulled back
        (1.5, -2.0, 3.0, 3.0),
        (0.5, -2.0, 1.6, 0.0),
    ],
)
def test_clipped_surrogate(ratio: float, advantage: float, loss: float, slope: float) -> None:
    log_prob = torch.tensor([[math.log(ratio) - 1.0]], requires_grad=True)
    moved = log_ratio(log_prob, torch.tensor([[-1.0]]))
    result = clipped_surrogate(moved, torch.tensor([[advantage]]), 0.2)
    (gradient,) = torch.autograd.grad(result.sum(), [log_prob])
    assert result.item() == pytest.approx(loss)
    assert gradient.item() == pytest.approx(slope)


def test_how_far_the_policy_moved() -> None:
    moved = torch.tensor([[0.0, math.log(2.0), math.log(0.9)]])
    expected = torch.tensor([[0.0, 1 - math.log(2.0), -0.1 - math.log(0.9)]])
    torch.testing.assert_close(approximate_kl(moved), expected)
    assert clipped_entries(moved, 0.2).tolist() == [[False, True, False]]


def test_approximate_kl_is_unbiased() -> None:
    old, new = torch.tensor([0.2, 0.3, 0.5]), torch.tensor([0.4, 0.4, 0.2])
    exact = (old * (old / new).log()).sum()
    torch.testing.assert_close((old * approximate_kl(new.log() - old.log())).sum(), exact)


def test_log_ratio_is_zero_where_nothing_is_trained() -> None:
    moved = log_ratio(
        torch.tensor([[200.0, 1.0]]), torch.zeros(1, 2), torch.tensor([[False, True]])
    )
    assert moved.tolist() == [[0.0, 1.0]]


# --- the objective

ONE_ENTRY = torch.ones(1, 1)


@pytest.mark.parametrize("objective", [objective_in_torch, objective_in_numpy])
def test_objective_by_hand(objective: Any) -> None:
    result: Objective = objective(
        Predictions(torch.full((1, 1), math.log(1.5)), 3 * ONE_ENTRY, 0.7 * ONE_ENTRY),
        Targets(ONE_ENTRY, 2 * ONE_ENTRY, returns=5 * ONE_ENTRY, old_log_prob=0 * ONE_ENTRY),
        Weighting(clip=0.2, value=0.5, entropy=0.1),
    )
    assert result.policy.item() == pytest.approx(-2.4)
    assert result.value.item() == pytest.approx(4.0)
    assert result.entropy.item() == pytest.approx(0.7)
    assert result.loss.item() == pytest.approx(-2.4 + 0.5 * 4.0 - 0.1 * 0.7)
    assert result.approximate_kl.item() == pytest.approx(0.5 - math.log(1.5))
    assert result.clip_fraction.item() == 1.0


WEIGHTINGS = {
    "PPO": Weighting(),
    "A2C": Weighting(clip=None, value=0.5, entropy=0.01),
    "entropy": Weighting(clip=0.1, entropy=0.01),
    "huber": Weighting(value_error="huber"),
    "value clip": Weighting(value_clip=0.3),
    "huber, value clip": Weighting(value_clip=0.3, value_error="huber", value=0.25),
}


def batch(rewards: tuple[int, ...], dtype: torch.dtype) -> tuple[list[Tensor], Targets]:
    torch.manual_seed(0)
    log_prob, entropy, advantage = (torch.randn(5, 7, dtype=dtype) for _ in range(3))
    value, returns, shift = (torch.randn(5, 7, *rewards, dtype=dtype) for _ in range(3))
    targets = Targets(
        weights=average_weights(torch.randint(0, 3, (5, 7))),
        advantage=advantage,
        returns=returns,
        old_log_prob=log_prob + 0.2 * torch.randn(5, 7, dtype=dtype),
        old_value=value + 0.3 * shift,
    )
    return [item.requires_grad_() for item in (log_prob, value, entropy)], targets


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rewards", [(), (2,)])
@pytest.mark.parametrize("name", WEIGHTINGS)
def test_both_arithmetics_agree(name: str, rewards: tuple[int, ...], dtype: torch.dtype) -> None:
    weighting = WEIGHTINGS[name]
    leaves, targets = batch(rewards, dtype)
    results = []
    for objective in (objective_in_torch, objective_in_numpy):
        result = objective(Predictions(*leaves), targets, weighting)
        gradients = torch.autograd.grad(3.0 * result.loss, leaves, allow_unused=True)
        assert (gradients[2] is None) == (weighting.entropy == 0.0)
        parts = [result.loss.detach(), result.policy, result.value, result.entropy]
        parts += [result.approximate_kl, result.clip_fraction]
        assert not any(part.requires_grad for part in parts)
        results.append([part.double() for part in parts] + [g for g in gradients if g is not None])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("objective", [objective_in_torch, objective_in_numpy])
def test_an_ensemble_of_values(objective: Any) -> None:
    (log_prob, value, _), targets = batch((3,), torch.float32)
    returns = torch.randn(5, 7)
    targets = targets._replace(returns=returns)
    result = objective(Predictions(log_prob, value), targets, Weighting(clip=None))
    (gradient,) = torch.autograd.grad(result.loss, [value])
    expected = 2 * (value - returns[..., None]) * targets.weights[..., None]
    torch.testing.assert_close(gradient, expected.detach())


@pytest.mark.parametrize("objective", [objective_in_torch, objective_in_numpy])
def test_entries_without_weight_cannot_poison_the_loss(objective: Any) -> None:
    log_prob = torch.tensor([[500.0, 0.0]], requires_grad=True)
    targets = Targets(
        weights=torch.tensor([[0.0, 1.0]]),
        advantage=torch.tensor([[-1.0, 1.0]]),
        old_log_prob=torch.zeros(1, 2),
    )
    result = objective(Predictions(log_prob), targets, Weighting())
    assert result.loss.item() == -1.0
    assert torch.autograd.grad(result.loss, [log_prob])[0].tolist() == [[0.0, -1.0]]


@pytest.mark.parametrize("objective", [objective_in_torch, objective_in_numpy])
def test_missing_targets_are_named(objective: Any) -> None:
    targets = Targets(ONE_ENTRY, ONE_ENTRY)
    with pytest.raises(UsageError, match=r"put it into `Targets\(old_log_prob=...\)`"):
        objective(Predictions(ONE_ENTRY), targets, Weighting())
    with pytest.raises(UsageError, match=r"put it into `Targets\(returns=...\)`"):
        objective(Predictions(ONE_ENTRY, ONE_ENTRY), targets, Weighting(clip=None))
    with pytest.raises(UsageError, match=r"put it into `Targets\(old_value=...\)`"):
        objective(
            Predictions(ONE_ENTRY, ONE_ENTRY),
            Targets(ONE_ENTRY, ONE_ENTRY, returns=ONE_ENTRY),
            Weighting(clip=None, value_clip=0.1),
        )


def test_short_floats_take_the_torch_form() -> None:
    leaves, targets = batch((), torch.float32)
    short = [leaf.detach().bfloat16() for leaf in leaves]
    result = actor_critic_objective(Predictions(*short), targets, Weighting())
    full = actor_critic_objective(Predictions(*leaves), targets, Weighting())
    torch.testing.assert_close(result.loss.float(), full.loss.detach(), rtol=0.05, atol=0.05)
