"""Target entropies: ALF's golden numbers and the paper's rule; the loss by hand."""

import math
from typing import Any

import pytest
import torch

from alfgraph.components import TemperatureLoss
from alfgraph.components.losses.temperature_loss import Rule, default_target_entropy
from alfgraph.diagnostics.errors import WiringError
from alfgraph.specs.spec import Spec, parse_spec


def spec(text: str) -> Spec:
    return parse_spec(text)


@pytest.mark.parametrize(
    ("action", "min_probability", "expected"),
    [
        ("float32[1] in [-1, 1]", 0.1, -1.609438),
        ("float32[4] in [-1, 1]", 0.1, -6.437752),
        ("float32[1] in [-1, 1]", 0.184, -0.999672),
        ("int64[] in [0, 2)", 0.1, 0.325083),
        ("int64[] in [0, 4)", 0.1, 0.434944),
        ("int64[] in [0, 18)", 0.1, 0.608404),
    ],
)
def test_alfs_numbers(action: str, min_probability: float, expected: float) -> None:
    found = default_target_entropy(spec(action), "concentrated", min_probability)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("float32[1] in [-1, 1]", -1.0),
        ("float32[6] in [-1, 1]", -6.0),
        ("float32[1] in [-2, 2]", math.log(2.0) - 1.0),
        ("{arm: float32[2] in [-1, 1], grip: int64[] in [0, 2)}", -2.0 + 0.325083),
    ],
)
def test_the_papers_rule_follows_the_unit_of_the_action(action: str, expected: float) -> None:
    assert default_target_entropy(spec(action)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("rule", ["dimensions", "concentrated"])
def test_an_action_without_bounds_has_no_default(rule: Rule) -> None:
    with pytest.raises(WiringError, match="has no finite bounds"):
        default_target_entropy(spec("float32[3]"), rule)


def loss_of(step_type: Any, entropy: Any, log_alpha: float, **settings: Any) -> tuple[Any, Any]:
    module = TemperatureLoss(**settings).build(spec("float32[2] in [-1, 1]"), ())
    kind = torch.tensor([step_type], dtype=torch.int32)
    rows = torch.tensor([entropy], requires_grad=True)
    alpha = torch.tensor(log_alpha, requires_grad=True)
    loss, mean = module(kind, alpha, rows, torch.zeros(1, len(step_type), 2))
    loss.backward()
    assert rows.grad is None
    return (loss.item(), alpha.grad), mean.item()


def test_the_loss_and_its_gradient() -> None:
    """Entropies 3 and 1, the reset left out; the target is -2: the excess is 4."""
    (loss, gradient), entropy = loss_of([0, 1, 2], [3.0, 1.0, -50.0], 0.5)
    assert loss == pytest.approx(0.5 * 4.0)
    assert gradient.item() == pytest.approx(4.0)
    assert entropy == pytest.approx(2.0)


def test_the_temperature_rises_below_the_target() -> None:
    (_, gradient), _ = loss_of([0, 1], [3.0, 1.0], 0.0, target_entropy=5.0)
    assert gradient.item() == pytest.approx(-3.0)


def test_where_nothing_is_valid_the_temperature_stays() -> None:
    (_, gradient), _ = loss_of([2, 2], [3.0, 1.0], 0.0)
    assert gradient.item() == 0.0


MIXED = "{arm: float32[2] in [-1, 1], grip: int64[] in [0, 2), leg: float32[1] in [-1, 1]}"


def test_a_choice_and_other_parts_have_a_temperature_each() -> None:
    """Entropies (0.5, 1) and (0.7, 3) against 0.325083 and -3: excesses 0.274917 and 5."""
    module = TemperatureLoss().build(spec(MIXED), (2,))
    log_alpha = torch.tensor([2.0, 3.0], requires_grad=True)
    rows = torch.tensor([[[0.5, 1.0], [0.7, 3.0]]])
    loss, mean = module(torch.tensor([[0, 1]], dtype=torch.int32), log_alpha, rows, None)
    loss.backward()
    assert loss.item() == pytest.approx(2.0 * 0.274917 + 3.0 * 5.0, abs=1e-5)
    assert log_alpha.grad is not None
    assert log_alpha.grad.tolist() == pytest.approx([0.274917, 5.0], abs=1e-5)
    assert mean.item() == pytest.approx(0.6 + 2.0)


@pytest.mark.parametrize(
    ("target", "action", "k"),
    [(1.0, MIXED, (2,)), ((0.3, -3.0), "float32[3] in [-1, 1]", ())],
)
def test_there_is_one_target_for_each_temperature(target: Any, action: str, k: Any) -> None:
    with pytest.raises(WiringError, match="target entropies are needed"):
        TemperatureLoss(target_entropy=target).build(spec(action), k)
