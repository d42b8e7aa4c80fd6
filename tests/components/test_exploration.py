"""ε-greedy actions and Gaussian noise: what they do by hand, and how often."""

import pytest
import torch

from alfgraph.components import EpsilonGreedy, GaussianNoise, Greedy
from alfgraph.errors import WiringError
from alfgraph.specs import parse_spec

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
