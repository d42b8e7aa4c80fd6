"""Boards that once came through the check and failed later, or failed inside the compiler."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from gymnasium import spaces

import alfgraph
from alfgraph.compiler import compile_graph
from alfgraph.components import (
    GAE,
    PPO,
    SAC,
    ActorCritic,
    ActorDistributionNetwork,
    Algorithm,
    Epochs,
    FrameStack,
    GymEnv,
    MiniBatches,
    Network,
    ObservationNormalizer,
    Offline,
    OnPolicy,
    Optimizer,
    Pipeline,
    PPOLoss,
    Rate,
    RewardNormalizer,
    RolloutBuffer,
    Schedule,
    SoftActor,
    Trainer,
    Transform,
)
from alfgraph.components.algorithms.ppo import Experience, Sample
from alfgraph.diagnostics.errors import AlfgraphError, SettingError, WiringError
from alfgraph.families.timestep import TimeStep
from alfgraph.runtime.opening import open_session
from alfgraph.wiring.ports import In, Out, State
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import trained
from tests.whole_boards.worlds import Noise, Reach


def board(algorithm: Algorithm, **sockets: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=algorithm, **sockets)


class Pair(Record):
    step: TimeStep
    action: Wire


class Swapped(ActorCritic):
    """Writes a step where an action belongs."""

    def unroll(self, step: TimeStep) -> Wire:
        action = self.actor(step).policy.sample()
        self.rollout.write(Pair(step=action, action=step))  # type: ignore[arg-type]
        return action


class Seldom(ActorCritic):
    """Steps its optimizer at a rate that is none."""

    every: Any = 2

    def update(self) -> Wire:
        loss = super().update()
        if self.optimizer is not None:
            self.optimizer(loss, every=self.every)
        return loss


class Unsized(Transform):
    """Names an axis that only its output has."""

    reward = In("float32[*batch, *r]", role="reward")
    out = Out("float32[B, *r]", role="reward")

    def forward(self, reward: Any) -> Any:
        return reward


class Reread(PPO):
    """Reads a record as another record, not as its class."""

    def prepare(self) -> Any:
        taken: Any = self.rollout.read(Experience)
        return self.rollout.read(taken)


class Called(PPO):
    """Calls its buffer as if it were a network."""

    def prepare(self) -> Any:
        return self.rollout(self.rollout.steps())


class Manifold(PPO):
    """Stops where a whole mini-batch of ratios, not one number, is true."""

    def update(self) -> Wire:
        self.stop_when(self.samples.read(Sample).advantage > 0)
        return super().update()


class Curtailed(PPO):
    """Would like to collect less."""

    def unroll(self, step: TimeStep) -> Wire:
        self.stop_when(step.reward.mean() > 0)
        return super().unroll(step)


class Mirrored(PPO):
    """Scores what its policy cannot choose: minus an index."""

    def update(self) -> Wire:
        batch = self.samples.read(Sample)
        self.actor(batch.step).policy.log_prob(-batch.action)
        return super().update()


class Numpy(PPOLoss):
    """Leaves torch, where a gradient does not follow."""

    def forward(self, *args: Any) -> Any:
        loss, *rest = super().forward(*args)
        return torch.as_tensor(loss.numpy()), *rest


class Misled(PPO):
    """Names a method where a part belongs."""

    def update(self) -> Wire:
        loss = super().update()
        assert self.optimizer is not None
        self.optimizer(loss, self.actor.build)
        return loss


class Lengthwise(PPO):
    """Names an axis that has only a number."""

    def update(self) -> Wire:
        self.samples.read(Sample).advantage.mean(axis=cast("int", "time"))
        return super().update()


class Remembering(ActorDistributionNetwork):
    """Does not say what it remembers."""

    past = State("anything[*batch]")


class Late(Epochs):
    gather: Rate = Rate(every=3)
    learn: Rate = Rate(every=2)


class Impatient(PPO):
    """Learns in iteration 2 from what is gathered in iteration 3 first."""

    gathered: MiniBatches = MiniBatches()
    schedule: Schedule = Late(unroll_length=4, mini_batch_size=4)

    def gather(self) -> None:
        self.gathered.write(self.rollout.read(Experience))

    def learn(self) -> None:
        policy = self.actor(self.gathered.read(Experience).step).policy
        assert self.optimizer is not None
        self.optimizer(policy.entropy().mean())


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (board(Swapped()), r"E101.*`Pair\.step` takes a TimeStep, not a wire"),
        (board(Seldom(every=0)), r"E302.*`every` of `algorithm\.optimizer` .*, not 0"),
        (board(Seldom(every="2")), r"E302.*`every` of `algorithm\.optimizer` .*, not '2'"),
        (board(PPO(optimizer=Optimizer())), r"E304.*`algorithm\.optimizer` \(Optimizer\) computes"),
        (board(PPO(), transforms=(Transform(),)), r"E104.*`transforms\.0` has no input port"),
        (board(PPO(), transforms=(Unsized(),)), r"E108.*nothing on the board decides `B` of"),
        (board(Reread()), r"E205.*holds Experience, but is read as an object, Experience"),
        (board(Impatient()), r"E204.*`algorithm\.gathered` is read in iteration 2.*in iteration 3"),
        (board(Mirrored()), r"E101.*`log_prob` cannot be applied to .* differ in bounds"),
        (board(PPO(loss=Numpy())), r"E110.*requires grad"),
        (board(Misled()), r"E101.*`algorithm\.optimizer\.trains` takes parts of the board"),
        (board(Lengthwise()), r"E302.*`mean\(axis=\.\.\.\)` takes a whole number, not 'time'"),
        (board(PPO(actor=Remembering())), r"E108.*the register `past` is to be one tensor"),
        (Pipeline(env=GymEnv(make=Noise, vectorization="native")), r"E302.*no native vector form"),
        (
            Pipeline(
                env=GymEnv(make=Reach),
                algorithm=SAC(actor=SoftActor(frozen=True)),
            ),
            r"E122.*nothing is left for `algorithm\.actor_optimizer` to train",
        ),
        (board(Called()), r"E104.*`algorithm\.rollout` is a buffer: its methods are called"),
        (board(Curtailed()), r"E104.*`stop_when` ends a loop of updates, but\s+`unroll`"),
        (board(Manifold()), r"E101.*does not fit `stop_when`: a condition\s+is one truth"),
        (
            board(ActorCritic(rollout=RolloutBuffer(rollouts=3))),
            r"E207.*`algorithm\.rollout` keeps 3 rollouts",
        ),
        (
            board(
                ActorCritic(schedule=OnPolicy(unroll_length=4)),
                transforms=(ObservationNormalizer(),),
                schedule=Offline(),
            ),
            r"E501.*`algorithm` \(ActorCritic\) cannot run under Offline",
        ),
    ],
)
def test_it_is_refused_before_anything_runs(graph: Pipeline, said: str) -> None:
    with pytest.raises(WiringError, match=f"(?s){said}"):
        compile_graph(graph)


def test_what_a_part_says_in_the_trial_run_gains_code_and_place() -> None:
    graph = board(PPO(returns=GAE(gamma=(0.9, 0.8))))
    with pytest.raises(AlfgraphError, match=r"E110.*gamma has shape \(2,\)") as caught:
        alfgraph.plan(graph)
    assert caught.value.diagnostics[0].path == "algorithm.returns"
    assert caught.value.diagnostics[0].source is not None


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rollouts": 0}, r"E302.*`RolloutBuffer\.rollouts` cannot be 0"),
        ({"rolouts": 2}, r"E301.*`RolloutBuffer` has no setting `rolouts`"),
    ],
)
def test_class_wide_defaults_are_validated(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        board(PPO()).configure(RolloutBuffer, **settings)


def test_class_wide_defaults_take_what_the_field_makes_of_them() -> None:
    graph = board(PPO(schedule=Epochs(unroll_length=4))).configure(Network, frozen="false")
    assert graph.configured[0][1] == {"frozen": False}
    kept = graph.configure(FrameStack, axis=1)  # its required settings are another line's affair
    assert kept.configured[1][1] == {"axis": 1}


class Blind(Pipeline):
    """Nothing is stepped in evaluation."""

    def predict(self) -> None:
        self.env.feed()


def test_what_steps_no_environment_is_not_evaluated() -> None:
    graph = Blind(
        env=GymEnv(make=Noise, num_envs=2), trainer=Trainer(num_iterations=1, progress="none")
    )
    plan = compile_graph(graph)
    assert plan.schedule.evaluations == 0
    with open_session(plan, None, {"quiet": True, "save": False}) as session:
        session.iterate()
        assert session.is_done


def test_long_lines_of_registers_are_wrapped() -> None:
    transforms = (ObservationNormalizer(), RewardNormalizer(), RewardNormalizer())
    graph = board(ActorCritic(schedule=OnPolicy(unroll_length=2)), transforms=transforms)
    program = trained(graph, 2)
    assert ",," not in program.plan.code


def test_a_discrete_policy_does_not_choose_among_millions() -> None:
    class Many(Noise):
        def __init__(self) -> None:
            super().__init__()
            self.action_space = spaces.Box(0, 10**6, (1,), np.int64)

    with pytest.raises(WiringError, match=r"(?s)E101.*has\s+1,000,001\s+choices"):
        compile_graph(Pipeline(env=GymEnv(make=Many, num_envs=2), algorithm=PPO()))
