"""Phases of one's own with their own rates: PPG's auxiliary phase; a policy stored in a buffer."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import (
    MLP,
    PPO,
    Epochs,
    GymEnv,
    Loss,
    MiniBatches,
    Network,
    Pipeline,
    Rate,
    RolloutBuffer,
    Schedule,
)
from alfgraph.components.algorithms.ppo import Sample
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.network import PolicyNetwork, ValueFunction
from alfgraph.families.timestep import TimeStep
from alfgraph.overrides.swaps import set_values
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Distribution, Wire
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained, trains
from tests.whole_boards.encoders import EncodedPolicy, EncodedValue
from tests.whole_boards.worlds import Clock, Noise, Reach

ENCODER = MLP(hidden=(5,))


class Phasic(Epochs):
    """A schedule names its extra phases: fields of class Rate."""

    auxiliary_prepare: Rate = Rate(every=2)
    auxiliary: Rate = Rate(every=2, epochs=3, mini_batch_size=4)


class Past(Record):
    """What the memory keeps of a rollout."""

    step: TimeStep
    returns: Wire


class Auxiliary(Record):
    """What the auxiliary phase trains on."""

    step: TimeStep
    returns: Wire
    old_policy: Distribution


class AuxiliaryLoss(Loss):
    """Value error plus what keeps the policy where it was.

    Source: Cobbe et al. 2021, arXiv:2009.04416, "joint loss".
    """

    value = In("float32[*batch]", role="value")
    returns = In("float32[*batch]", role="return", detach=True)
    kl = In("float32[*batch]")
    loss = Out("float32[]", role="loss")
    mean_kl = Out("float32[]", monitor=True)

    def forward(self, value: Any, returns: Any, kl: Any) -> Any:
        return 0.5 * (value - returns).square().mean() + kl.mean(), kl.mean()


class PPG(PPO):
    """Phasic policy gradient: the policy's encoder also learns values, every so many rollouts."""

    actor: PolicyNetwork = EncodedPolicy(encoder=ENCODER)
    auxiliary_value: ValueFunction = EncodedValue(encoder=ENCODER)
    memory: RolloutBuffer = RolloutBuffer(rollouts=2)
    auxiliary_samples: MiniBatches = MiniBatches()
    auxiliary_loss: AuxiliaryLoss = AuxiliaryLoss()
    schedule: Schedule = Phasic(unroll_length=4, epochs=1, mini_batch_size=8)

    def prepare(self) -> Sample:
        new = super().prepare()
        self.memory.write(Past(step=new.step, returns=new.returns))
        return new

    def auxiliary_prepare(self) -> None:
        old = self.memory.read(Past)
        policy = self.actor(old.step).policy
        self.auxiliary_samples.write(
            Auxiliary(step=old.step, returns=old.returns, old_policy=policy)
        )

    def auxiliary(self) -> None:
        batch = self.auxiliary_samples.read(Auxiliary)
        kl = batch.old_policy.kl(self.actor(batch.step).policy)
        value = self.auxiliary_value(batch.step).value
        loss = self.auxiliary_loss(value=value, returns=batch.returns, kl=kl).loss
        assert self.optimizer is not None
        self.optimizer(loss, self.actor, self.auxiliary_value)


def board(world: Any = Noise, algorithm: PPG | None = None) -> Pipeline:
    encoder: Network = MLP(hidden=(5,))
    ppg = PPG(actor=EncodedPolicy(encoder=encoder), auxiliary_value=EncodedValue(encoder=encoder))
    return Pipeline(env=GymEnv(make=world, num_envs=2), algorithm=algorithm or ppg)


