"""Soft values by hand, for continuous, discrete and mixed actions; draws; values chosen."""

import math
from typing import Any

import pytest
import torch

from alfgraph.components import ChosenValue, Draw, SoftValue
from alfgraph.diagnostics.errors import WiringError
from alfgraph.distributions import Categorical, Normal, Product
from alfgraph.specs.spec import Spec, parse_spec

CONTINUOUS = parse_spec("float32[2] in [-1, 1]")
DISCRETE = parse_spec("int64[] in [5, 8)")
MIXED = parse_spec("{grip: int64[] in [0, 2), arm: float32[1] in [-1, 1]}")
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def choices(*probabilities: float, start: int = 0) -> Categorical:
    return Categorical(torch.tensor([probabilities]).log(), start)


def test_the_drawn_action_stands_for_all_continuous_ones() -> None:
    """Two standard normals at their mean: -log π = log 2π; V = 3 + 0.5 log 2π."""
    module = SoftValue().forward
    policy = Normal(torch.zeros(1, 2), torch.ones(1, 2))
    value, entropy = module(policy, torch.zeros(1, 2), torch.tensor([3.0]), torch.tensor(0.5))
    assert entropy.item() == pytest.approx(2.0 * HALF_LOG_TWO_PI)
    assert value.item() == pytest.approx(3.0 + 0.5 * 2.0 * HALF_LOG_TWO_PI)


def test_all_choices_count_by_their_probability() -> None:
    """1/2·1 + 1/4·2 + 1/4·4 = 2; H = 1.5 log 2."""
    module = SoftValue().forward
    policy = choices(0.5, 0.25, 0.25, start=5)
    q = torch.tensor([[1.0, 2.0, 4.0]])
    for action in (5, 7):
        value, entropy = module(policy, torch.tensor([action]), q, torch.tensor(2.0))
        assert entropy.item() == pytest.approx(1.5 * math.log(2.0))
        assert value.item() == pytest.approx(2.0 + 3.0 * math.log(2.0))


def test_a_choice_and_a_continuous_part_have_a_temperature_each() -> None:
    """3/4·1 + 1/4·5 = 2; the choice's entropy times 2, the arm's times 10."""
    module = SoftValue().forward
    policy = Product(
        {"grip": choices(0.75, 0.25), "arm": Normal(torch.zeros(1, 1), torch.ones(1, 1))}
    )
    action = {"grip": torch.tensor([1]), "arm": torch.zeros(1, 1)}
    q, alpha = torch.tensor([[1.0, 5.0]]), torch.tensor([2.0, 10.0])
    value, entropy = module(policy, action, q, alpha)
    of_choice = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    torch.testing.assert_close(entropy, torch.tensor([[of_choice, HALF_LOG_TWO_PI]]))
    assert value.item() == pytest.approx(2.0 + 2.0 * of_choice + 10.0 * HALF_LOG_TWO_PI)


def test_the_best_policy_is_the_softmax_of_the_values() -> None:
    """The gradient of V with respect to the logits is 0 at π = softmax(Q / α)."""
    q = torch.tensor([[1.0, -2.0, 0.5]])
    logits = (q / 0.7).requires_grad_()
    module = SoftValue().forward
    value, _ = module(Categorical(logits, 5), torch.tensor([5]), q, torch.tensor(0.7))
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    torch.testing.assert_close(gradient, torch.zeros(1, 3), atol=1e-6, rtol=0.0)
    assert value.item() == pytest.approx(0.7 * torch.logsumexp(q / 0.7, -1).item(), rel=1e-6)


def test_a_record_with_nothing_but_a_choice_is_discrete() -> None:
    module = SoftValue().forward
    policy = Product({"grip": choices(0.5, 0.5)})
    q = torch.tensor([[1.0, 2.0]])
    value, _ = module(policy, {"grip": torch.tensor([0])}, q, torch.tensor(0.0))
    assert value.item() == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("action", "q", "value", "alpha"),
    [
        (CONTINUOUS, (), (), "float32[]"),
        (CONTINUOUS, (7,), (7,), "float32[]"),
        (DISCRETE, (3,), (), "float32[]"),
        (MIXED, (2,), (), "float32[2]"),
    ],
)
def test_sizes_follow_from_the_action(action: Spec, q: Any, value: Any, alpha: str) -> None:
    derived = SoftValue().derive(action, q)
    assert derived["*v"] == value
    assert derived["alpha"] == parse_spec(alpha)
    assert derived["alpha"].sample == derived["*k"]


def test_every_quantile_gets_the_entropy() -> None:
    policy = Normal(torch.zeros(2, 1), torch.ones(2, 1))
    q = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    value, _ = SoftValue().forward(policy, torch.zeros(2, 1), q, torch.tensor(2.0))
    torch.testing.assert_close(value, q + 2.0 * HALF_LOG_TWO_PI)


@pytest.mark.parametrize("action", ["int64[2] in [0, 3)", "int8[4] in [0, 2)", "int64[]"])
def test_several_choices_are_refused(action: str) -> None:
    with pytest.raises(WiringError, match="need one bounded discrete choice"):
        SoftValue().derive(parse_spec(action), ())


def test_the_gradient_reaches_the_continuous_part_of_a_draw() -> None:
    torch.manual_seed(0)
    mean = torch.zeros(4, 1, requires_grad=True)
    arm = Normal(mean, torch.ones(4, 1))
    draw: Any = Draw().forward(Product({"grip": choices(0.0, 1.0), "arm": arm}))
    assert draw["grip"].tolist() == [1]
    (gradient,) = torch.autograd.grad(draw["arm"].sum(), mean)
    assert gradient.tolist() == [[1.0]] * 4


def test_the_value_chosen() -> None:
    values = torch.tensor([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])
    module = ChosenValue().build(DISCRETE)
    assert module(values, torch.tensor([7])).tolist() == [[3.0, 30.0]]
    assert module(values[None], torch.tensor([[5]])).tolist() == [[[1.0, 10.0]]]
    mixed = ChosenValue().build(MIXED)
    assert mixed(values[:, :2], {"grip": torch.tensor([1])}).tolist() == [[2.0, 20.0]]
    assert ChosenValue().build(CONTINUOUS)(values, torch.zeros(1, 2)) is values
