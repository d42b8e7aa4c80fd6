"""Flat optimizers: ALF's numbers, torch.optim as the naive form, ownership and exact resume."""

import copy
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from alfgraph.components.optimizers.flat_optimizer import FlatOptimizer
from alfgraph.components.optimizers.gradient_clipping import (
    clip_by_global_norm,
    clip_each_by_norm,
    global_norm,
)
from alfgraph.components.optimizers.update_rules import AdamRule, SgdRule, UpdateRule
from alfgraph.diagnostics.errors import CheckpointError, RunError, UsageError


def network(*widths: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Linear(i, o) for i, o in pairwise(widths)]
    return nn.Sequential(*[part for layer in layers for part in (layer, nn.Tanh())])


def square(module: nn.Module, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    loss: Tensor = (scale * module(torch.randn(8, 3, generator=generator)) - 1).pow(2).mean()
    return loss


def parameters_of(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def assert_same(left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
    assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


# --- clipping


def test_clip_each_by_norm_has_alfs_numbers() -> None:
    gradients = [torch.full((4,), 3.0), torch.ones(1)]
    clip_each_by_norm(gradients, 2.0)
    torch.testing.assert_close(gradients, [torch.ones(4), torch.ones(1)])


def test_clip_by_global_norm_has_alfs_numbers() -> None:
    gradients = [torch.full((4,), 3.0), torch.ones(1)]
    norm = clip_by_global_norm(gradients, 2.0)
    torch.testing.assert_close(norm, torch.tensor(math.sqrt(37.0)))
    torch.testing.assert_close(gradients[0], torch.full((4,), 0.98639393))
    torch.testing.assert_close(gradients[1], torch.tensor([0.32879797]))


def test_short_gradients_are_left_as_they_are() -> None:
    gradients = [torch.tensor([0.6, 0.8]), torch.zeros(3)]
    before = [gradient.clone() for gradient in gradients]
    clip_by_global_norm(gradients, 1.5)
    clip_each_by_norm(gradients, 1.5)
    assert_same(gradients, before)


def test_global_norm_spans_types() -> None:
    gradients = [torch.tensor([3.0]), torch.tensor([4.0], dtype=torch.float64)]
    assert global_norm(gradients).item() == pytest.approx(5.0)
    half = torch.full((10_000,), 0.1, dtype=torch.bfloat16)
    assert global_norm([half]).item() == pytest.approx(10.0, rel=1e-2)


# --- rules, against torch.optim and by hand

RULES: dict[str, tuple[UpdateRule, Callable[[list[nn.Parameter]], torch.optim.Optimizer]]] = {
    "adam": (AdamRule(), lambda p: torch.optim.Adam(p, lr=0.01)),
    "adam, settings": (
        AdamRule(betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1),
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.9), eps=1e-3, weight_decay=0.1),
    ),
    "adamw": (
        AdamRule(weight_decay=0.1, decoupled=True),
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    ),
    "sgd": (SgdRule(weight_decay=0.1), lambda p: torch.optim.SGD(p, lr=0.01, weight_decay=0.1)),
    "momentum": (SgdRule(momentum=0.9), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    "nesterov": (
        SgdRule(momentum=0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_equal_to_torch(name: str) -> None:
    rule, make = RULES[name]
    ours, theirs = network(3, 5, 2), network(3, 5, 2)
    optimizer, reference = (
        FlatOptimizer(list(ours.parameters()), rule, lr=0.01),
        make(list(theirs.parameters())),
    )
    for step in range(20):
        if step == 10:
            optimizer.set_lr(0.002)
            reference.param_groups[0]["lr"] = 0.002
        optimizer.step(square(ours))
        reference.zero_grad()
        torch.autograd.backward(square(theirs))
        reference.step()
    torch.testing.assert_close(parameters_of(ours), parameters_of(theirs))


def test_first_step_of_adam_by_hand() -> None:
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = FlatOptimizer([weight], lr=0.1)
    optimizer.step((weight * torch.tensor([3.0, -4.0])).sum())
    torch.testing.assert_close(weight.detach(), torch.tensor([0.9, 2.1]))  # one lr against the sign
    torch.testing.assert_close(optimizer.grad_norm, torch.tensor(5.0))
    torch.testing.assert_close(weight.grad, torch.tensor([3.0, -4.0]))


def test_adam_with_eps_outside() -> None:
    """TensorFlow's form, written out: eps is added before the bias correction."""
    weight = nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    rule = AdamRule(eps=0.1, eps_outside=True)
    optimizer = FlatOptimizer([weight], rule, lr=0.5)
    expected, first, second = 1.0, 0.0, 0.0
    for step, slope in enumerate([2.0, -1.0, 0.5], start=1):
        optimizer.step(slope * weight.sum())
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        rate = 0.5 * math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        expected -= rate * first / (math.sqrt(second) + 0.1)
        assert weight.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("by_global_norm", [True, False])
def test_clipped_updates(by_global_norm: bool) -> None:
    first, second = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(1))
    optimizer = FlatOptimizer(
        [first, second],
        SgdRule(),
        lr=1.0,
        gradient_clipping=2.0,
        clip_by_global_norm=by_global_norm,
    )
    optimizer.step(3 * first.sum() + second.sum())
    moved = (0.98639393, 0.32879797) if by_global_norm else (1.0, 1.0)
    torch.testing.assert_close(first.detach(), torch.full((4,), -moved[0]))
    torch.testing.assert_close(second.detach(), torch.tensor([-moved[1]]))
    torch.testing.assert_close(optimizer.grad_norm, torch.tensor(math.sqrt(37.0)))


# --- parameters stay ordinary parameters


def test_modules_see_no_difference(tmp_path: Path) -> None:
    module = network(3, 5, 2)
    before, output = copy.deepcopy(module.state_dict()), module(torch.ones(1, 3))
    optimizer = FlatOptimizer(list(module.parameters()), lr=0.1)
    assert_same(list(module.state_dict().values()), list(before.values()))
    assert torch.equal(module(torch.ones(1, 3)), output)
    assert len({p.untyped_storage().data_ptr() for p in module.parameters()}) == 1
    safetensors.torch.save_file(module.state_dict(), tmp_path / "module.safetensors")
    optimizer.step(square(module))
    twin = copy.deepcopy(module)
    module.load_state_dict(safetensors.torch.load_file(tmp_path / "module.safetensors"))
    assert_same(list(module.state_dict().values()), list(before.values()))
    assert not torch.equal(twin.state_dict()["0.weight"], before["0.weight"])
    optimizer.step(square(module))  # what was loaded is still what is trained
    assert not torch.equal(module.state_dict()["0.weight"], before["0.weight"])


def test_only_the_named_parameters_receive_gradient() -> None:
    actor, critic = network(3, 3), network(3, 1)
    optimizer = FlatOptimizer(list(actor.parameters()), lr=0.1)
    before = parameters_of(critic)
    optimizer.step(critic(actor(torch.ones(2, 3))).sum())
    assert_same(parameters_of(critic), before)
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_parameters_a_loss_does_not_reach_stay_as_they_are() -> None:
    used, unused = network(3, 2), network(3, 2)
    optimizer = FlatOptimizer([*used.parameters(), *unused.parameters()], lr=0.1)
    optimizer.step(square(used) + square(unused))  # now every moment is non-zero
    before, moments = parameters_of(unused), optimizer.state()["moments"]["first_moment"][2:]
    optimizer.step(square(used))
    assert_same(parameters_of(unused), before)
    assert_same(optimizer.state()["moments"]["first_moment"][2:], moments)


def test_a_loss_that_reaches_nothing_is_refused() -> None:
    optimizer = FlatOptimizer(list(network(3, 2).parameters()), lr=0.1)
    with pytest.raises(RunError, match="depends on none of the parameters"):
        optimizer.step(square(network(3, 2)))
    with pytest.raises(RunError, match="depends on none of the parameters"):
        optimizer.step(torch.ones(()))
    assert optimizer.step_count == 0


def test_types_and_duplicates() -> None:
    weight, double = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = FlatOptimizer([weight, double, weight], SgdRule(), lr=1.0)
    assert optimizer.parameters == (weight, double)
    optimizer.step(3 * weight.sum() + 4 * double.sum())
    torch.testing.assert_close(weight.detach(), torch.full((2,), -2.0))
    torch.testing.assert_close(double.detach(), torch.full((2,), -3.0, dtype=torch.float64))
    assert optimizer.grad_norm.item() == pytest.approx(math.sqrt(50.0))


# --- two optimizers, ties, and parameters that do not lie in a row


@pytest.mark.parametrize("which", [[0, 1, 2, 3], [1], [2, 1], [0, 3], [3, 0, 2]])
@pytest.mark.parametrize("rule", [AdamRule(), SgdRule(momentum=0.9)], ids=["adam", "sgd"])
def test_two_optimizers_over_the_same_parameters(which: list[int], rule: UpdateRule) -> None:
    """The second one sees a stretch, or scattered parts, of what the first one laid out."""
    ours, theirs = network(3, 5, 2), network(3, 5, 2)
    mine, plain = list(ours.parameters()), list(theirs.parameters())
    first = FlatOptimizer(mine, rule, lr=0.1)
    second = FlatOptimizer([mine[i] for i in which], rule, lr=0.01, gradient_clipping=0.05)
    apart = [FlatOptimizer([parameter], rule, lr=0.1) for parameter in plain]
    others = [FlatOptimizer([plain[i]], rule, lr=0.01, gradient_clipping=0.05) for i in which]
    for _ in range(3):
        first.step(square(ours))
        for optimizer in apart:
            optimizer.differentiate(square(theirs))
        for optimizer in apart:
            optimizer.apply()
        second.step(square(ours, scale=2.0))
        for optimizer in others:
            optimizer.differentiate(square(theirs, scale=2.0))
        for optimizer in others:
            optimizer.apply()
    torch.testing.assert_close(parameters_of(ours), parameters_of(theirs))


def test_parameters_of_two_optimizers_in_a_third() -> None:
    actor, critic = network(3, 2), network(3, 2)
    FlatOptimizer(list(actor.parameters()), lr=0.1)
    FlatOptimizer(list(critic.parameters()), lr=0.1)
    fresh = network(3, 2)
    both = [*actor.parameters(), *critic.parameters(), *fresh.parameters()]
    optimizer = FlatOptimizer(both, SgdRule(), lr=0.1)
    before = [parameter.detach().clone() for parameter in both]
    optimizer.step(square(actor) + square(critic) + square(fresh))
    for parameter, old in zip(both, before, strict=True):
        assert parameter.grad is not None and not torch.equal(parameter, old)


def test_parameters_tied_by_their_data_stay_tied() -> None:
    first, second = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    second.data = first.data
    optimizer = FlatOptimizer([first, second], SgdRule(), lr=1.0)
    optimizer.step(first.sum() + 2 * second.sum())
    torch.testing.assert_close(first.detach(), torch.full((2,), -2.0))
    assert torch.equal(first, second)


def test_memory_formats_are_kept() -> None:
    weight = nn.Parameter(torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last))
    expected = weight.detach() - 2 * weight.detach()
    optimizer = FlatOptimizer([weight], SgdRule(), lr=1.0)
    optimizer.step(weight.pow(2).sum())
    torch.testing.assert_close(weight.detach(), expected)
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_losses_that_share_a_graph() -> None:
    trunk, left, right = network(3, 3), network(3, 1), network(3, 1)
    shared = trunk(torch.ones(1, 3))
    one = FlatOptimizer(list(left.parameters()), lr=0.1)
    two = FlatOptimizer([*trunk.parameters(), *right.parameters()], lr=0.1)
    losses = left(shared).sum(), right(shared).sum()
    one.differentiate(losses[0], retain_graph=True)
    two.differentiate(losses[1])
    one.apply()
    two.apply()
    assert one.step_count == two.step_count == 1


def test_a_stale_graph_is_an_error_and_not_a_wrong_gradient() -> None:
    actor, critic = network(3, 3), network(3, 3, 1)
    actor_loss = critic(actor(torch.ones(1, 3))).sum()
    FlatOptimizer(list(critic.parameters()), lr=0.1).step(square(critic))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        FlatOptimizer(list(actor.parameters()), lr=0.1).step(actor_loss)


def test_moved_parameters_are_noticed() -> None:
    module = network(3, 2)
    optimizer = FlatOptimizer(list(module.parameters()), lr=0.1)
    state = optimizer.state()
    for parameter in module.parameters():
        parameter.data = parameter.data.clone()
    with pytest.raises(RunError, match="given other storage"):
        optimizer.step(square(module))
    with pytest.raises(RunError, match="given other storage"):
        optimizer.load_state(state)


def test_nothing_to_train_is_refused() -> None:
    with pytest.raises(UsageError, match="needs parameters to train"):
        FlatOptimizer([], lr=0.1)
    module = network(3, 2).requires_grad_(False)
    with pytest.raises(UsageError, match="2 of the optimizer's parameters take no gradient"):
        FlatOptimizer(list(module.parameters()), lr=0.1)


# --- state


@pytest.mark.parametrize("name", RULES)
def test_resume_is_exact(name: str) -> None:
    rule, _ = RULES[name]
    module = network(3, 5, 2)
    optimizer = FlatOptimizer(list(module.parameters()), rule, lr=0.01)
    for _ in range(3):
        optimizer.step(square(module))
    weights, state = copy.deepcopy(module.state_dict()), optimizer.state()
    for _ in range(3):
        optimizer.step(square(module))
    resumed = network(3, 5, 2)
    second = FlatOptimizer(list(resumed.parameters()), rule, lr=0.01)
    second.step(square(resumed))
    second.load_state(state)
    resumed.load_state_dict(weights)
    assert second.step_count == 3
    for _ in range(3):
        second.step(square(resumed))
    assert_same(parameters_of(resumed), parameters_of(module))


def test_a_state_moves_between_layouts() -> None:
    """Whether parameters are flat is not part of a checkpoint."""
    module = network(3, 5, 2)
    flat = FlatOptimizer(list(module.parameters()), lr=0.01)
    flat.step(square(module))
    scattered = FlatOptimizer([*list(module.parameters())[:3:2]], lr=0.01)
    state = flat.state()
    part: dict[str, Any] = {"step": 1, "moments": {k: v[:3:2] for k, v in state["moments"].items()}}
    scattered.load_state(part)
    assert_same(scattered.state()["moments"]["first_moment"], part["moments"]["first_moment"])


def test_a_state_of_something_else_is_refused() -> None:
    optimizer = FlatOptimizer(list(network(3, 2).parameters()), lr=0.1)
    other = FlatOptimizer(list(network(3, 3).parameters()), lr=0.1)
    sgd = FlatOptimizer(list(network(3, 2).parameters()), SgdRule(), lr=0.1)
    with pytest.raises(CheckpointError, match="use the networks the run was started with"):
        optimizer.load_state(other.state())
    with pytest.raises(CheckpointError, match="use the optimizer the run was started with"):
        optimizer.load_state(sgd.state())


@pytest.mark.gpu
def test_equal_on_an_accelerator() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    for rule, _ in RULES.values():
        for by_global_norm in (False, True):
            here = network(3, 5, 2)
            there = network(3, 5, 2).cuda()
            results = []
            for module in (here, there):
                optimizer = FlatOptimizer(
                    list(module.parameters()),
                    rule,
                    lr=0.01,
                    gradient_clipping=0.1,
                    clip_by_global_norm=by_global_norm,
                )
                inputs = torch.ones(4, 3, device=next(module.parameters()).device)
                for _ in range(5):
                    optimizer.step(module(inputs).pow(2).sum())
                results.append([parameter.cpu() for parameter in parameters_of(module)])
            torch.testing.assert_close(results[1], results[0], rtol=1e-4, atol=1e-5)
