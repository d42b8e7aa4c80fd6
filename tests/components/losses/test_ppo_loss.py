"""The losses of PPO and of actor-critic by hand, and each in both arithmetics."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from alfgraph.components import ActorCriticLoss, PPOLoss
from alfgraph.components.losses.actor_critic_in_numpy import actor_critic_in_numpy, ppo_in_numpy
from alfgraph.components.losses.actor_critic_loss import actor_critic_loss
from alfgraph.components.losses.averages import average_weights
from alfgraph.components.losses.ppo_loss import ppo_loss
from alfgraph.diagnostics.errors import UsageError

Formula = Callable[..., tuple[Tensor, ...]]

BOTH_PPO = pytest.mark.parametrize("formula", [ppo_loss, ppo_in_numpy])
BOTH_ACTOR_CRITIC = pytest.mark.parametrize("formula", [actor_critic_loss, actor_critic_in_numpy])
WEIGHTS = {"value_weight": 1.0, "entropy_weight": 0.0}


def entry(number: float) -> Tensor:
    return torch.full((1, 1), number)


def ppo(
    formula: Formula,
    log_prob: Tensor,
    advantage: Tensor,
    old_log_prob: Tensor,
    weights: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """PPO's loss at a clip of 0.2, of values without error."""
    zeros = torch.zeros_like(advantage)
    weights = torch.ones_like(advantage) if weights is None else weights
    return formula(
        weights, advantage, zeros, log_prob, zeros, zeros, old_log_prob, clip=0.2, **WEIGHTS
    )


# --- the policy's part


@BOTH_ACTOR_CRITIC
def test_policy_gradient(formula: Formula) -> None:
    log_prob = torch.tensor([[-1.0, -2.0]], requires_grad=True)
    advantage, zeros = torch.tensor([[3.0, -4.0]], requires_grad=True), torch.zeros(1, 2)
    for chosen, expected, slopes in (
        ([[1.0, 0.0]], 3.0, [[-3.0, 0.0]]),
        ([[0.0, 1.0]], -8.0, [[0.0, 4.0]]),
    ):
        loss, *_ = formula(
            torch.tensor(chosen), advantage, zeros, log_prob, zeros, zeros, **WEIGHTS
        )
        gradients = torch.autograd.grad(loss, [log_prob, advantage], allow_unused=True)
        assert loss.item() == expected
        assert gradients[0].tolist() == slopes
        assert gradients[1] is None


@BOTH_PPO
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
def test_clipped_surrogate(
    formula: Formula, ratio: float, advantage: float, loss: float, slope: float
) -> None:
    log_prob = entry(math.log(ratio) - 1.0).requires_grad_()
    result, *_ = ppo(formula, log_prob, entry(advantage), entry(-1.0))
    (gradient,) = torch.autograd.grad(result, [log_prob])
    assert result.item() == pytest.approx(loss)
    assert gradient.item() == pytest.approx(slope)


@BOTH_PPO
@pytest.mark.parametrize(
    ("moved", "kl", "outside"),
    [
        (0.0, 0.0, 0.0),
        (math.log(2.0), 1 - math.log(2.0), 1.0),
        (math.log(0.9), -0.1 - math.log(0.9), 0.0),
    ],
)
def test_how_far_the_policy_moved(
    formula: Formula, moved: float, kl: float, outside: float
) -> None:
    *_, divergence, clipped = ppo(formula, entry(moved), entry(1.0), entry(0.0))
    assert divergence.item() == pytest.approx(kl, rel=1e-5, abs=1e-7)
    assert clipped.item() == outside


@BOTH_PPO
def test_approximate_kl_is_unbiased(formula: Formula) -> None:
    old, new = torch.tensor([[0.2, 0.3, 0.5]]), torch.tensor([[0.4, 0.4, 0.2]])
    exact = (old * (old / new).log()).sum()
    *_, kl, _ = ppo(formula, new.log(), torch.ones(1, 3), old.log(), weights=old)
    torch.testing.assert_close(kl, exact)


