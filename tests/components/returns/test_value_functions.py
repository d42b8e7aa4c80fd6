"""Value functions: ALF's numbers, a naive loop, and both ways of computing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from alfgraph.components.returns import value_functions
from alfgraph.components.returns.value_functions import (
    discounted_return,
    generalized_advantage,
    one_step_discounted_return,
    td_lambda_return,
)
from alfgraph.diagnostics.errors import UsageError

MID, LAST = 1, 2
Steps = tuple[Tensor, Tensor, Tensor, Tensor]


def alf_steps(reward: float, value: float, last: int | None, ended: float) -> Steps:
    """ALF's unit test: five rows, one environment, perhaps an episode that ends at one of them."""
    step_type = torch.full((5, 1), MID, dtype=torch.int32)
    discount = torch.ones(5, 1)
    if last is not None:
        step_type[last], discount[last] = LAST, ended
    return torch.full((5, 1), reward), discount, step_type, torch.full((5, 1), value)


@pytest.fixture(params=["numpy", "torch"], autouse=True)
def arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run every test with the arithmetic of CPUs and with that of accelerators."""
    if request.param == "torch":
        monkeypatch.setattr(value_functions, "numpy_can_view", lambda *tensors: False)
    return str(request.param)


@pytest.mark.parametrize(
    ("last", "ended", "expected"),
    [
        (None, 1.0, [(((1 * 0.9 + 2) * 0.9 + 2) * 0.9 + 2) * 0.9 + 2, 6.149, 4.61, 2.9]),  # U1
        (2, 1.0, [4.61, 2.9, 1, 2.9]),  # U2: a time limit
        (2, 0.0, [3.8, 2, 1, 2.9]),  # U3: a termination
    ],
)
def test_discounted_return_has_alfs_numbers(
    last: int | None, ended: float, expected: list[float]
) -> None:
    result = discounted_return(*alf_steps(2.0, 1.0, last, ended), gamma=0.9)
    torch.testing.assert_close(result, torch.tensor(expected)[:, None])


@pytest.mark.parametrize(
    ("last", "ended", "expected"),
    [
        (None, 1.0, [6.0928, 5.488, 4.48, 2.8]),  # U4
        (2, 1.0, [4.48, 2.8, 0, 2.8]),  # U5: a time limit
        (2, 0.0, [3.4, 1, 0, 2.8]),  # U6: a termination
    ],
)
def test_generalized_advantage_has_alfs_numbers(
    last: int | None, ended: float, expected: list[float]
) -> None:
    steps = alf_steps(3.0, 2.0, last, ended)
    result = generalized_advantage(*steps, gamma=0.9, lambda_=0.6 / 0.9)
    torch.testing.assert_close(result, torch.tensor(expected)[:, None])


def test_one_step_return_keeps_alfs_placeholder() -> None:
    reward, discount, step_type, value = alf_steps(2.0, 1.0, 2, 1.0)
    value[2] = 7.0
    result = one_step_discounted_return(reward, discount, step_type, value, gamma=0.9)
    torch.testing.assert_close(result, torch.tensor([[2.9], [8.3], [6.3], [2.9]]))
    discount[2] = 0.0
    result = one_step_discounted_return(reward, discount, step_type, value, gamma=0.9)
    torch.testing.assert_close(result, torch.tensor([[2.9], [2.0], [0.0], [2.9]]))


def test_td_lambda_return_by_hand() -> None:
    # T = 2: G[1] = 3 + .5 * 6 = 6;  G[0] = 2 + .5 * (.75 * V[1] + .25 * G[1]) = 2 + .5 * 4.5
    steps = (
        torch.tensor([[9.0], [2.0], [3.0]]),
        torch.ones(3, 1),
        torch.full((3, 1), MID),
        torch.tensor([[8.0], [4.0], [6.0]]),
    )
    result = td_lambda_return(*steps, gamma=0.5, lambda_=0.25)
    torch.testing.assert_close(result, torch.tensor([[4.25], [6.0]]))


def test_gamma_per_reward_dimension_is_not_applied_per_environment() -> None:
    """ALF's V2: with as many environments as reward dimensions it gave [[10, 10], [6, 6]]."""
    reward = torch.full((2, 2, 2), 2.0)
    value = torch.full((2, 2, 2), 8.0)
    discount, step_type = torch.ones(2, 2), torch.full((2, 2), MID)
    for gamma in ((1.0, 0.5), torch.tensor([1.0, 0.5])):
        result = one_step_discounted_return(reward, discount, step_type, value, gamma=gamma)
        torch.testing.assert_close(result, torch.tensor([[[10.0, 6.0], [10.0, 6.0]]]))


