"""Light distributions: against literals first, against torch.distributions second."""

import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor, distributions

from alfgraph.distributions import (
    Bernoulli,
    Beta,
    Categorical,
    Deterministic,
    MultiCategorical,
    Normal,
    Product,
    SquashedNormal,
    TensorDistribution,
    from_static,
)

BATCHES = [(), (5,), (3, 4)]
LOW, HIGH = [-1.0, 0.1, -3.0], [2.0, 0.7, -1.0]


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def one_of_each(batch: tuple[int, ...] = (5,)) -> dict[str, TensorDistribution]:
    wide = (*batch, 3)
    mean, std = torch.randn(wide), torch.rand(wide) + 0.5
    alpha, beta = torch.rand(wide) * 3 + 0.5, torch.rand(wide) * 3 + 0.5
    return {
        "categorical": Categorical(torch.randn(*batch, 4), start=2),
        "multi_categorical": MultiCategorical(torch.randn(*batch, 9), [2, 4, 3], [0, 5, 1]),
        "multi_equal": MultiCategorical(torch.randn(*batch, 8), [2] * 4, shape=[2, 2]),
        "bernoulli": Bernoulli(torch.randn(wide)),
        "normal": Normal(mean, std),
        "normal_scalar": Normal(mean[..., 0], std[..., 0], event_ndim=0),
        "normal_matrix": Normal(
            torch.randn(*batch, 2, 3), torch.rand(*batch, 2, 3) + 0.1, event_ndim=2
        ),
        "squashed": SquashedNormal(mean, std, -2.0, 2.0),
        "squashed_bounds": SquashedNormal(mean, std, LOW, HIGH),
        "beta": Beta(alpha, beta, -2.0, 2.0),
        "beta_bounds": Beta(alpha, beta, LOW, HIGH),
        "product": Product(
            {
                "z": Categorical(torch.randn(*batch, 4)),
                "arm": Product({"a": Normal(mean, std), "b": SquashedNormal(mean, std)}),
            }
        ),
    }


NAMES = list(one_of_each())


def as_torch(light: TensorDistribution) -> Any:
    """The same distribution out of torch.distributions."""
    match light:
        case Normal():
            return distributions.Independent(
                distributions.Normal(light.mean, light.std), light.event_ndim
            )
        case Bernoulli():
            return distributions.Independent(distributions.Bernoulli(logits=light.logits), 1)
        case SquashedNormal():
            base = distributions.Independent(distributions.Normal(light.mean, light.std), 1)
            low, high = torch.tensor(light.interval.low), torch.tensor(light.interval.high)
            return distributions.TransformedDistribution(
                base,
                [
                    distributions.TanhTransform(),
                    distributions.AffineTransform((low + high) / 2, (high - low) / 2, event_dim=0),
                ],
            )
        case Beta():
            low, high = torch.tensor(light.interval.low), torch.tensor(light.interval.high)
            return distributions.TransformedDistribution(
                distributions.Independent(distributions.Beta(light.alpha, light.beta), 1),
                [distributions.AffineTransform(low, high - low)],
            )
    raise NotImplementedError


# Literals ---------------------------------------------------------------------------------------


def test_standard_normal() -> None:
    normal = Normal(torch.zeros(2), torch.ones(2))
    assert normal.log_prob(torch.zeros(2)).item() == pytest.approx(-math.log(2 * math.pi))
    assert normal.entropy().item() == pytest.approx(1 + math.log(2 * math.pi))
    assert normal.kl(Normal(torch.ones(2), torch.ones(2))).item() == pytest.approx(1.0)
    assert normal.kl(Normal(torch.zeros(2), torch.full((2,), 2.0))).item() == pytest.approx(
        2 * (math.log(2) + 1 / 8 - 1 / 2)
    )


def test_squashed_normal_at_its_middle() -> None:
    policy = SquashedNormal(torch.zeros(1), torch.ones(1), low=1.0, high=5.0)
    assert policy.mode().tolist() == [3.0]
    expected = -0.5 * math.log(2 * math.pi) - math.log(2.0)  # |da/du| = (high - low)/2 there
    assert policy.log_prob(torch.tensor([3.0])).item() == pytest.approx(expected)


