"""ReplayBuffer on boards: raw steps, transforms on samples, schedules, checkpoints, evaluation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import alfgraph
from alfgraph.components import (
    FrameStack,
    GymEnv,
    ObservationNormalizer,
    OffPolicy,
    Pipeline,
    ReplayBuffer,
    RewardNormalizer,
    RewardScaling,
    RewardStatistics,
    Transform,
)
from alfgraph.diagnostics.errors import BoardError, RunError
from tests.components.buffers.replay_board import QLearning, stored
from tests.runtime.comparison import differences
from tests.whole_boards.driving import are_equal, iterate, parameters, started
from tests.whole_boards.worlds import Clock

REPLAY = "algorithm.replay"


def is_mapped(array: Any) -> bool:
    """Whether an array is a view of a file."""
    return isinstance(array, np.memmap) or (array.base is not None and is_mapped(array.base))


def board(*transforms: Transform, algorithm: QLearning | None = None, **schedule: Any) -> Pipeline:
    numbers = {"unroll_length": 4, "mini_batch_size": 8} | schedule
    return Pipeline(
        env=GymEnv(make=Clock, num_envs=2),
        transforms=transforms,
        algorithm=algorithm or QLearning(),
        schedule=OffPolicy(**numbers),
    )


def test_rows_are_the_steps_of_the_environment() -> None:
    """Times 0 1 2 3 4 | 0 1 2: reward t arrives with time t, the discount is 0 at the end."""
    program = iterate(started(board()), 2)
    assert stored(program, "step.observation")[:, 0, 0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert stored(program, "step.reward")[:, 1].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert stored(program, "step.discount")[:, 0].tolist() == [1, 1, 1, 1, 0, 1, 1, 1]
    assert stored(program, "step.step_type")[:, 0].tolist() == [0, 1, 1, 1, 2, 0, 1, 1]


def test_the_plan_counts_bytes_and_leaves() -> None:
    """51 rows x 2 environments x (three floats, and a byte each for step type and action)."""
    plan = alfgraph.plan(board())
    (buffer,) = plan.buffers
    assert buffer.num_bytes == 51 * 2 * 14
    assert buffer.gradient == "no grad"
    assert set(buffer.leaves) == {
        "step.step_type", "step.reward", "step.discount", "step.observation", "action",
    }  # fmt: skip


def test_rows_in_a_mapped_file_equal_rows_in_memory(tmp_path: Path) -> None:
    """The ring of 51 rows is filled more than once; the file has no name that could stay behind."""
    kept = QLearning(replay=ReplayBuffer(max_length=50))
    mapped = QLearning(replay=ReplayBuffer(max_length=50, memory_map=str(tmp_path / "rows")))
    in_memory = iterate(started(board(algorithm=kept)), 20)
    in_file = iterate(started(board(algorithm=mapped)), 20)
    for array in in_file.buffers[REPLAY].rows.arrays:
        assert is_mapped(array)
    assert list((tmp_path / "rows").iterdir()) == []
    assert differences(in_file.save_point(), in_memory.save_point(), "") == []
    resumed = started(board(algorithm=mapped))
    resumed.load_state(in_memory.save_point())
    assert differences(iterate(resumed).save_point(), iterate(in_memory).save_point(), "") == []


def test_rows_on_a_disk_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "rows").write_text("a file in the way")
    mapped = QLearning(replay=ReplayBuffer(memory_map=str(tmp_path / "rows")))
    with pytest.raises(RunError, match=r"cannot be mapped into a file in\s.*rows: File exists"):
        started(board(algorithm=mapped))


def test_the_update_is_that_of_a_naive_loop() -> None:
    graph = board(mini_batch_size=5, mini_batch_length=2)
    program = iterate(started(graph), 3)
    module: Any = program.modules["algorithm.values"]
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    with program.generators():
        random_state = torch.get_rng_state()
        index = program.buffers[REPLAY].draw()
        torch.set_rng_state(random_state)
        program.namespace["update"]()
    module_before = torch.nn.Linear(1, 2)
    module_before.load_state_dict(before)
    errors = []
    times = stored(program, "step.observation")[..., 0]
    actions = stored(program, "action")
    for sequence in index.tolist():
        row, env = divmod(sequence, 2)
        for at in (row, row + 1):
            time = float(times[at, env])
            if time == 4.0:
                continue  # a reset
            arrived = time + 1.0
            with torch.no_grad():
                later = module_before(torch.tensor([arrived])).max()
            target = arrived + 0.9 * (arrived < 4.0) * later
            value = module_before(torch.tensor([time]))[actions[at, env]]
            errors.append((value - target).square())
    loss = torch.stack(errors).mean()
    (gradient,) = torch.autograd.grad(loss, module_before.weight)
    assert float(program.log["optimizer/loss"]) == pytest.approx(loss.item(), rel=1e-5)
    weight = before["weight"] - 1e-3 * gradient
    torch.testing.assert_close(module.weight.detach(), weight)


def test_transforms_are_applied_again_to_what_is_sampled() -> None:
    graph = board(RewardScaling(scale=10.0), ObservationNormalizer(update_in="replay"))
    program = iterate(started(graph))
    assert stored(program, "step.observation")[:, 0, 0].tolist() == [0, 1, 2, 3]
    assert stored(program, "step.reward")[:, 0].tolist() == [0, 1, 2, 3]
    statistics: Any = program.modules["transforms.1"]
    assert statistics.statistics[0].count.item() == 2 * 8
    code = program.plan.code
    assert code.index("replay.sample(") < code.index("observation_normalizer.observe(")
    assert code.count("observation_normalizer.observe(") == 1


def test_statistics_of_the_rollout_are_not_changed_by_samples() -> None:
    program = iterate(started(board(ObservationNormalizer())))
    statistics: Any = program.modules["transforms.0"]
    assert statistics.statistics[0].count.item() == 2 * 4
    raw = stored(program, "step.observation")
    assert raw[:, 0, 0].tolist() == [0, 1, 2, 3]


def test_rewards_measured_in_replay() -> None:
    measured = RewardNormalizer(
        update_in="replay", returns=None, statistics=RewardStatistics(zero_mean=True)
    )
    program = iterate(started(board(measured)))
    statistics: Any = program.modules["transforms.0.statistics"]
    assert 0 < statistics.statistics.count.item() <= 16


@pytest.mark.parametrize("length", [1, 3])
def test_stacks_made_again_from_single_frames_equal_those_of_the_rollout(length: int) -> None:
    """A ring of 13 rows after 24 ticks: whatever the policy saw, at every place of a sequence."""
    graph = board(
        FrameStack(size=3),
        algorithm=QLearning(replay=ReplayBuffer(max_length=12)),
        mini_batch_length=length,
    )
    program = iterate(started(graph), 6)
    replay = program.buffers[REPLAY]
    assert replay.ring.context == 2
    stack = program.namespace["frame_stack"]
    first, end = replay.starts()
    for row in range(first, end):
        index = torch.tensor([2 * row]).numpy()
        observation, kind = replay.read(index, ("step.observation", "step.step_type"))
        stacks, *_ = stack.scan(stack.initial(observation, 1), observation, kind)
        for offset, found in enumerate(stacks[2:, 0].tolist()):
            time = (row + offset) % 5
            assert found == [max(0, time - 2), max(0, time - 1), time]


def test_statistics_behind_a_stack_see_whole_stacks_only() -> None:
    graph = board(FrameStack(size=3), ObservationNormalizer(update_in="replay"))
    program = iterate(started(graph))
    statistics: Any = program.modules["transforms.1"]
    assert statistics.statistics[0].count.item() == 2 * 8  # T + 1 rows, without the context


def test_a_resumed_program_continues_exactly() -> None:
    graph = board(FrameStack(size=2), algorithm=QLearning(replay=ReplayBuffer(max_length=9)))
    program = iterate(started(graph), 4)
    other = started(graph, seed=5)
    other.load_state(program.save_point())
    iterate(program, 3)
    iterate(other, 3)
    assert are_equal(parameters(program), parameters(other))
    assert all(
        torch.equal(one, same)
        for one, same in zip(
            program.buffers[REPLAY].state()["blocks"],
            other.buffers[REPLAY].state()["blocks"],
            strict=True,
        )
    )


def test_nothing_is_trained_before_the_initial_collection() -> None:
    program = started(board(initial_collect_steps=20))
    before = parameters(program)
    iterate(program, 2)
    assert program.counters["env_steps"] == 16
    assert are_equal(before, parameters(program))
    iterate(program)
    assert not are_equal(before, parameters(program))


@pytest.mark.parametrize(
    ("replay", "schedule", "message"),
    [
        (ReplayBuffer(), {"mini_batch_length": 8}, r"needs 8 transitions[\s\S]*=16"),
        (ReplayBuffer(), {"unroll_length": 0.5}, r"and 0 are collected[\s\S]*=2"),
        (ReplayBuffer(max_length=2), {"mini_batch_length": 3}, "max_length=3 or more"),
        (
            ReplayBuffer(with_replacement=False),
            {"mini_batch_size": 12},
            r"initial_collect_steps=12",
        ),
    ],
)
def test_too_little_data_is_found_before_the_run(
    replay: ReplayBuffer, schedule: dict[str, Any], message: str
) -> None:
    with pytest.raises(BoardError, match=message):
        alfgraph.plan(board(algorithm=QLearning(replay=replay), **schedule))


def test_a_fraction_of_a_step_per_iteration_carries_over() -> None:
    program = iterate(started(board(unroll_length=0.5, initial_collect_steps=2)), 4)
    assert len(program.buffers[REPLAY]) == 4
