"""Discrete light distributions: literals, torch.distributions, frequencies, the cache."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, distributions

from alfgraph.distributions import Bernoulli, Categorical, MultiCategorical, TensorDistribution

BATCHES = [(), (5,), (3, 4)]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_a_fair_coin() -> None:
    coin = Categorical(torch.zeros(2))
    assert coin.log_prob(torch.tensor(1)).item() == pytest.approx(-math.log(2))
    assert coin.entropy().item() == pytest.approx(math.log(2))
    assert coin.kl(Categorical(torch.tensor([0.0, math.log(3)]))).item() == pytest.approx(
        0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    )


def test_categorical_actions_begin_at_start() -> None:
    policy = Categorical(torch.tensor([[0.0, 5.0, 1.0], [9.0, 5.0, 1.0]]), start=-1)
    assert policy.mode().tolist() == [0, -1]
    assert policy.mode().dtype == torch.int64
    assert policy.log_prob(torch.tensor([0, -1])).tolist() == pytest.approx(
        Categorical(policy.logits).log_prob(torch.tensor([1, 0])).tolist()
    )
    assert set(policy.sample().tolist()) <= {-1, 0, 1}


def test_a_forbidden_choice_is_never_made_and_costs_no_nan() -> None:
    logits = torch.tensor([0.0, -math.inf, 1.0]).repeat(2000, 1).requires_grad_()
    policy = Categorical(logits)
    assert 1 not in policy.sample()
    loss = policy.entropy().sum() + policy.kl(policy.detach()).sum()
    assert torch.isfinite(policy.entropy()).all()
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("batch", BATCHES)
def test_categorical_equals_torch(batch: tuple[int, ...]) -> None:
    logits, others = torch.randn(*batch, 4), torch.randn(*batch, 4)
    mine, other = Categorical(logits), Categorical(others)
    theirs: Any = distributions.Categorical(logits=logits)
    their_other = distributions.Categorical(logits=others)
    action = mine.sample()
    assert action.shape == batch
    torch.testing.assert_close(mine.log_prob(action), theirs.log_prob(action))
    torch.testing.assert_close(mine.entropy(), theirs.entropy())
    torch.testing.assert_close(mine.kl(other), distributions.kl_divergence(theirs, their_other))


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("sizes", [(2, 4, 3), (3, 3)])
def test_multi_categorical_is_a_sum_of_categoricals(
    batch: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    starts = tuple(range(len(sizes)))
    logits, others = torch.randn(*batch, sum(sizes)), torch.randn(*batch, sum(sizes))
    mine = MultiCategorical(logits, sizes, starts)
    parts = [
        Categorical(x, s) for x, s in zip(torch.split(logits, list(sizes), -1), starts, strict=True)
    ]
    other_parts = [
        Categorical(x, s) for x, s in zip(torch.split(others, list(sizes), -1), starts, strict=True)
    ]
    action = mine.sample()
    assert action.shape == (*batch, len(sizes))
    assert action.dtype == torch.int64
    log_prob = sum(part.log_prob(action[..., i]) for i, part in enumerate(parts))
    torch.testing.assert_close(mine.log_prob(action), log_prob)
    torch.testing.assert_close(mine.entropy(), sum(part.entropy() for part in parts))
    divergence = sum(p.kl(q) for p, q in zip(parts, other_parts, strict=True))
    torch.testing.assert_close(mine.kl(mine.like(others)), divergence)
    torch.testing.assert_close(mine.mode(), torch.stack([p.mode() for p in parts], -1))


def test_multi_categorical_shapes_its_actions() -> None:
    policy = MultiCategorical(torch.randn(7, 12), [2] * 6, shape=[2, 3])
    action = policy.sample()
    assert action.shape == policy.mode().shape == (7, 2, 3)
    flat = MultiCategorical(policy.logits, [2] * 6)
    torch.testing.assert_close(policy.log_prob(action), flat.log_prob(action.flatten(1)))


def test_categorical_frequencies() -> None:
    probabilities = torch.tensor([0.5, 0.2, 0.25, 0.05])
    draws = 100_000
    counts = Categorical(probabilities.log().repeat(draws, 1)).sample().bincount(minlength=4)
    expected = probabilities * draws
    chi_square = ((counts - expected).square() / expected).sum().item()
    assert chi_square < 16.27  # 99.9 % quantile of chi-square with 3 degrees of freedom


def test_multi_categorical_frequencies() -> None:
    probabilities = [torch.tensor([0.9, 0.1]), torch.tensor([0.2, 0.3, 0.5])]
    draws = 50_000
    logits = torch.cat(probabilities).log().repeat(draws, 1)
    action = MultiCategorical(logits, [2, 3], [0, 1]).sample()
    for column, (start, expected) in enumerate(zip([0, 1], probabilities, strict=True)):
        counts = (action[:, column] - start).bincount(minlength=len(expected))
        torch.testing.assert_close(counts / draws, expected, atol=0.01, rtol=0)


def test_bernoulli_frequencies() -> None:
    probabilities = torch.tensor([0.1, 0.5, 0.9])
    action = Bernoulli(probabilities.logit().repeat(50_000, 1)).sample()
    assert action.dtype == torch.int8
    torch.testing.assert_close(action.float().mean(0), probabilities, atol=0.01, rtol=0)


@pytest.mark.parametrize("make", [Categorical, lambda x: MultiCategorical(x, [2, 2])])
def test_what_was_computed_without_gradient_is_not_trained_on(
    make: Callable[[Tensor], TensorDistribution],
) -> None:
    logits = torch.randn(5, 4, requires_grad=True)
    policy = make(logits)
    action = policy.sample()
    with torch.no_grad():
        assert not policy.log_prob(action).requires_grad
    assert policy.log_prob(action).requires_grad
    (gradient,) = torch.autograd.grad(policy.log_prob(action).sum(), logits)
    assert gradient.abs().sum() > 0


def test_an_inference_tensor_is_not_reused_outside_inference_mode() -> None:
    policy, target = Categorical(torch.randn(5, 4)), torch.randn(5, 4, requires_grad=True)
    with torch.inference_mode():
        policy.entropy()
    (gradient,) = torch.autograd.grad(policy.kl(Categorical(target)).sum(), target)
    assert gradient.abs().sum() > 0