def test_uniform_beta() -> None:
    policy = Beta(torch.ones(2), torch.ones(2), low=-2.0, high=2.0)
    assert policy.log_prob(torch.tensor([1.9, -0.3])).item() == pytest.approx(-2 * math.log(4))
    assert policy.entropy().item() == pytest.approx(2 * math.log(4))
    assert policy.mode().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("alpha", "beta", "peak"),
    [(3.0, 2.0, 2 / 3), (3.0, 1.0, 1.0), (0.5, 2.0, 0.0), (0.5, 1.0, 1 / 3)],
)
def test_the_mode_of_beta(alpha: float, beta: float, peak: float) -> None:
    mode = Beta(torch.tensor([alpha]), torch.tensor([beta])).mode()
    assert mode.item() == pytest.approx(peak)


def test_deterministic_is_its_action() -> None:
    value = torch.randn(5, 3, requires_grad=True)
    policy = Deterministic(value)
    assert policy.mode() is value
    assert policy.rsample() is value
    assert not policy.sample().requires_grad
    assert torch.equal(policy.sample(), value)
    for refused in (policy.entropy, lambda: policy.log_prob(value), lambda: policy.kl(policy)):
        with pytest.raises(TypeError, match=r"has no .*: all its mass is on one action"):
            refused()