def test_discount_of_each_environment_meets_every_reward_dimension() -> None:
    reward, value = torch.full((2, 2, 2), 2.0), torch.full((2, 2, 2), 8.0)
    discount = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    step_type = torch.full((2, 2), MID)
    result = discounted_return(reward, discount, step_type, value, gamma=(1.0, 0.5))
    torch.testing.assert_close(result, torch.tensor([[[10.0, 6.0], [2.0, 2.0]]]))


def naive(kind: str, steps: Steps, gamma: list[float], factor: float) -> Tensor:
    """Compute one number at a time, in double precision, straight from the definitions."""
    reward, discount, step_type, value = (item.double() for item in steps)
    flat_reward, flat_value = (item.reshape(*step_type.shape, -1) for item in (reward, value))
    rows, envs, dims = flat_reward.shape
    result = torch.zeros(rows - 1, envs, dims, dtype=torch.float64)

    def look(t: int, b: int, k: int) -> float:
        """Return the return from row t."""
        if t == rows - 1 or step_type[t, b] == LAST:
            return float(flat_value[t, b, k]) if kind != "advantage" else 0.0
        decay = gamma[k] * float(discount[t + 1, b])
        own, following = float(flat_value[t, b, k]), float(flat_value[t + 1, b, k])
        gained = float(flat_reward[t + 1, b, k])
        later = look(t + 1, b, k)
        if kind == "advantage":
            return gained + decay * following - own + decay * factor * later
        if kind == "lambda":
            return gained + decay * ((1 - factor) * following + factor * later)
        return gained + decay * later

    for t in range(rows - 1):
        for b in range(envs):
            for k in range(dims):
                result[t, b, k] = look(t, b, k)
    return result.reshape(rows - 1, *reward.shape[1:])


@st.composite
def random_steps(draw: st.DrawFn) -> tuple[Steps, list[float]]:
    rows, envs = draw(st.integers(2, 9)), draw(st.integers(1, 3))
    dims = draw(st.sampled_from([(), (1,), (2,), (3,)]))
    torch.manual_seed(draw(st.integers(0, 10**6)))
    step_type = torch.randint(0, 3, (rows, envs), dtype=torch.int32)
    discount = torch.where(step_type == LAST, torch.randint(0, 2, (rows, envs)), 1).float()
    steps = (torch.randn(rows, envs, *dims), discount, step_type, torch.randn(rows, envs, *dims))
    return steps, [draw(st.floats(0, 1)) for _ in range(dims[0] if dims else 1)]


