"""Exploration: what ε-greedy actions and each kind of noise do by hand, and how often."""

from typing import Any

import pytest
import torch

from alfgraph.components import (
    EpsilonGreedy,
    GaussianNoise,
    Greedy,
    OptimisticExploration,
    OrnsteinUhlenbeckNoise,
    SmoothActor,
    StateDependentNoise,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.distributions import Normal
from alfgraph.specs.spec import parse_spec

VALUES = torch.tensor([[0.0, 3.0, 1.0], [5.0, 4.0, 5.0]])


def test_greedy_takes_the_first_of_the_best() -> None:
    assert Greedy().forward(VALUES).tolist() == [1, 0]


def test_without_epsilon_the_best_action_is_taken() -> None:
    assert EpsilonGreedy(epsilon=0.0).forward(VALUES).tolist() == [1, 0]


@pytest.mark.parametrize("epsilon", [0.3, 1.0])
def test_any_action_is_taken_with_probability_epsilon(epsilon: float) -> None:
    """Action 1 is the best: it is taken with probability 1 - 2/3 ε."""
    torch.manual_seed(0)
    values = VALUES[:1].expand(30_000, 3)
    taken = torch.bincount(EpsilonGreedy(epsilon=epsilon).forward(values), minlength=3) / 30_000
    expected = torch.tensor([epsilon / 3, 1 - 2 * epsilon / 3, epsilon / 3])
    torch.testing.assert_close(taken, expected, atol=0.01, rtol=0.0)


def test_noise_has_its_deviation_in_units_of_half_the_range() -> None:
    torch.manual_seed(0)
    module = GaussianNoise(std=0.1).build(parse_spec("float32[2] in [-4, 4]"))
    noisy = module(torch.ones(20_000, 2))
    assert noisy.mean().item() == pytest.approx(1.0, abs=0.02)
    assert noisy.std().item() == pytest.approx(0.4, abs=0.01)


def test_noise_is_clipped_and_the_bounds_are_kept() -> None:
    torch.manual_seed(0)
    module = GaussianNoise(std=10.0, clip=0.5).build(parse_spec("float32[1] in [-2, 2]"))
    from_middle = module(torch.zeros(1000, 1))
    assert (from_middle.min().item(), from_middle.max().item()) == (-1.0, 1.0)
    from_bound = module(torch.full((1000, 1), 2.0))
    assert (from_bound.min().item(), from_bound.max().item()) == (1.0, 2.0)


def test_no_gradient_flows_through_noise() -> None:
    module = GaussianNoise().build(parse_spec("float32[1] in [-1, 1]"))
    assert not module(torch.zeros(3, 1, requires_grad=True)).requires_grad


def test_noise_needs_bounds() -> None:
    with pytest.raises(WiringError, match="GaussianNoise needs one continuous action"):
        GaussianNoise().build(parse_spec("float32[1]"))


def test_wandering_noise_forgets_a_share_of_itself() -> None:
    """Without fresh noise, 0.5 becomes 0.4 and is added in units of half the range."""
    module = OrnsteinUhlenbeckNoise(theta=0.2, std=0.0).build(parse_spec("float32[1] in [-2, 2]"))
    noisy, noise = module(torch.tensor([[1.0]]), None, torch.tensor([[0.5]]))
    assert noise.item() == pytest.approx(0.4)
    assert noisy.item() == pytest.approx(1.0 + 2.0 * 0.4)


def test_wandering_noise_has_the_deviation_of_its_process() -> None:
    """std / sqrt(1 - (1 - θ)²), and neighbours correlate with 1 - θ."""
    torch.manual_seed(0)
    module = OrnsteinUhlenbeckNoise(theta=0.5, std=0.1).build(parse_spec("float32[1] in [-1, 1]"))
    noise, seen = torch.zeros(4000, 1), []
    for _ in range(20):
        _, noise = module(torch.zeros(4000, 1), None, noise)
        seen.append(noise)
    assert noise.std().item() == pytest.approx(0.1 / 0.75**0.5, rel=0.05)
    correlation = torch.corrcoef(torch.cat(seen[-2:], 1).T)[0, 1]
    assert correlation.item() == pytest.approx(0.5, abs=0.05)


def test_an_optimistic_mean_moves_as_far_as_the_divergence_allows() -> None:
    """Q_UB' = 2 + 4·1 at 1 where Q is (a + 1, 3a); one dimension: shift standard deviations."""
    policy = Normal(torch.tensor([[1.0], [1.0]]), torch.tensor([[2.0], [0.5]]))
    part = OptimisticExploration(beta=4.0, shift=3.0)

    def critics(observation: Any, action: Any) -> Any:
        return torch.cat([action + 1.0, 3.0 * action], -1)

    assert part.forward(policy, None, critics).mean.tolist() == [[7.0], [2.5]]
    pessimist = OptimisticExploration(beta=-4.0, shift=3.0)  # 2 - 4 < 0: downwards
    assert pessimist.forward(policy, None, critics).mean.tolist() == [[-5.0], [-0.5]]


def test_an_optimistic_mean_follows_the_gradient_scaled_by_the_variance() -> None:
    """∇ = (3, 4), Σ = 1: (0.6, 0.8); where critics agree there is no deviation to climb."""

    def critics(observation: Any, action: Any) -> Any:
        value = action @ torch.tensor([[3.0], [4.0]])
        return torch.cat([value, value], -1)

    policy = Normal(torch.zeros(1, 2), torch.ones(1, 2))
    shifted = OptimisticExploration(shift=5.0).forward(policy, None, critics)
    torch.testing.assert_close(shifted.mean, torch.tensor([[3.0, 4.0]]))
    torch.testing.assert_close(shifted.std, torch.ones(1, 2))


def test_smooth_noise_is_linear_in_the_features_while_it_is_kept() -> None:
    """θ of 1s and 2s, σ 0.5: z = (1, 3) moves the mean by 0.5·1 + 0.5·2·3."""
    policy = Normal(torch.zeros(1, 1), torch.ones(1, 1))
    directions = torch.tensor([[[1.0], [2.0]]])
    part = StateDependentNoise(interval=4)
    features, deviation = torch.tensor([[1.0, 3.0]]), torch.full((2, 1), 0.5)
    for age in (1.0, 2.0, 3.0):
        action, kept, older = part.forward(
            policy, features, deviation, directions, torch.tensor([age])
        )
        assert action.item() == pytest.approx(3.5)
        assert torch.equal(kept, directions)
        assert older.item() == age + 1.0
    _, fresh, _ = part.forward(policy, features, deviation, directions, torch.tensor([4.0]))
    assert not torch.equal(fresh, directions)


def test_smooth_actions_have_the_distribution_of_the_policy() -> None:
    torch.manual_seed(0)
    action = parse_spec("float32[2] in [-1, 1]")
    module = SmoothActor(hidden=(8,), initial_log_std=-1.0).build(parse_spec("float32[3]"), action)
    policy, features, deviation = module(torch.randn(1, 3).expand(30_000, 3))
    registers = torch.zeros(30_000, 8, 2), torch.zeros(30_000)
    taken, _, _ = StateDependentNoise().forward(policy, features, deviation, *registers)
    before = taken.atanh()
    torch.testing.assert_close(before.mean(0), policy.mean[0], atol=0.02, rtol=0.0)
    torch.testing.assert_close(before.std(0), policy.std[0], atol=0.0, rtol=0.03)


def test_a_smooth_actors_variance_trains_its_features() -> None:
    """∂(z² σ²)/∂z = 2 z σ²: the authors let it through for SAC (`learn_features`)."""
    torch.manual_seed(0)
    action = parse_spec("float32[1] in [-1, 1]")
    module = SmoothActor(hidden=(4,), initial_log_std=0.0).build(parse_spec("float32[3]"), action)
    policy, features, _ = module(torch.ones(1, 3))
    (gradient,) = torch.autograd.grad(policy.std.square().sum(), features)
    torch.testing.assert_close(gradient, 2.0 * features)


def test_a_smooth_actors_mean_stays_within_its_limit() -> None:
    action = parse_spec("float32[2] in [-1, 1]")
    actor = SmoothActor(hidden=(8,), mean_limit=0.5)
    policy, _, _ = actor.build(parse_spec("float32[3]"), action)(1e4 * torch.randn(64, 3))
    assert policy.mean.abs().max().item() == 0.5
