"""Random actions: within bounds, every value possible, as the spec says."""

import torch

from alfgraph.program.random_actions import random_actions
from alfgraph.specs.spec import parse_spec


def test_discrete_actions_are_uniform_on_all_of_them() -> None:
    torch.manual_seed(0)
    actions = random_actions(parse_spec("int64[] in [2, 5)"), (30_000,), "cpu")()
    assert actions.dtype == torch.int64
    share = torch.bincount(actions, minlength=5) / 30_000
    torch.testing.assert_close(share[2:], torch.full((3,), 1 / 3), atol=0.01, rtol=0.0)


def test_bounded_actions_are_uniform() -> None:
    torch.manual_seed(0)
    actions = random_actions(parse_spec("float32[2] in [-2, 4]"), (20_000,), "cpu")()
    assert actions.dtype == torch.float32
    assert actions.shape == (20_000, 2)
    assert -2.0 <= actions.min().item() < -1.99
    assert 3.99 < actions.max().item() <= 4.0
    torch.testing.assert_close(actions.mean(0), torch.ones(2), atol=0.05, rtol=0.0)


def test_actions_without_bounds_are_normal() -> None:
    torch.manual_seed(0)
    actions = random_actions(parse_spec("float32[1]"), (20_000,), "cpu")()
    assert abs(actions.mean().item()) < 0.03
    assert abs(actions.std().item() - 1.0) < 0.03


def test_trees_and_switches() -> None:
    draw = random_actions(parse_spec("{go: bool[], pick: int64[2] in [0, 3)}"), (500,), "cpu")
    actions = draw()
    assert actions["go"].dtype == torch.bool
    assert set(actions["go"].tolist()) == {True, False}
    assert actions["pick"].shape == (500, 2)
    assert set(actions["pick"].flatten().tolist()) == {0, 1, 2}