def test_the_plan_shows_the_loop_tree() -> None:
    plan = alfgraph.plan(board())
    phases = {p.name: (p.runs, p.every) for p in plan.phases if p.name != "predict"}
    assert phases == {
        "unroll": (4, 1),
        "prepare": (1, 1),
        "update": (1, 1),
        "auxiliary_prepare": (1, 2),
        "auxiliary": (3 * 4, 2),  # 16 transitions in mini-batches of 4, three times
    }
    assert plan.schedule.updates_per_iteration == 1 + 12 / 2
    axes = {p.name: p.axes for p in plan.phases}
    assert axes["auxiliary_prepare"] == "[T=8, B=2]"
    assert axes["auxiliary"] == "[T=1, M=4]"
    assert 'if counters["iteration"] % 2 == 1:' in plan.code


def test_one_optimizer_in_two_phases_has_one_state() -> None:
    program = trained(board(), 4)
    assert program.optimizers["algorithm.optimizer"].step_count == 4 * 1 + 2 * 12
    assert list(program.optimizers) == ["algorithm.optimizer"]
    assert trains(program)["algorithm.optimizer"] == [
        "algorithm.actor.encoder",
        "algorithm.actor.head",
        "algorithm.critic",
        "algorithm.auxiliary_value.head",
    ]


def test_the_memory_holds_whole_rollouts_oldest_first() -> None:
    program = started(board(Clock))
    memory = program.buffers["algorithm.memory"]
    seen: list[list[float]] = []
    for _ in range(3):
        iterate(program)
        (observation,) = memory.read("step.observation")
        seen.append(observation[:, 0, 0].tolist())
    first, second, third = [0.0, 1.0, 2.0, 3.0], [4.0, 0.0, 1.0, 2.0], [3.0, 4.0, 0.0, 1.0]
    assert seen == [first + first, first + second, second + third]


@pytest.mark.parametrize("world", [Noise, Reach])
def test_a_stored_policy_comes_back_as_the_distribution_it_was(world: Any) -> None:
    """Right after it was stored the divergence is 0; a step later it is what torch says."""
    program = started(board(world))
    run = program.namespace
    with program.generators():
        for name in ("unroll", "prepare", "auxiliary_prepare"):
            run[name]()
        batch = next(iter(program.buffers["algorithm.auxiliary_samples"].shuffled()))
        run["auxiliary"](batch)
        assert float(program.log["auxiliary_loss/mean_kl"]) == pytest.approx(0.0, abs=1e-6)
        old, observation = program.buffers["algorithm.auxiliary_samples"].read(
            batch, "old_policy", "step.observation"
        )
        with torch.no_grad():
            for parameter in program.modules["algorithm.actor.head"].parameters():
                parameter.add_(torch.linspace(0.1, 0.9, parameter.numel()).view_as(parameter))
        moved = _policy(program, observation)
        run["auxiliary"](batch)
    expected = torch.distributions.kl_divergence(_torch(old), _torch(moved)).reshape(4, -1).sum(-1)
    measured = float(program.log["auxiliary_loss/mean_kl"])
    assert measured == pytest.approx(float(expected.mean()), rel=1e-4)
    assert measured > 0.01


def _policy(program: Any, observation: torch.Tensor) -> Any:
    with torch.no_grad():
        features = program.modules["algorithm.actor.encoder"](observation)
        return program.modules["algorithm.actor.head"](features)


def _torch(policy: Any) -> Any:
    if type(policy).__name__ == "Categorical":
        return torch.distributions.Categorical(logits=policy.tensors[0])
    return torch.distributions.Normal(policy.mode(), policy.tensors[1])


def test_training_repeats_bit_for_bit() -> None:
    first, second = (parameters(trained(board(), 4)) for _ in range(2))
    assert are_equal(first, second)


def test_a_rate_can_be_set_from_outside() -> None:
    plan = alfgraph.plan(set_values(board(), {"algorithm.schedule.auxiliary.every": 4}))
    assert {p.name: p.every for p in plan.phases}["auxiliary"] == 4


def test_a_rate_without_its_method_is_a_misspelling() -> None:
    class Wrong(Epochs):
        auxilary: Rate = Rate(every=2)

    graph = Pipeline(algorithm=PPO(schedule=Wrong()))
    with pytest.raises(WiringError, match=r"`Wrong\.auxilary` is the rate of a phase that no"):
        alfgraph.plan(graph)
