"""The parts of the bin keep the contracts that other authors are told."""

import inspect
from typing import TYPE_CHECKING

import pytest

from alfgraph.components import GymEnv
from alfgraph.components.buffers.mini_batches import BatchedSequences
from alfgraph.components.buffers.replay_rows import ReplayRows
from alfgraph.components.buffers.rollout_buffer import RolloutRows, WholeRollouts
from alfgraph.components.envs.batch.batched_env import BatchedEnv
from alfgraph.components.envs.batch.device_env import DeviceEnv
from alfgraph.components.optimizers.flat_optimizer import FlatOptimizer
from alfgraph.families.protocols import (
    BatchingStorage,
    BufferStorage,
    ClosingStorage,
    HasFrameRate,
    NamesInfo,
    Renders,
    ReportsInfo,
    RunningEnvironment,
    RunningOptimizer,
    SavedAtPoints,
)

if TYPE_CHECKING:  # what a type checker proves needs no run

    def environments(one: BatchedEnv, other: DeviceEnv) -> tuple[RunningEnvironment, ...]:
        return one, other

    def storages(one: WholeRollouts) -> BufferStorage:
        return one

    def closing(one: RolloutRows, other: ReplayRows) -> tuple[ClosingStorage, ...]:
        return one, other

    def batching(one: BatchedSequences) -> BatchingStorage:
        return one

    def optimizers(one: FlatOptimizer) -> RunningOptimizer:
        return one


CAPABILITIES = (ReportsInfo, NamesInfo, SavedAtPoints, Renders, HasFrameRate)


def members(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_")]


@pytest.mark.parametrize("protocol", CAPABILITIES)
@pytest.mark.parametrize("kind", [BatchedEnv, DeviceEnv])
def test_what_is_optional_stands_in_the_class(protocol: type, kind: type) -> None:
    """From Python 3.12 on `isinstance` does not ask `__getattr__`."""
    assert all(inspect.getattr_static(kind, name, None) is not None for name in members(protocol))
    env = GymEnv(num_envs=1).open(1, 0, False, "cpu")
    env.reset()
    assert isinstance(env if kind is BatchedEnv else DeviceEnv(env, "cpu"), protocol)  # type: ignore[arg-type]


def test_every_member_says_what_it_must_do() -> None:
    for protocol in (RunningEnvironment, BufferStorage, RunningOptimizer, *CAPABILITIES):
        silent = [n for n in members(protocol) if not inspect.getdoc(getattr(protocol, n, None))]
        assert silent == []
