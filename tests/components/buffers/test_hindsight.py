"""Hindsight: ends of episodes and rewards by hand, goals against a naive search, boards."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import alfgraph
from alfgraph.components import (
    DQN,
    FunctionalGoalReward,
    GymEnv,
    HindsightReplay,
    OffPolicy,
    Pipeline,
    QNetwork,
    RewardScaling,
    SparseGoalReward,
    TDLoss,
)
from alfgraph.components.buffers.episode_ends import OPEN, EpisodeEnds
from alfgraph.components.buffers.hindsight_replay import HindsightRows
from alfgraph.components.buffers.replay_rows import Ring
from alfgraph.diagnostics.errors import BoardError
from alfgraph.specs.spec import Spec, parse_spec
from alfgraph.specs.step_types import FIRST, LAST, MID
from tests.components.buffers.test_replay_rows import layout
from tests.whole_boards.driving import iterate, started
from tests.whole_boards.worlds import Clock

GOALS = "{achieved_goal: float32[1], desired_goal: float32[1]}"
SPECS: dict[str, Spec] = {
    "step.step_type": parse_spec("int32[] in [0, 3)"),
    "step.observation": parse_spec(GOALS),
    "action": parse_spec("float32[]"),
}
WANTED = -1.0
"""The goal of every episode; what is achieved at row t of environment e is 100 e + t."""


def rows(max_length: int, size: int = 4, length: int = 1, **ring: Any) -> HindsightRows:
    shape = layout(size, length, specs=SPECS)
    kept = Ring(max_length, watches=True, **ring)
    return HindsightRows(shape, kept, 1.0, "step.observation", "desired_goal", "achieved_goal")


def fill(ring: HindsightRows, kinds: list[int], start: int = 0) -> HindsightRows:
    """Write rows; the last one closes."""
    for row, kind in enumerate(kinds, start=start):
        achieved = torch.tensor([[float(row)], [100.0 + row]])
        step = (
            torch.tensor([kind, kind]).int(),
            {"achieved_goal": achieved, "desired_goal": torch.full((2, 1), WANTED)},
        )
        if row == start + len(kinds) - 1:
            ring.close(*step)
        else:
            ring.write(*step, torch.zeros(2))
    return ring


def test_ends_of_episodes() -> None:
    """Two episodes of two and three rows, and one that goes on; row 6 takes the place of row 0."""
    ends = EpisodeEnds(6, 1)
    for row, kind in enumerate([FIRST, LAST, FIRST, MID, LAST, FIRST, MID]):
        ends.observe(row, np.array([kind]))
    assert ends.rows[:, 0].tolist() == [OPEN, 1, 4, 4, 4, OPEN]
    other = EpisodeEnds(6, 1)
    other.load(1, np.array([[LAST], [FIRST], [MID], [LAST], [FIRST], [MID]]))
    assert other.rows.tolist() == ends.rows.tolist()
    ends.observe(7, np.array([LAST]))
    other.observe(7, np.array([LAST]))
    assert ends.rows[:, 0].tolist() == other.rows[:, 0].tolist() == [7, 7, 4, 4, 4, 7]


def test_an_episode_longer_than_the_ring_ends_in_all_its_rows() -> None:
    ends = EpisodeEnds(3, 1)
    for row, kind in enumerate([FIRST, MID, MID, MID, LAST]):
        ends.observe(row, np.array([kind]))
    assert ends.rows[:, 0].tolist() == [4, 4, 4]


def test_goal_rewards() -> None:
    """Distances 5, 0.05 and 0 with a tolerance of 0.05."""
    achieved = torch.tensor([[3.0, 4.0], [0.05, 0.0], [0.0, 0.0]])
    desired = torch.zeros(3, 2)
    reward, discount = SparseGoalReward().forward(achieved, desired)
    assert (reward.tolist(), discount.tolist()) == ([-1.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    ending = SparseGoalReward(reached=2.0, missed=0.5, ends=True)
    reward, discount = ending.forward(achieved, desired)
    assert (reward.tolist(), discount.tolist()) == ([0.5, 2.0, 2.0], [1.0, 0.0, 0.0])
    dense = FunctionalGoalReward(function=lambda a, d: -(a - d).norm(dim=-1))
    reward, discount = dense.forward(achieved, desired)
    assert reward.tolist() == pytest.approx([-5.0, -0.05, 0.0])
    assert discount.tolist() == [1.0, 1.0, 1.0]


def test_a_goal_is_what_was_achieved_later_in_the_episode() -> None:
    """From row 0 of an episode that ends at row 3: rows 1, 2 and 3 equally often."""
    ring = fill(rows(10), [FIRST, MID, MID, LAST, FIRST, MID])
    torch.manual_seed(0)
    index = np.zeros(3000, np.int64)
    observation, paid = ring.read(index, ("step.observation", "relabelled"))
    goals = observation["desired_goal"][..., 0]
    assert torch.equal(goals[0], goals[1])
    counts = torch.bincount(goals[0].long(), minlength=5).tolist()
    assert counts[0] == counts[4] == 0
    assert all(abs(count - 1000) < 5 * 26 for count in counts[1:4])
    assert paid[:, 0].tolist() == [False, True]  # no reward leads to a first step
    assert observation["achieved_goal"][:, 0, 0].tolist() == [0.0, 1.0]


def test_a_reset_keeps_its_goal() -> None:
    ring = fill(rows(10), [FIRST, MID, LAST, FIRST, MID])
    observation, paid = ring.read(np.array([2 * 2]), ("step.observation", "relabelled"))
    assert observation["desired_goal"][:, 0, 0].tolist() == [WANTED, WANTED]
    assert not paid.any()


def test_an_episode_that_goes_on_counts_up_to_its_newest_step() -> None:
    ring = fill(rows(10), [FIRST, MID, MID, MID])
    (observation,) = ring.read(np.array([2 * 2 + 1] * 9), ("step.observation",))
    assert observation["desired_goal"][:, :, 0].unique().tolist() == [103.0]


@given(
    st.integers(4, 9), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2),
    st.lists(st.sampled_from([2, 3, 5]), min_size=1, max_size=6), st.integers(1, 9),
    st.integers(0, 2**31),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_it_equals_a_naive_search(  # noqa: PLR0913, PLR0917  (one argument for each choice)
    max_length: int, length: int, n: int, context: int, episodes: list[int], cut: int, seed: int
) -> None:
    """Rows after the episode keep their goal; others get one that was achieved later in it."""
    n = n if length == 1 else 1
    whole = [k for rows_ in episodes for k in (FIRST, *[MID] * (rows_ - 2), LAST)] + [FIRST, MID]
    kinds = whole[: len(whole) - cut % 3]
    ring = rows(max_length, length=length, context=context, n_step=n)
    start = 0
    while start < len(kinds) - 1:
        fill(ring, kinds[start : start + cut + 1], start)
        start = min(start + cut, len(kinds) - 1)
        other = rows(max_length, length=length, context=context, n_step=n)
        other.load_state(ring.state())
        assert other.ends.rows.tolist() == ring.ends.rows.tolist()
    torch.manual_seed(seed)
    first, end = ring.starts()
    for row in range(first, end):
        observation, paid = ring.read(np.array([2 * row]), ("step.observation", "relabelled"))
        seen = observation["achieved_goal"][:, 0, 0].tolist()
        goals = observation["desired_goal"][:, 0, 0].tolist()
        last = next((at for at in range(row, len(kinds)) if kinds[at] == LAST), len(kinds) - 1)
        begin = max(at for at in range(row + 1) if kinds[at] == FIRST)
        inside = [begin <= at <= last and row < last for at in seen]
        assert [goal != WANTED for goal in goals] == inside
        assert {goal for goal in goals if goal != WANTED} <= set(range(row + 1, last + 1))
        expected = [ok and kinds[int(at)] != FIRST for ok, at in zip(inside, seen, strict=True)]
        assert paid[:, 0].tolist() == expected


# ----------------------------------------------------------------------------------- boards


class Line(gymnasium.Env[Any, Any]):
    """Walks right one unit a step and wants to be at 2; terminates there, or after four steps."""

    def __init__(self) -> None:
        place = spaces.Box(-9.0, 9.0, (1,), np.float32)
        self.observation_space = spaces.Dict({"achieved_goal": place, "desired_goal": place})
        self.action_space = spaces.Discrete(2)
        self.place = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.place = 0
        return self.observed(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.place += 1
        return self.observed(), -1.0, False, self.place == 4, {}

    def observed(self) -> Any:
        return {
            "achieved_goal": np.array([self.place], np.float32),
            "desired_goal": np.array([7.0], np.float32),
        }


def board(*transforms: Any, replay: HindsightReplay, make: Any = Line) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=make, num_envs=2),
        transforms=transforms,
        algorithm=DQN(replay=replay, td=TDLoss(gamma=0.5), q=QNetwork(hidden=(4,))),
        schedule=OffPolicy(unroll_length=9, mini_batch_size=256),
    )


def losses_inputs(program: Any) -> list[Tensor]:
    """Step types, rewards and discounts of the next update's loss."""
    heard: list[Tensor] = []
    compute = program.namespace["td"]

    def listen(*inputs: Tensor) -> Any:
        heard.extend(inputs[:3])
        return compute(*inputs)

    program.namespace["td"] = listen
    iterate(program)
    return heard