@BOTH_PPO
def test_entries_without_weight_cannot_poison_the_loss(formula: Formula) -> None:
    log_prob = torch.tensor([[500.0, 0.0]], requires_grad=True)
    advantage = torch.tensor([[-1.0, 1.0]])
    weights = torch.tensor([[0.0, 1.0]])
    loss, *parts = ppo(formula, log_prob, advantage, torch.zeros(1, 2), weights)
    assert loss.item() == -1.0
    assert [part.item() for part in parts] == [-1.0, 0.0, 0.0, 0.0, 0.0]
    assert torch.autograd.grad(loss, [log_prob])[0].tolist() == [[0.0, -1.0]]


# --- the whole


@BOTH_PPO
def test_the_loss_of_ppo_by_hand(formula: Formula) -> None:
    loss, policy_loss, value_loss, entropy, kl, outside = formula(
        entry(1.0),
        entry(2.0),
        entry(5.0),
        entry(math.log(1.5)),
        entry(0.7),
        entry(3.0),
        entry(0.0),
        clip=0.2,
        value_weight=0.5,
        entropy_weight=0.1,
    )
    assert policy_loss.item() == pytest.approx(-2.4)
    assert value_loss.item() == pytest.approx(4.0)
    assert entropy.item() == pytest.approx(0.7)
    assert loss.item() == pytest.approx(-2.4 + 0.5 * 4.0 - 0.1 * 0.7)
    assert kl.item() == pytest.approx(0.5 - math.log(1.5))
    assert outside.item() == 1.0


@BOTH_PPO
@pytest.mark.parametrize(
    ("value", "error", "slope"),
    [
        (1.0, 9.0, -6.0),  # has not moved: the plain error
        (1.1, 2.9**2, -5.8),  # within the clip
        (2.0, 2.8**2, 0.0),  # moved towards the return further than the clip: no more to gain
        (0.0, 16.0, -8.0),  # moved away: the plain error pulls back
    ],
)
def test_clipped_values(formula: Formula, value: float, error: float, slope: float) -> None:
    prediction, zero = entry(value).requires_grad_(), entry(0.0)
    loss, _, value_loss, *_ = formula(
        entry(1.0),
        zero,
        entry(4.0),
        zero,
        zero,
        prediction,
        zero,
        entry(1.0),
        clip=0.2,
        value_clip=0.2,
        **WEIGHTS,
    )
    assert value_loss.item() == pytest.approx(error)
    assert torch.autograd.grad(loss, [prediction])[0].item() == pytest.approx(slope)


PPO_SETTINGS: dict[str, dict[str, Any]] = {
    "PPO": {},
    "entropy": {"clip": 0.1, "entropy_weight": 0.01},
    "huber": {"error": "huber"},
    "value clip": {"value_clip": 0.3},
    "huber, value clip": {"value_clip": 0.3, "error": "huber", "value_weight": 0.25},
}
ACTOR_CRITIC_SETTINGS: dict[str, dict[str, Any]] = {
    "A2C": {"value_weight": 0.5, "entropy_weight": 0.01},
    "no entropy": {},
    "huber": {"error": "huber"},
}


def batch(rewards: tuple[int, ...], dtype: torch.dtype) -> dict[str, Tensor]:
    torch.manual_seed(0)
    log_prob, entropy, advantage = (torch.randn(5, 7, dtype=dtype) for _ in range(3))
    value, returns, shift = (torch.randn(5, 7, *rewards, dtype=dtype) for _ in range(3))
    weights = average_weights(torch.randint(0, 3, (5, 7)))
    old_log_prob = log_prob + 0.2 * torch.randn(5, 7, dtype=dtype)
    return {
        "weights": weights,
        "advantage": advantage,
        "returns": returns,
        "log_prob": log_prob.requires_grad_(),
        "entropy": entropy.requires_grad_(),
        "old_log_prob": old_log_prob.detach(),
        "old_value": value + 0.3 * shift,
        "value": value.requires_grad_(),
    }