# Against torch.distributions --------------------------------------------------------------------


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", ["bernoulli", "normal", "normal_scalar", "normal_matrix"])
def test_closed_forms_equal_torch(batch: tuple[int, ...], name: str) -> None:
    mine, other = one_of_each(batch)[name], one_of_each(batch)[name]
    theirs = as_torch(mine)
    action = mine.sample()
    assert action.shape == theirs.sample().shape
    torch.testing.assert_close(mine.log_prob(action), theirs.log_prob(action.float()))
    torch.testing.assert_close(mine.entropy(), theirs.entropy())
    torch.testing.assert_close(
        mine.kl(other), distributions.kl_divergence(theirs, as_torch(other)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", ["squashed", "squashed_bounds", "beta", "beta_bounds"])
def test_bounded_densities_equal_torch(batch: tuple[int, ...], name: str) -> None:
    mine, other = one_of_each(batch)[name], one_of_each(batch)[name]
    theirs = as_torch(mine)
    action = mine.mode() * 0.5 + mine.sample() * 0.5  # away from the bounds, and not remembered
    expected = theirs.log_prob(action)
    expected = expected if expected.shape == batch else expected.sum(-1)
    torch.testing.assert_close(mine.log_prob(action), expected, rtol=1e-4, atol=1e-4)
    base, other_base = theirs.base_dist, as_torch(other).base_dist
    divergence = distributions.kl_divergence(base, other_base)
    torch.testing.assert_close(mine.kl(other), divergence, rtol=1e-4, atol=1e-5)


def test_beta_entropy_equals_torch() -> None:
    mine = one_of_each()["beta"]
    expected = as_torch(mine).base_dist.entropy() + 3 * math.log(4.0)
    torch.testing.assert_close(mine.entropy(), expected, rtol=1e-5, atol=1e-5)


def test_squashed_entropy_is_estimated_without_bias() -> None:
    policy = SquashedNormal(torch.full((200_000, 1), 0.3), torch.full((200_000, 1), 0.8))
    estimate = policy.entropy()
    sampled = -policy.log_prob(policy.sample())
    assert estimate.mean().item() == pytest.approx(sampled.mean().item(), abs=0.01)


# Sampling ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["normal", "squashed_bounds", "beta_bounds"])
@pytest.mark.parametrize("method", ["sample", "rsample"])
def test_moments_of_continuous_samples(name: str, method: str) -> None:
    one = one_of_each(())[name]
    many = one.like(*(tensor.expand(100_000, 3) for tensor in one.tensors))
    draws = getattr(many, method)()
    reference = as_torch(one).sample((100_000,))
    torch.testing.assert_close(draws.mean(0), reference.mean(0), atol=0.03, rtol=0)
    torch.testing.assert_close(draws.std(0), reference.std(0), atol=0.03, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_sampling_follows_the_global_generator(name: str) -> None:
    policy = one_of_each()[name]
    torch.manual_seed(3)
    first = str(policy.sample())
    torch.manual_seed(3)
    assert str(policy.sample()) == first
    assert str(policy.sample()) != first


@pytest.mark.parametrize("name", ["squashed_bounds", "beta_bounds"])
def test_saturated_actions_stay_within_the_bounds(name: str) -> None:
    one = one_of_each(())[name]
    for first in (-60.0, 60.0) if name == "squashed_bounds" else (1e-3, 60.0):
        tensors = (torch.full((1000, 3), first), torch.full((1000, 3), 0.5))
        action = one.like(*tensors).sample()
        assert (action >= torch.tensor(LOW)).all()
        assert (action <= torch.tensor(HIGH)).all()
        assert torch.isfinite(one.like(*tensors).log_prob(action)).all()


# Gradients --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_sample_stops_the_gradient(name: str) -> None:
    one = one_of_each()[name]
    policy = one.like(*(tensor.requires_grad_() for tensor in one.tensors))
    assert "grad_fn" not in str(policy.sample())


@pytest.mark.parametrize("name", ["normal", "squashed", "squashed_bounds", "beta", "product"])
def test_log_prob_and_kl_have_the_right_gradient(name: str) -> None:
    one, other = one_of_each((2,))[name], one_of_each((2,))[name]
    action = one.sample()
    reference = other.like(*(tensor.double() for tensor in other.tensors))

    def outputs(*tensors: Tensor) -> tuple[Tensor, Tensor]:
        policy = one.like(*tensors)
        return policy.log_prob(_double(action)), policy.kl(reference)

    tensors = [tensor.detach().double().requires_grad_() for tensor in one.tensors]
    assert torch.autograd.gradcheck(outputs, tensors)


def _double(action: Any) -> Any:
    if isinstance(action, dict):
        return {name: _double(part) for name, part in action.items()}
    return action.double() if action.is_floating_point() else action


@pytest.mark.parametrize("name", ["normal", "squashed_bounds"])
def test_rsample_has_the_right_gradient(name: str) -> None:
    one = one_of_each((2,))[name]

    def outputs(*tensors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        torch.manual_seed(1)
        policy = one.like(*tensors)
        action = policy.rsample()
        return action, policy.log_prob(action), policy.entropy()

    tensors = [tensor.detach().double().requires_grad_() for tensor in one.tensors]
    assert torch.autograd.gradcheck(outputs, tensors)


def test_rsample_of_beta_has_the_gradient_of_its_mean() -> None:
    alpha, beta = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    policy = Beta(alpha.expand(200_000, 1), beta.expand(200_000, 1), -1.0, 3.0)
    gradients = torch.autograd.grad(policy.rsample().mean(), [alpha, beta])
    assert gradients[0].item() == pytest.approx(4 * 3 / 25, rel=0.02)  # d/da 4 a/(a+b)
    assert gradients[1].item() == pytest.approx(4 * -2 / 25, rel=0.02)


@pytest.mark.parametrize("name", ["categorical", "multi_categorical", "bernoulli"])
def test_a_discrete_rsample_is_refused(name: str) -> None:
    policy = one_of_each()[name]
    assert not policy.reparametrised
    with pytest.raises(TypeError, match=r"has no reparametrised sample.*log_prob"):
        policy.rsample()


def test_a_product_is_as_reparametrised_as_its_parts() -> None:
    normal, choice = Normal(torch.zeros(2), torch.ones(2)), Categorical(torch.zeros(3))
    assert Product({"a": normal}).reparametrised
    assert not Product({"a": normal, "b": choice}).reparametrised
    with pytest.raises(TypeError, match="Categorical has no reparametrised sample"):
        Product({"a": normal, "b": choice}).rsample()


# The remembered sample --------------------------------------------------------------------------


def test_log_prob_of_the_very_sample_is_exact_where_tanh_saturates() -> None:
    mean = torch.full((4, 1), 12.0, requires_grad=True)
    policy = SquashedNormal(mean, torch.full((4, 1), 1e-3))
    action = policy.rsample()
    assert (action == 1.0).all()
    u = 12.0  # log N(u) is about -log std - log(2 pi)/2 - noise^2/2; log|da/du| = 2(log 2 - u)
    exact = -math.log(1e-3) - 0.5 * math.log(2 * math.pi) - 2 * (math.log(2) - u)
    assert policy.log_prob(action).mean().item() == pytest.approx(exact, abs=4.0)
    assert policy.log_prob(action.clone()).mean().item() < -1e6  # atanh can only tell u > 8.3


def test_sac_gradient_flows_through_the_remembered_sample() -> None:
    mean = torch.zeros(1, 2, requires_grad=True)
    policy = SquashedNormal(mean, torch.ones(1, 2))
    action = policy.rsample()
    (gradient,) = torch.autograd.grad(policy.log_prob(action).sum(), mean)
    # With u = mean + noise only the Jacobian moves: d(-log(1 - tanh(u)^2))/du = 2 tanh(u)
    torch.testing.assert_close(gradient, 2 * action.detach())


def test_entropy_leaves_the_remembered_sample_alone() -> None:
    policy = SquashedNormal(torch.full((3, 1), 20.0), torch.ones(3, 1))
    action = policy.sample()
    before = policy.log_prob(action)
    policy.entropy()
    assert torch.equal(policy.log_prob(action), before)


# Rebuilding -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NAMES, "deterministic"])
def test_a_distribution_survives_json_and_a_buffer(name: str) -> None:
    policies = {**one_of_each(), "deterministic": Deterministic(torch.randn(5, 3))}
    policy = policies[name]
    rebuilt = from_static(json.loads(json.dumps(policy.static())), policy.tensors)
    assert type(rebuilt) is type(policy)
    assert rebuilt.static() == policy.static()
    assert rebuilt.parameter_names == policy.parameter_names
    assert len(policy.tensors) == len(policy.parameter_names)
    assert str(rebuilt.mode()) == str(policy.mode())
    if name != "deterministic":
        action = policy.sample()
        torch.testing.assert_close(rebuilt.log_prob(action), policy.log_prob(action))
        torch.testing.assert_close(rebuilt.kl(policy), torch.zeros(5), atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", NAMES)
def test_like_slices(name: str) -> None:
    policy = one_of_each((3, 4))[name]
    part = policy.like(*(tensor[1] for tensor in policy.tensors))
    assert part.static() == policy.static()
    action = policy.sample()
    expected = policy.log_prob(action)[1]
    torch.testing.assert_close(part.log_prob(_row(action, 1)), expected, rtol=1e-3, atol=1e-3)
    assert expected.shape == (4,)
    assert expected.dtype == torch.float32


def _row(action: Any, index: int) -> Any:
    if isinstance(action, dict):
        return {name: _row(part, index) for name, part in action.items()}
    return action[index]


@pytest.mark.parametrize("name", NAMES)
def test_detach_cuts_every_parameter(name: str) -> None:
    one = one_of_each()[name]
    policy = one.like(*(tensor.requires_grad_() for tensor in one.tensors))
    assert not any(tensor.requires_grad for tensor in policy.detach().tensors)


def test_product_names_its_tensors_by_path() -> None:
    product = one_of_each()["product"]
    assert product.parameter_names == (
        "z.logits",
        "arm.a.mean",
        "arm.a.std",
        "arm.b.mean",
        "arm.b.std",
    )
    assert list(product.sample()) == ["z", "arm"]
    assert list(product.sample()["arm"]) == ["a", "b"]


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(TypeError, match=r"no distribution family is named 'cauchy' \(known: bern"):
        from_static({"family": "cauchy"}, [])


def test_a_family_of_a_user_is_found() -> None:
    class Shouting(Categorical):
        __slots__ = ()
        family = "shouting"

    rebuilt = from_static(Shouting(torch.zeros(2), 3).static(), [torch.zeros(2)])
    assert type(rebuilt) is Shouting
    assert rebuilt.start == 3


def test_repr_shows_shapes_and_settings() -> None:
    shown = repr(Normal(torch.zeros(5, 3), torch.ones(5, 3)))
    assert shown == "Normal(mean=float32[5, 3], std=float32[5, 3], event_ndim=1)"


# Refusals ---------------------------------------------------------------------------------------


def test_kl_refuses_other_families_parts_and_bounds() -> None:
    mean, std = torch.zeros(2), torch.ones(2)
    with pytest.raises(TypeError, match="one family, got Normal and SquashedNormal"):
        one_of_each()["normal"].kl(one_of_each()["squashed"])
    with pytest.raises(TypeError, match="the same bounds"):
        SquashedNormal(mean, std).kl(SquashedNormal(mean, std, -2.0, 2.0))
    with pytest.raises(TypeError, match="of the same parts, got a and b"):
        Product({"a": Normal(mean, std)}).kl(Product({"b": Normal(mean, std)}))
