"""C51's projection and cross-entropy by hand, and against Algorithm 1 as a loop."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.components import CategoricalLoss, CategoricalProjection
from alfgraph.components.returns.categorical_projection import project

SUPPORT = torch.tensor([0.0, 1.0, 2.0, 3.0])
# Within an episode, into a termination, into a time limit, and a reset.
STEP_TYPE = torch.tensor([[0, 1, 1, 2], [1, 2, 2, 0]], dtype=torch.int32)
REWARD = torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.25, 2.0, 2.5, 9.0]])
DISCOUNT = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]])
EVEN = torch.zeros(1, 4, 4)


def test_probability_goes_to_the_two_atoms_beside_it() -> None:
    found = project(torch.tensor([0.4, 0.6]), torch.tensor([0.25, 2.0]), SUPPORT)
    torch.testing.assert_close(found, torch.tensor([0.3, 0.1, 0.6, 0.0]))


def test_beyond_the_ends_it_goes_to_the_end() -> None:
    found = project(torch.tensor([0.4, 0.6]), torch.tensor([-7.0, 3.5]), SUPPORT)
    assert found.tolist() == pytest.approx([0.4, 0.0, 0.0, 0.6])


def test_targets_by_hand() -> None:
    """Atoms 0, 1/2, 1, 3/2 (γ = 1/2) from 1/4; all at 2; from 5/2; the reset beyond the end."""
    projection = CategoricalProjection(gamma=0.5)
    target, clipped = projection.forward(REWARD, DISCOUNT, SUPPORT, EVEN)
    expected = torch.tensor(
        [
            [0.25, 0.5, 0.25, 0.0],  # 1/4, 3/4, 5/4, 7/4
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.125, 0.875],  # 5/2, 3, and two beyond
            [0.0, 0.0, 0.0, 1.0],
        ]
    )
    torch.testing.assert_close(target[0], expected)
    assert clipped.item() == pytest.approx((0.0 + 0.0 + 0.5 + 1.0) / 4.0)


def algorithm_1(
    probabilities: list[float], places: list[float], support: list[float]
) -> list[float]:
    """The loop of the paper; where a place is an atom, that atom takes all."""
    found = [0.0] * len(support)
    step = support[1] - support[0]
    for probability, place in zip(probabilities, places, strict=True):
        b = (min(max(place, support[0]), support[-1]) - support[0]) / step
        low, high = math.floor(b), math.ceil(b)
        if low == high:
            found[low] += probability
        else:
            found[low] += probability * (high - b)
            found[high] += probability * (b - low)
    return found


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(-20.0, 20.0, width=32), min_size=1, max_size=6),
    st.integers(2, 9),
    st.integers(0, 1000),
)
def test_the_projection_is_that_of_the_papers_loop(
    places: list[float], atoms: int, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(len(places), generator=generator).softmax(-1)
    support = torch.linspace(-5.0, 7.0, atoms)
    found = project(probabilities, torch.tensor(places), support)
    expected = algorithm_1(probabilities.tolist(), places, support.tolist())
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-5, rtol=1e-5)
    assert found.sum().item() == pytest.approx(1.0, abs=1e-5)


@given(st.lists(st.floats(-5.0, 7.0, width=32), min_size=1, max_size=6), st.integers(2, 9))
@settings(max_examples=30, deadline=None)
def test_the_projection_keeps_the_mean_of_what_lies_inside(places: list[float], n: int) -> None:
    share = torch.full((len(places),), 1.0 / len(places))
    support = torch.linspace(-5.0, 7.0, n)
    mean = (project(share, torch.tensor(places), support) @ support).item()
    assert mean == pytest.approx(sum(places) / len(places), abs=1e-4)


def test_a_cross_entropy_by_hand_leaves_the_reset_out() -> None:
    """Even logits: log 4 for every transition, whatever the target; the reset has weight 0."""
    target = torch.tensor([[[1.0, 0.0, 0.0, 0.0]] * 3 + [[0.0, 0.0, 0.0, 9.0]]])
    loss, distance = CategoricalLoss().forward(STEP_TYPE[:-1], EVEN, target)
    assert loss.item() == pytest.approx(math.log(4.0))
    assert distance[0, :3].tolist() == pytest.approx([math.log(4.0)] * 3)
    over_all, _ = CategoricalLoss(average_over_all=True).forward(STEP_TYPE[:-1], EVEN, target)
    assert over_all.item() == pytest.approx(0.75 * math.log(4.0))


def test_weights_multiply_losses_but_not_the_divisor() -> None:
    target = torch.full((1, 4, 4), 0.25)
    weight = torch.tensor([[3.0, 0.0, 0.0, 9.0]])
    loss, distance = CategoricalLoss().forward(STEP_TYPE[:-1], EVEN, target, weight)
    assert loss.item() == pytest.approx(math.log(4.0))
    assert distance.abs().max().item() == pytest.approx(0.0, abs=1e-6)


def test_the_gradient_is_prediction_minus_target() -> None:
    torch.manual_seed(0)
    logits = torch.randn(1, 4, 4, requires_grad=True)
    target = torch.randn(1, 4, 4).softmax(-1)
    loss, _ = CategoricalLoss().forward(STEP_TYPE[:-1], logits, target)
    (gradient,) = torch.autograd.grad(loss, [logits])
    expected = (logits.detach().softmax(-1) - target) / 3.0
    expected[0, 3] = 0.0
    torch.testing.assert_close(gradient, expected)


def test_the_distance_is_the_divergence_of_a_naive_loop() -> None:
    torch.manual_seed(1)
    logits, target = torch.randn(2, 3, 5), torch.randn(2, 3, 5).softmax(-1)
    kinds = torch.ones(2, 3, dtype=torch.int32)
    loss, distance = CategoricalLoss().forward(kinds, logits, target)
    entropies = []
    for t in range(2):
        for m in range(3):
            p, q = target[t, m].tolist(), logits[t, m].softmax(-1).tolist()
            divergence = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
            assert distance[t, m].item() == pytest.approx(divergence, abs=1e-5)
            entropies.append(-sum(a * math.log(b) for a, b in zip(p, q, strict=True)))
    assert loss.item() == pytest.approx(sum(entropies) / 6.0, rel=1e-5)