CASES: dict[str, tuple[Callable[..., Tensor], dict[str, Any]]] = {
    "return": (discounted_return, {}),
    "advantage": (generalized_advantage, {"lambda_": 0.7}),
    "lambda": (td_lambda_return, {"lambda_": 0.7}),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("arithmetic", ["numpy", "torch"], indirect=True)
@settings(max_examples=40, deadline=None)
@given(drawn=random_steps())
def test_equal_to_a_naive_loop(kind: str, drawn: tuple[Steps, list[float]]) -> None:
    steps, gamma = drawn
    function, arguments = CASES[kind]
    given_gamma = gamma if steps[0].dim() == 3 else gamma[0]
    result = function(*steps, gamma=given_gamma, **arguments)
    assert result.dtype == torch.float32 and not result.requires_grad
    expected = naive(kind, steps, gamma, 0.7)
    torch.testing.assert_close(result.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("arithmetic", ["numpy", "torch"], indirect=True)
@settings(max_examples=25, deadline=None)
@given(drawn=random_steps())
def test_the_functions_agree_where_their_definitions_meet(
    drawn: tuple[Steps, list[float]],
) -> None:
    steps, _ = drawn
    valid = steps[2][:-1] != LAST
    whole = discounted_return(*steps, gamma=0.9)
    torch.testing.assert_close(td_lambda_return(*steps, gamma=0.9, lambda_=1.0), whole)
    one_step = one_step_discounted_return(*steps, gamma=0.9)[valid]
    torch.testing.assert_close(td_lambda_return(*steps, gamma=0.9, lambda_=0.0)[valid], one_step)


@pytest.mark.parametrize("kind", ["return", "advantage"])
def test_long_rollouts_are_solved_alike(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    step_type = torch.randint(0, 3, (600, 2))
    steps = (torch.randn(600, 2), torch.ones(600, 2), step_type, torch.randn(600, 2))
    function, arguments = CASES[kind]
    fast = function(*steps, gamma=0.99, **arguments)
    monkeypatch.setattr(value_functions, "_MANY_ROWS", 10**9)
    torch.testing.assert_close(function(*steps, gamma=0.99, **arguments), fast)


@pytest.mark.parametrize("function", [case[0] for case in CASES.values()], ids=CASES.keys())
def test_inputs_are_not_written_to_and_results_carry_no_gradient(
    function: Callable[..., Tensor],
) -> None:
    reward, discount, step_type, value = alf_steps(2.0, 1.0, 2, 1.0)
    value.requires_grad_()
    before = [item.detach().clone() for item in (reward, discount, step_type, value)]
    needs_lambda = function in (generalized_advantage, td_lambda_return)
    extra: dict[str, Any] = {"lambda_": 0.5} if needs_lambda else {}
    result = function(reward, discount, step_type, value, gamma=0.9, **extra)
    result.fill_(100.0)
    assert not result.requires_grad
    for item, old in zip((reward, discount, step_type, value), before, strict=True):
        assert torch.equal(item, old)


def test_double_and_half_precision_keep_their_type() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        reward, discount, step_type, value = alf_steps(2.0, 1.0, None, 1.0)
        steps = (reward.to(dtype), discount.to(dtype), step_type, value.to(dtype))
        assert discounted_return(*steps, gamma=0.9).dtype == dtype


def test_wrong_shapes_are_refused() -> None:
    reward, discount, step_type, value = alf_steps(2.0, 1.0, None, 1.0)
    with pytest.raises(UsageError, match="one value for each reward"):
        discounted_return(reward, discount, step_type, value[..., None], gamma=0.9)
    with pytest.raises(UsageError, match=r"both must be `\[T\+1, B\]`"):
        discounted_return(reward, discount[:-1], step_type, value, gamma=0.9)
    with pytest.raises(UsageError, match="at least two rows"):
        discounted_return(reward[:1], discount[:1], step_type[:1], value[:1], gamma=0.9)
    with pytest.raises(UsageError, match=r"gamma has shape \(2,\).*own shape is \(\)"):
        discounted_return(reward, discount, step_type, value, gamma=(0.9, 0.8))


@pytest.mark.gpu
def test_equal_on_an_accelerator(arithmetic: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA")
    torch.manual_seed(0)
    step_type = torch.randint(0, 3, (33, 5))
    steps = (torch.randn(33, 5), torch.ones(33, 5), step_type, torch.randn(33, 5))
    for function, arguments in CASES.values():
        here = function(*steps, gamma=0.99, **arguments)
        there = function(*(item.cuda() for item in steps), gamma=0.99, **arguments)
        torch.testing.assert_close(there.cpu(), here)
