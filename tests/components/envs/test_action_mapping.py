"""ActionMapping: golden numbers of rescaling and clipping, offsets, trees, splitting into rows."""

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import Space, spaces

from alfgraph.components.envs.spaces.action_mapping import ActionMapping, row_splitter

STEER = spaces.Box(np.array([-2.0, 0.0, -1.0], np.float32), np.array([2.0, 10.0, 1.0], np.float32))


@pytest.mark.parametrize(
    ("normalize", "clip", "expected"),
    [
        (True, True, [[1.0, 7.5, -1.0], [2.0, 10.0, 0.25]]),
        (True, False, [[1.0, 7.5, -3.0], [6.0, 15.0, 0.25]]),
        (False, True, [[0.5, 0.5, -1.0], [2.0, 2.0, 0.25]]),
        (False, False, [[0.5, 0.5, -3.0], [3.0, 2.0, 0.25]]),
    ],
)
def test_golden_rescaling(normalize: bool, clip: bool, expected: list[list[float]]) -> None:
    mapping = ActionMapping(STEER, normalize=normalize, clip=clip)
    action = torch.tensor([[0.5, 0.5, -3.0], [3.0, 2.0, 0.25]])
    before = action.clone()
    assert mapping(action).tolist() == expected
    assert torch.equal(action, before)


def test_board_space_is_normalised() -> None:
    seen = ActionMapping(STEER).board_space
    assert seen == spaces.Box(-1.0, 1.0, (3,), np.float32)
    assert ActionMapping(STEER, normalize=False).board_space == STEER


def test_bounds_are_reached_exactly_and_never_left() -> None:
    low, high = np.array([0.1, -0.3], np.float32), np.array([0.3, 0.7], np.float32)
    mapping = ActionMapping(spaces.Box(low, high))
    assert np.allclose(mapping(torch.tensor([[-1.0, -1.0], [1.0, 1.0]])), [low, high])
    inside = mapping(torch.rand(1000, 2) * 2 - 1)
    assert (inside >= low).all() and (inside <= high).all()


def test_unbounded_dimensions_pass_unchanged() -> None:
    space = spaces.Box(
        np.array([-np.inf, -4.0, 0.0], np.float32), np.array([np.inf, 4.0, np.inf], np.float32)
    )
    mapping = ActionMapping(space)
    assert mapping(torch.tensor([[100.0, 0.5, -3.0]])).tolist() == [[100.0, 2.0, 0.0]]
    seen = mapping.board_space
    assert isinstance(seen, spaces.Box)
    assert seen.low.tolist() == [-np.inf, -1.0, 0.0]
    assert seen.high.tolist() == [np.inf, 1.0, np.inf]


def test_an_action_does_not_share_the_boards_memory() -> None:
    mapping = ActionMapping(spaces.Box(-1, 1, (2,)), clip=False)
    action = torch.zeros(3, 2)
    mapping(action)[:] = 1
    assert action.sum() == 0


@pytest.mark.parametrize(
    ("space", "action", "expected", "dtype"),
    [
        (spaces.Discrete(3), [0, 2], [0, 2], np.int64),
        (spaces.Discrete(3, start=-1), [0, 2], [-1, 1], np.int64),
        (spaces.MultiDiscrete([3, 4]), [[2, 0], [1, 3]], [[2, 0], [1, 3]], np.int64),
        (spaces.MultiDiscrete([3, 4], start=[1, 5]), [[2, 0]], [[3, 5]], np.int64),
        (spaces.MultiBinary(2), [[0, 1]], [[0, 1]], np.int8),
        (spaces.Box(0, 255, (2,), np.uint8), [[3, 255]], [[3, 255]], np.uint8),
    ],
)
def test_discrete_actions(space: Space[Any], action: Any, expected: Any, dtype: Any) -> None:
    mapping = ActionMapping(space)
    batch = mapping(torch.tensor(action))
    assert batch.tolist() == expected
    assert batch.dtype == dtype
    assert all(space.contains(row) for row in row_splitter(space)(batch))


def test_starts_may_stay() -> None:
    mapping = ActionMapping(spaces.Discrete(3, start=4), zero_based=False)
    assert mapping.board_space == spaces.Discrete(3, start=4)
    assert mapping(torch.tensor([4, 6])).tolist() == [4, 6]
    assert ActionMapping(spaces.Discrete(3, start=4)).board_space == spaces.Discrete(3)


NESTED = spaces.Dict(
    {
        "move": spaces.Box(-2.0, 2.0, (2,), np.float64),
        "tools": spaces.Tuple(
            (spaces.Discrete(2, start=1), spaces.Dict({"on": spaces.MultiBinary(1)}))
        ),
    }
)


def test_trees() -> None:
    mapping = ActionMapping(NESTED)
    tree: Any = {
        "move": torch.tensor([[0.5, -1.0], [0.0, 9.0]]),
        "tools": {"0": torch.tensor([0, 1]), "1": {"on": torch.tensor([[1], [0]])}},
    }
    batch = mapping(tree)
    assert batch["move"].tolist() == [[1.0, -2.0], [0.0, 2.0]]
    assert batch["move"].dtype == np.float64
    assert batch["tools"][0].tolist() == [1, 2]
    rows = list(row_splitter(NESTED)(batch))
    assert len(rows) == 2
    assert all(NESTED.contains(row) for row in rows)
    assert rows[1]["tools"][0] == 2


def test_zeros_are_the_boards_tree() -> None:
    zeros: Any = ActionMapping(NESTED).zeros(3)
    assert zeros["move"].shape == (3, 2) and zeros["move"].dtype == torch.float32
    assert zeros["tools"]["0"].shape == (3,) and zeros["tools"]["0"].dtype == torch.int64
    assert zeros["tools"]["1"]["on"].dtype == torch.int8


def test_actions_with_a_gradient_are_read() -> None:
    mapping = ActionMapping(STEER)
    assert mapping(torch.zeros(1, 3, requires_grad=True)).tolist() == [[0.0, 5.0, 0.0]]


@pytest.mark.parametrize(
    "space",
    [
        spaces.Box(-2, 3, (2,), np.int32),
        spaces.Box(0, 255, (2,), np.uint8),
        spaces.Box(0, 2**64 - 1, (2,), np.uint64),
        spaces.Discrete(3, dtype=np.int32),
        spaces.MultiDiscrete([2, 3], dtype=np.int8),
    ],
)
def test_choices_are_int64_on_the_board_and_the_environments_dtype_behind_it(space: Any) -> None:
    mapping = ActionMapping(space)
    assert mapping.board_space.dtype == np.int64
    shape: Any = mapping.board_space.shape
    first = np.zeros((1, *shape), np.int64)
    converted = mapping(torch.from_numpy(first))
    assert converted.dtype == space.dtype
    assert space.contains(converted[0])
