"""Projection heads: shapes for any batch, first policies, gradients."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from alfgraph.components.networks.modules.heads import (
    BernoulliHead,
    BetaHead,
    CategoricalHead,
    MultiCategoricalHead,
    NormalHead,
    ProductHead,
    SquashedNormalHead,
    StdOptions,
)
from alfgraph.components.networks.modules.initializers import orthogonal
from alfgraph.distributions import TensorDistribution, from_static

FEATURES = 16
BOUNDS = ([-1.0, 0.0, -3.0], [1.0, 0.5, 3.0])


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def heads() -> dict[str, tuple[nn.Module, tuple[int, ...]]]:
    """Every head with the shape of its actions."""
    state_dependent = StdOptions(state_dependent=True)
    return {
        "categorical": (CategoricalHead(FEATURES, 5, start=1), ()),
        "multi_categorical": (MultiCategoricalHead(FEATURES, [2, 4], [0, 1]), (2,)),
        "multi_categorical_matrix": (
            MultiCategoricalHead(FEATURES, [3] * 4, shape=[2, 2]),
            (2, 2),
        ),
        "bernoulli": (BernoulliHead(FEATURES, (6,)), (6,)),
        "normal": (NormalHead(FEATURES, (3,), squash_mean_to=BOUNDS), (3,)),
        "normal_scalar": (NormalHead(FEATURES, ()), ()),
        "normal_matrix": (NormalHead(FEATURES, (2, 3), state_dependent), (2, 3)),
        "squashed": (SquashedNormalHead(FEATURES, (3,), BOUNDS), (3,)),
        "squashed_scalar": (SquashedNormalHead(FEATURES, (), (-2.0, 2.0), StdOptions()), ()),
        "beta": (BetaHead(FEATURES, (3,), BOUNDS), (3,)),
        "beta_matrix": (BetaHead(FEATURES, (2, 3)), (2, 3)),
    }


NAMES = list(heads())


@pytest.mark.parametrize("batch", [(), (7,), (3, 4)])
@pytest.mark.parametrize("name", NAMES)
def test_heads_take_any_batch(name: str, batch: tuple[int, ...]) -> None:
    head, shape = heads()[name]
    policy = head(torch.randn(*batch, FEATURES))
    assert policy.sample().shape == policy.mode().shape == (*batch, *shape)
    log_prob = policy.log_prob(policy.sample())
    assert log_prob.shape == policy.entropy().shape == batch
    assert log_prob.dtype == torch.float32


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_gets_a_gradient(name: str) -> None:
    head, _ = heads()[name]
    policy = head(torch.randn(7, FEATURES))
    loss = policy.log_prob(policy.sample())
    parameters = list(head.parameters())
    gradients = torch.autograd.grad(loss.sum(), parameters)
    assert all(bool((gradient != 0).any()) for gradient in gradients)


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_can_be_rebuilt_and_a_head_copied(name: str) -> None:
    head, _ = heads()[name]
    features = torch.randn(7, FEATURES)
    policy: TensorDistribution = head(features)
    rebuilt = from_static(policy.static(), policy.tensors)
    assert torch.equal(rebuilt.mode(), policy.mode())
    assert torch.equal(copy.deepcopy(head)(features).mode(), policy.mode())


@pytest.mark.parametrize("name", NAMES)
def test_hooks_on_the_modules_of_a_head_fire(name: str) -> None:
    head, _ = heads()[name]
    inner = [module for module in head.modules() if module is not head]
    called: list[nn.Module] = []
    for module in inner:
        module.register_forward_hook(lambda module, *_: called.append(module))
    head(torch.randn(2, FEATURES))
    assert inner and set(called) == set(inner)


# First policies ---------------------------------------------------------------------------------


def std_at_first(options: StdOptions) -> float:
    policy = NormalHead(FEATURES, (2,), options)(torch.zeros(5, FEATURES))
    (std,) = policy.std.unique().tolist()
    return float(std)


@pytest.mark.parametrize("state_dependent", [False, True])
def test_the_first_std_is_that_of_alf(state_dependent: bool) -> None:
    assert std_at_first(StdOptions(state_dependent)) == pytest.approx(0.6931, abs=1e-4)


def test_the_first_std_is_a_log_std_with_exp() -> None:
    assert std_at_first(StdOptions(bias=-0.5, transform="exp")) == pytest.approx(math.exp(-0.5))


def test_the_log_std_is_clamped() -> None:
    assert std_at_first(StdOptions(bias=5.0, transform="clipped_exp")) == pytest.approx(math.e**2)
    low = StdOptions(True, bias=-30.0, transform="clipped_exp")
    assert std_at_first(low) == pytest.approx(math.exp(-20.0))


def test_the_std_keeps_its_limits() -> None:
    assert std_at_first(StdOptions(minimum=0.8)) == pytest.approx(0.8)
    assert std_at_first(StdOptions(maximum=0.3)) == pytest.approx(0.3)


def test_a_global_std_is_one_parameter_for_all_states() -> None:
    head = NormalHead(FEATURES, (2,))
    assert {name: tuple(p.shape) for name, p in head.named_parameters()} == {
        "mean_and_std.raw_std": (2,),
        "mean_and_std.projection.weight": (2, FEATURES),
        "mean_and_std.projection.bias": (2,),
    }


def test_mean_and_std_are_initialised_each_by_itself() -> None:
    head = NormalHead(8, (3,), StdOptions(True), initializer=orthogonal(0.01))
    weight = head.mean_and_std.projection.weight
    for half in weight.chunk(2):
        torch.testing.assert_close(half @ half.T, 1e-4 * torch.eye(3), atol=1e-9, rtol=0)


def test_a_squashed_mean_stays_within_the_bounds() -> None:
    head = NormalHead(FEATURES, (3,), squash_mean_to=BOUNDS)
    mean = head(1e4 * torch.randn(100, FEATURES)).mean
    low, high = (torch.tensor(bound) for bound in BOUNDS)
    assert (mean >= low).all()
    assert (mean <= high).all()
    torch.testing.assert_close(head(torch.zeros(FEATURES)).mean, (low + high) / 2)


@pytest.mark.parametrize("name", ["squashed", "beta"])
def test_bounded_heads_act_within_their_bounds(name: str) -> None:
    head, _ = heads()[name]
    action = head(100 * torch.randn(500, FEATURES)).sample()
    low, high = (torch.tensor(bound) for bound in BOUNDS)
    assert (action >= low).all()
    assert (action <= high).all()


def test_a_beta_policy_begins_uniform() -> None:
    policy = BetaHead(FEATURES, (2,), (-2.0, 2.0))(torch.randn(4, FEATURES))
    torch.testing.assert_close(policy.alpha, torch.ones(4, 2))
    torch.testing.assert_close(policy.beta, torch.ones(4, 2))
    torch.testing.assert_close(policy.entropy(), torch.full((4,), 2 * math.log(4.0)))


def test_a_beta_concentration_has_a_floor() -> None:
    policy = BetaHead(FEATURES, (2,), min_concentration=1.0)(torch.randn(4, FEATURES))
    torch.testing.assert_close(policy.alpha, torch.full((4, 2), 2.0))


def concentration_gradient(gradient_clip: float | None) -> Tensor:
    head = BetaHead(FEATURES, (2,), gradient_clip=gradient_clip)
    policy = head(torch.zeros(1, FEATURES))
    loss = policy.log_prob(torch.full((1, 2), 0.999)).sum()
    (gradient,) = torch.autograd.grad(loss, head.concentration.bias)
    return gradient / torch.sigmoid(head.concentration.bias).detach()  # back through softplus


def test_a_beta_gradient_is_shortened_not_turned() -> None:
    free, clipped = concentration_gradient(None), concentration_gradient(0.01)
    assert free.norm().item() > 1.0
    assert clipped.norm().item() == pytest.approx(0.01, rel=1e-4)
    torch.testing.assert_close(clipped / clipped.norm(), free / free.norm())
    torch.testing.assert_close(concentration_gradient(1e3), free)


def test_first_logits_are_small() -> None:
    head = CategoricalHead(300, 400)
    assert head.logits.weight.std().item() == pytest.approx(0.1 / math.sqrt(300), rel=0.02)
    assert head.logits.bias.abs().max().item() == 0.0


def test_infinite_bounds_are_refused() -> None:
    with pytest.raises(ValueError, match="needs finite bounds"):
        SquashedNormalHead(FEATURES, (2,), (-math.inf, 1.0))
    with pytest.raises(ValueError, match="needs finite bounds"):
        NormalHead(FEATURES, (2,), squash_mean_to=(-1.0, math.inf))


# Products ---------------------------------------------------------------------------------------


def test_a_product_of_heads_nests() -> None:
    arm = ProductHead({"left": NormalHead(FEATURES, (3,)), "keys": CategoricalHead(FEATURES, 4)})
    head = ProductHead({"z": BernoulliHead(FEATURES, (2,)), "arm.right": arm})
    policy = head(torch.randn(5, FEATURES))
    action: Any = policy.sample()
    assert list(action) == ["z", "arm.right"]
    assert list(action["arm.right"]) == ["left", "keys"]
    expected = policy.parts["z"].log_prob(action["z"]) + policy.parts["arm.right"].log_prob(
        action["arm.right"]
    )
    torch.testing.assert_close(policy.log_prob(action), expected)
    assert len(list(head.parameters())) == 2 + 3 + 2


# Devices ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_heads_work_on_the_meta_device_and_come_back(name: str) -> None:
    with torch.device("meta"):
        head, shape = heads()[name]
        assert head(torch.randn(7, FEATURES)).sample().shape == (7, *shape)
    head, _ = heads()[name]
    expected = head(torch.ones(FEATURES)).mode()
    copy.deepcopy(head).to("meta")(torch.ones(FEATURES, device="meta")).sample()
    policy = head(torch.ones(FEATURES))
    policy.like(*(tensor.to("meta") for tensor in policy.tensors)).sample()  # shares its bounds
    assert torch.equal(head(torch.ones(FEATURES)).mode(), expected)