def agree(pair: tuple[Formula, Formula], rows: dict[str, Tensor], settings: Any) -> None:
    """Numbers, gradients, and who gets none."""
    leaves = [rows[name] for name in ("log_prob", "value", "entropy")]
    results = []
    for formula in pair:
        loss, *parts = formula(**rows, **settings)
        gradients = torch.autograd.grad(3.0 * loss, leaves, allow_unused=True)
        assert (gradients[2] is None) == (settings["entropy_weight"] == 0.0)
        assert not any(part.requires_grad for part in parts)
        numbers = [part.double() for part in (loss.detach(), *parts)]
        results.append(numbers + [g for g in gradients if g is not None])
    torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rewards", [(), (2,)])
@pytest.mark.parametrize("name", PPO_SETTINGS)
def test_both_arithmetics_of_ppo_agree(
    name: str, rewards: tuple[int, ...], dtype: torch.dtype
) -> None:
    settings = {"clip": 0.2, **WEIGHTS, **PPO_SETTINGS[name]}
    rows = batch(rewards, dtype)
    if "value_clip" not in settings:
        del rows["old_value"]
    agree((ppo_loss, ppo_in_numpy), rows, settings)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rewards", [(), (2,)])
@pytest.mark.parametrize("name", ACTOR_CRITIC_SETTINGS)
def test_both_arithmetics_of_actor_critic_agree(
    name: str, rewards: tuple[int, ...], dtype: torch.dtype
) -> None:
    rows = batch(rewards, dtype)
    del rows["old_value"], rows["old_log_prob"]
    settings = {**WEIGHTS, **ACTOR_CRITIC_SETTINGS[name]}
    agree((actor_critic_loss, actor_critic_in_numpy), rows, settings)


@BOTH_ACTOR_CRITIC
def test_an_ensemble_of_values(formula: Formula) -> None:
    rows = batch((3,), torch.float32)
    del rows["old_value"], rows["old_log_prob"]
    rows["returns"] = torch.randn(5, 7)
    loss, *_ = formula(**rows, **WEIGHTS)
    (gradient,) = torch.autograd.grad(loss, [rows["value"]])
    expected = 2 * (rows["value"] - rows["returns"][..., None]) * rows["weights"][..., None]
    torch.testing.assert_close(gradient, expected.detach())


# --- the components


def ports(rows: dict[str, Tensor]) -> dict[str, Tensor]:
    """What the components take: step types instead of weights."""
    torch.manual_seed(0)
    given = {name: tensor for name, tensor in rows.items() if name != "weights"}
    return {"step_type": torch.randint(0, 3, (5, 7)), **given}


@pytest.mark.parametrize("value_clip", [None, 0.3])
def test_short_floats_take_the_torch_form(value_clip: float | None) -> None:
    rows = ports(batch((), torch.float32))
    short = {name: t if name == "step_type" else t.detach().bfloat16() for name, t in rows.items()}
    loss = PPOLoss(value_clip=value_clip)
    torch.testing.assert_close(
        loss.forward(**short)[0].float(), loss.forward(**rows)[0].detach(), rtol=0.05, atol=0.05
    )


def test_values_are_clipped_only_where_the_setting_says_so() -> None:
    rows = ports(batch((), torch.float32))
    plain, clipped = PPOLoss().forward(**rows), PPOLoss(value_clip=0.01).forward(**rows)
    assert plain[1].item() == clipped[1].item()
    assert clipped[2].item() > plain[2].item()
    del rows["old_value"]
    assert PPOLoss().forward(**rows)[2].item() == plain[2].item()
    with pytest.raises(UsageError, match="compares with `old_value`"):
        PPOLoss(value_clip=0.01).forward(**rows)


def test_ppo_is_actor_critic_where_the_policy_has_not_moved() -> None:
    rows = ports(batch((), torch.float32))
    rows["old_log_prob"] = rows["log_prob"].detach()
    both = [PPOLoss(normalize_advantages=False).forward(**rows)[0]]
    del rows["old_log_prob"], rows["old_value"]
    both.append(ActorCriticLoss().forward(**rows)[0])
    gradients = [torch.autograd.grad(loss, [rows["log_prob"]])[0] for loss in both]
    torch.testing.assert_close(*gradients)