def outcomes(graph: Pipeline) -> set[tuple[float, float]]:
    """Rewards and discounts of the transitions a loss sees that do not start at LAST."""
    kind, reward, discount = losses_inputs(started(graph))
    valid = kind[0] != LAST
    return set(zip(reward[1, valid].tolist(), discount[1, valid].tolist(), strict=True))


def test_new_goals_are_paid_before_the_transforms() -> None:
    """A goal one step ahead is reached: 0, and the end; all else -1. Rewards are then x 10."""
    reward = SparseGoalReward(ends=True)
    found = outcomes(board(RewardScaling(scale=10.0), replay=HindsightReplay(reward=reward)))
    assert found == {(0.0, 0.0), (-10.0, 1.0)}


def test_without_relabelling_rewards_are_the_environments() -> None:
    assert outcomes(board(replay=HindsightReplay(proportion=0.0))) == {(-1.0, 1.0)}


def test_several_steps_add_up_rewards_of_the_new_goal() -> None:
    """Two steps: reached at once (0), at the second (-1 + 0.5 x 0), later (-1 - 0.5)."""
    replay = HindsightReplay(proportion=1.0, n_step=2, reward=SparseGoalReward())
    found = outcomes(board(replay=replay))
    assert found == {(-0.5, 0.5), (-1.0, 0.5), (-1.5, 0.5), (0.0, 1.0)}


def test_any_function_pays_for_goals() -> None:
    reward = FunctionalGoalReward(function=lambda a, d: (a - d)[..., 0] * 2)
    found = outcomes(board(replay=HindsightReplay(proportion=1.0, reward=reward)))
    assert found == {(0.0, 1.0), (-2.0, 1.0), (-4.0, 1.0), (-6.0, 1.0)}


def test_an_observation_without_goals_is_refused() -> None:
    with pytest.raises(BoardError, match=r"a TensorSpec has no keys"):
        alfgraph.plan(board(replay=HindsightReplay(), make=Clock))


def test_a_missing_goal_field_is_named() -> None:
    with pytest.raises(BoardError, match=r"no `goal` among achieved_goal, desired_goal"):
        alfgraph.plan(board(replay=HindsightReplay(desired="goal")))
