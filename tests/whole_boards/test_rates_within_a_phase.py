"""`every=n` on effects, and `stop_when`: leaving a phase's loop until the next rollout."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import alfgraph
from alfgraph.components import (
    SGD,
    ActorDistributionNetwork,
    Algorithm,
    Epochs,
    GymEnv,
    MiniBatches,
    Network,
    Optimizer,
    Pipeline,
    PolicyNetwork,
    RolloutBuffer,
    Schedule,
)
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import Clock


class Here(Record):
    """What passes through the buffers."""

    step: TimeStep


class Slope(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.tensor(8.0))

    def forward(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        return 0.5 * self.place.square() + 0.0 * observation.mean(), self.place * 1.0


class Bowl(Network):
    """Height and place of a ball in a bowl: a step of rate 0.5 halves the place."""

    observation = In("float32[*batch, n]")
    height = Out("float32[]")
    place = Out("float32[]")

    def build(self) -> nn.Module:
        return Slope()


class Watch(Operation):
    """Adds what it sees."""

    x = In("float32[*batch]")


class Sum(nn.Module):
    total: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(()))

    def watch(self, x: Tensor) -> None:
        self.total += x[0]


class Tally(Network):
    """Statistics: the sum of what environment 0 showed."""

    watch = Watch()

    def build(self) -> nn.Module:
        return Sum()


class Descend(Algorithm):
    """Rolls down the bowl in mini-batches; stops below 3."""

    actor: PolicyNetwork = ActorDistributionNetwork(hidden=(), frozen=True)
    bowl: Bowl = Bowl()
    tally: Tally = Tally()
    rollout: RolloutBuffer = RolloutBuffer()
    samples: MiniBatches = MiniBatches()
    optimizer: Optimizer = SGD(lr=0.5)
    stop_first: bool = True
    below: float = 3.0
    watch_every: int = 1
    step_every: int = 1
    schedule: Schedule = Epochs(unroll_length=4, epochs=5, mini_batch_size=4)

    def unroll(self, step: TimeStep) -> Wire:
        self.rollout.write(Here(step=step))
        self.tally.watch(step.reward, every=self.watch_every)
        return self.actor(step).policy.sample()

    def predict(self, step: TimeStep) -> Wire:
        return self.actor(step).policy.mode()

    def prepare(self) -> None:
        self.samples.write(self.rollout.read(Here))

    def update(self) -> None:
        ball = self.bowl(self.samples.read(Here).step.observation)
        if self.stop_first:
            self.stop_when(ball.place < self.below)
        self.optimizer(ball.height, every=self.step_every)
        if not self.stop_first:
            self.stop_when(ball.place < self.below)


def board(**settings: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Clock, num_envs=2), algorithm=Descend(**settings))


def places(program: Any, iterations: int) -> list[float]:
    found = []
    for _ in range(iterations):
        iterate(program)
        found.append(program.modules["algorithm.bowl"].place.item())
    return found


def test_without_a_stop_every_mini_batch_is_a_step() -> None:
    """5 epochs of 2 mini-batches: 8 / 2^10."""
    assert places(started(board(below=0.0)), 1) == [8.0 / 2**10]


def test_a_stop_before_the_optimizer_skips_its_step() -> None:
    """8 -> 4 -> 2, which is below 3; the next rollout stops at once."""
    program = started(board())
    assert places(program, 2) == [2.0, 2.0]
    assert program.optimizers["algorithm.optimizer"].step_count == 2


def test_a_stop_after_the_optimizer_finishes_the_step() -> None:
    """8 -> 4 -> 2 -> 1, for 2 was below 3; the next rollout takes one step."""
    program = started(board(stop_first=False))
    assert places(program, 2) == [1.0, 0.5]
    assert program.optimizers["algorithm.optimizer"].step_count == 4


@pytest.mark.parametrize("first", [True, False])
def test_the_program_reads_like_it(first: bool) -> None:
    code = alfgraph.plan(board(stop_first=first)).code
    update = code.partition("def update(")[2].partition("\ndef ")[0]
    stop, step = update.index("if place < 3.0:"), update.index("optimizer.step(")
    assert (stop < step) == first
    assert "        return True" in update
    assert "for batch in samples.passes(5):\n        if update(batch):\n            break" in code


def test_an_optimizer_every_third_mini_batch() -> None:
    """Runs 3, 6 and 9 of 10; counting goes on in the next iteration with 12, 15 and 18."""
    program = started(board(below=0.0, step_every=3))
    assert places(program, 2) == [8.0 / 2**3, 8.0 / 2**6]


def test_an_effect_every_third_tick_counts_on_across_rollouts() -> None:
    """Rewards of the ticks are those of times 0 1 2 3 4 0 1 2 3 4 0 1; every third: 2, 0, 3, 1."""
    program = trained(board(watch_every=3), 3)
    assert float(program.modules["algorithm.tally"].total) == 2.0 + 0.0 + 3.0 + 1.0
    assert float(trained(board(), 3).modules["algorithm.tally"].total) == 21.0


def test_counters_are_part_of_the_state() -> None:
    graph = board(watch_every=3, step_every=4, below=0.0)
    program = trained(graph, 2)
    state = program.save_point()
    assert state["counters"]["unroll"] == 8
    assert state["counters"]["update"] == 20
    assert are_equal(parameters(trained(graph, 2)), parameters(program))
