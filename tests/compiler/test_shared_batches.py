"""Buffers that are read together, or twice, give mini-batches of one shape."""

from __future__ import annotations

from typing import Any

import pytest

import alfgraph
from alfgraph.compiler import compile_graph
from alfgraph.components import (
    DQN,
    PPO,
    GymEnv,
    MiniBatches,
    OffPolicy,
    Pipeline,
    Rate,
    RolloutBuffer,
    Schedule,
)
from alfgraph.components.algorithms.ppo import Sample
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.schedules import Epochs
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import trained
from tests.whole_boards.test_custom_phase import board as phasic
from tests.whole_boards.worlds import Noise


class Late(Record):
    step: TimeStep


class Together(PPO):
    """Reads two mini-batches at once: of this rollout, and of what a memory holds."""

    memory: RolloutBuffer = RolloutBuffer()
    later: MiniBatches = MiniBatches()

    def prepare(self) -> Sample:
        sample = super().prepare()
        self.memory.write(Late(step=sample.step))
        self.later.write(Late(step=self.memory.read(Late).step))
        return sample

    def update(self) -> Wire:
        batch, late = self.samples.read(Sample), self.later.read(Late)
        policy = self.actor(batch.step).policy
        loss = self.loss(
            batch,
            log_prob=policy.log_prob(batch.action),
            entropy=policy.entropy(),
            value=self.critic(batch.step).value,
        )
        assert self.optimizer is not None
        self.optimizer(loss.loss + (self.critic(late.step).value ** 2).mean())
        return loss.loss


class Twice(OffPolicy):
    """A second phase that samples."""

    again: Rate = Rate(every=2, mini_batch_size=3)


class SampledTwice(DQN):
    """Samples one replay buffer in two phases."""

    schedule: Schedule = Twice(unroll_length=2, initial_collect_steps=16, mini_batch_size=4)

    def again(self) -> None:
        self.update()


def board(algorithm: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=algorithm)


SCHEDULE = Epochs(unroll_length=4, epochs=1, mini_batch_size=4)


def test_buffers_of_one_length_share_their_indices() -> None:
    program = trained(board(Together(schedule=SCHEDULE)), 2)
    assert program.optimizers["algorithm.optimizer"].step_count == 2 * 2


def test_buffers_of_two_lengths_cannot() -> None:
    graph = board(Together(schedule=SCHEDULE, memory=RolloutBuffer(rollouts=3)))
    said = r"(?s)E502.*reads `algorithm\.samples` and `algorithm\.later`.*4 x 2 and 12 x 2"
    with pytest.raises(WiringError, match=said):
        compile_graph(graph)


def test_one_replay_buffer_gives_mini_batches_of_one_shape() -> None:
    said = r"E502.*`algorithm\.replay` is to give mini-batches of \[1, 4\] and of \[1, 3\]"
    with pytest.raises(WiringError, match=said):
        compile_graph(board(SampledTwice()))


def test_the_bytes_of_several_rollouts_are_foreseen() -> None:
    """Two rollouts of [4, 2] records: step_type 4, observation 16, returns 4 bytes."""
    plan = alfgraph.plan(phasic())
    planned = {buffer.path: buffer for buffer in plan.buffers}["algorithm.memory"]
    program = trained(phasic(), 1)
    stored = program.buffers["algorithm.memory"].leaves.tensors
    tensors = [tensor for leaf in stored.values() for tensor in leaf]
    assert planned.num_bytes == sum(t.numel() * t.element_size() for t in tensors)
    record = sum(t[0, 0].numel() * t.element_size() for t in tensors)
    assert planned.num_bytes == 2 * 4 * 2 * record
