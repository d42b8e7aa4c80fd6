"""A register that resets where an episode begins: in the rollout, in evaluation, in the update."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from alfgraph.components import PPO, SGD, ActorCritic, Algorithm, Epochs, GymEnv, OnPolicy, Pipeline
from alfgraph.components.networks.modules.heads import CategoricalHead
from alfgraph.families.network import PolicyNetwork
from alfgraph.specs.spec import TensorSpec
from alfgraph.wiring.ports import In, State
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import EPISODE, Clock


class Remembering(nn.Module):
    """sum <- w * sum + observation, the policy reads the sum."""

    def __init__(self, n: int, actions: int) -> None:
        super().__init__()
        self.keep = nn.Parameter(torch.full((n,), 0.5))
        self.head = CategoricalHead(n, actions)

    def forward(self, observation: Tensor, step_type: Tensor, total: Tensor) -> Any:
        total = self.keep * total + observation
        return self.head(total), total


class LeakySum(PolicyNetwork):
    """A policy with a register."""

    step_type = In("int32[*batch]", role="step_type")
    total = State("float32[*batch, n]")
    observation = In("float32[*batch, n]", role="observation")

    def build(self, n: int, action: TensorSpec) -> nn.Module:
        return Remembering(n, int(action.high) + 1)  # type: ignore[arg-type]


def board(algorithm: Algorithm, **schedule: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Clock, num_envs=2), algorithm=algorithm, **schedule)


def naive_sums(observations: list[float], first: list[bool]) -> list[float]:
    """The register before every step."""
    total, found = 0.0, []
    for observation, is_first in zip(observations, first, strict=True):
        total = 0.0 if is_first else total
        found.append(total)
        total = 0.5 * total + observation
    return found


def stored_states(program: Any) -> Tensor:
    (state,) = program.buffers["algorithm.rollout"].read("state")
    total: Tensor = state["total"]
    return total[:, 0, 0]


def test_registers_reset_at_first_and_are_stored_before_the_step() -> None:
    """Times 0 1 2 3 4 | 0 1 2: the sums before each step are 0 0 1 2.5 4.25 | 0 0 1."""
    program = started(
        board(PPO(actor=LeakySum(), optimizer=SGD(lr=1e-9)), schedule=Epochs(unroll_length=8))
    )
    iterate(program)
    times = [float(t % (EPISODE + 1)) for t in range(8)]
    assert stored_states(program).tolist() == naive_sums(times, [t == 0.0 for t in times])
    assert stored_states(program).tolist() == [0.0, 0.0, 1.0, 2.5, 4.25, 0.0, 0.0, 1.0]


def test_registers_go_on_in_the_next_rollout() -> None:
    program = started(
        board(PPO(actor=LeakySum(), optimizer=SGD(lr=1e-9)), schedule=Epochs(unroll_length=3))
    )
    iterate(program)
    assert stored_states(program).tolist() == [0.0, 0.0, 1.0]
    iterate(program)
    torch.testing.assert_close(stored_states(program), torch.tensor([2.5, 4.25, 0.0]))


@pytest.mark.parametrize("length", [1, 2, 4])
def test_the_first_ratio_of_ppo_is_one(length: int) -> None:
    """The update's scan over [T, M] from the stored registers repeats what the rollout saw."""
    graph = board(
        PPO(actor=LeakySum(), optimizer=SGD(lr=1e-3)),
        schedule=Epochs(unroll_length=8, epochs=1, mini_batch_length=length),
    )
    program = started(graph)
    with program.generators():
        program.namespace["unroll"]()
        program.namespace["prepare"]()
        program.namespace["update"](None)
    assert float(program.log["loss/approximate_kl"]) == pytest.approx(0.0, abs=1e-6)
    assert float(program.log["loss/clip_fraction"]) == 0.0


def test_live_gradient_through_the_rollout_equals_a_naive_loop() -> None:
    """ActorCritic's gradient crosses live: the register makes the path stateful."""
    graph = board(
        ActorCritic(actor=LeakySum(), optimizer=SGD(lr=0.1)), schedule=OnPolicy(unroll_length=4)
    )
    program = started(graph)
    assert next(b for b in program.plan.buffers).gradient == "with grad"
    unroll = next(p for p in program.plan.phases if p.name == "unroll")
    assert unroll.gradient == "with grad"
    actor = program.modules["algorithm.actor"]
    before = actor.keep.detach().clone()
    with program.generators():
        program.namespace["unroll"]()
    rollout = program.buffers["algorithm.rollout"]
    (action,) = rollout.read("action") if "action" in rollout.layout.names else (None,)
    (log_prob,) = rollout.read("log_prob")
    (gradient,) = torch.autograd.grad(log_prob.sum(), actor.keep, retain_graph=True)

    keep = before.clone().requires_grad_()
    total = torch.zeros(2, 1)
    expected = torch.zeros(())
    for t in range(4):
        total = keep * total + float(t)
        policy = actor.head(total)
        taken = policy.log_prob(action[t]) if action is not None else None
        scores = torch.stack([policy.log_prob(torch.full((2,), a)) for a in range(2)])
        chosen = scores[(scores - log_prob[t]).abs().argmin(0), torch.arange(2)]
        expected = expected + (chosen if taken is None else taken).sum()
    (naive,) = torch.autograd.grad(expected, keep)
    torch.testing.assert_close(gradient, naive)
    assert float(naive.abs()) > 0


def test_registers_carry_no_graph_into_the_next_rollout() -> None:
    program = trained(board(ActorCritic(actor=LeakySum()), schedule=OnPolicy(unroll_length=3)), 3)
    for value in program.registers["unroll"]:
        for tensor in value.values() if isinstance(value, dict) else (value,):
            assert not tensor.requires_grad


@pytest.mark.parametrize("kind", [ActorCritic, PPO])
def test_training_repeats_bit_for_bit(kind: type[ActorCritic]) -> None:
    graph = board(kind(actor=LeakySum()))
    first = parameters(trained(graph, 3))
    assert are_equal(first, parameters(trained(graph, 3)))
    assert not are_equal(first, parameters(trained(graph, 3, seed=1)))
    assert not are_equal(first, parameters(started(graph)))
