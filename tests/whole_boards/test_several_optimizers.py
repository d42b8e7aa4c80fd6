"""Several optimizers in one update, gradients through another's parameters; a target."""

import copy
from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import GymEnv, Pipeline, Target
from alfgraph.diagnostics.errors import WiringError
from tests.whole_boards.driving import (
    are_equal,
    changed,
    iterate,
    parameters,
    started,
    trained,
    trains,
)
from tests.whole_boards.soft_actor_critic import GAMMA, SmallSAC, Transition, Watch
from tests.whole_boards.worlds import Reach

COPY = "algorithm.target.of(algorithm.critics)"


def board(**settings: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Reach, num_envs=3), algorithm=SmallSAC(**settings))


def test_each_names_what_it_trains_though_its_loss_reaches_more() -> None:
    program = started(board())
    assert trains(program) == {
        "algorithm.critic_optimizer": ["algorithm.critics"],
        "algorithm.actor_optimizer": ["algorithm.actor"],
        "algorithm.temperature_optimizer": ["algorithm.temperature"],
    }
    reached = program.draft.ownership["algorithm.actor_optimizer"].reached
    assert set(reached) == {"algorithm.actor", "algorithm.critics"}
    assert program.plan.untrained == {COPY: (4 + 1) * 2 + 2}


def test_the_order_in_the_program() -> None:
    """The actor's gradient passes through the critics before they step."""
    update = started(board()).plan.code.partition("def update(")[2].partition("\ndef ")[0]
    order = [
        "critic_optimizer.differentiate(",
        "actor_optimizer.differentiate(",
        "critic_optimizer.apply(",
        "actor_optimizer.apply(",
        "temperature_optimizer.step(",
        "target.update()",
    ]
    places = [update.index(call) for call in order]
    assert places == sorted(places)
    assert "with torch.no_grad():\n" in update


def test_one_update_equals_the_same_written_by_hand() -> None:
    program = started(board())
    with program.generators():
        program.namespace["unroll"]()
        state = torch.get_rng_state()
        expected = by_hand(program)
        torch.set_rng_state(state)
        program.namespace["update"]()
    found = parameters(program)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-5, atol=1e-6)


def by_hand(program: Any) -> dict[str, torch.Tensor]:
    """SAC's update with plain torch on copies: all gradients first, then all steps."""
    paths = ("algorithm.actor", "algorithm.critics", "algorithm.temperature")
    actor, critics, temperature = (copy.deepcopy(program.modules[path]) for path in paths)
    follower = copy.deepcopy(program.modules[COPY])
    rollout = program.buffers["algorithm.rollout"]
    (taken,) = rollout.read("action")
    observation, reward, discount, step_type = rollout.steps(
        "step.observation", "step.reward", "step.discount", "step.step_type"
    )
    now, later = observation[:-1], observation[1:]
    alpha, log_alpha = temperature()
    next_policy = actor(later)
    with torch.no_grad():
        next_action = next_policy.sample()
        value = follower(later, next_action).amin(-1) - alpha * next_policy.log_prob(next_action)
    target = reward[1:] + GAMMA * discount[1:] * value
    valid = (step_type[:-1] != 2).float().unsqueeze(-1)
    td = ((critics(now, taken) - target.unsqueeze(-1)).square() * valid).mean()
    policy = actor(now)
    action = policy.rsample()
    log_prob = policy.log_prob(action)
    actor_loss = (alpha.detach() * log_prob - critics(now, action).amin(-1)).mean()
    temperature_loss = (-log_alpha * (log_prob - 1.0).detach()).mean()
    losses = {"critics": (td, critics), "actor": (actor_loss, actor)}
    losses["temperature"] = (temperature_loss, temperature)
    gradients = {
        name: torch.autograd.grad(loss, list(module.parameters()), retain_graph=True)
        for name, (loss, module) in losses.items()
    }
    found: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for name, (_, module) in losses.items():
            for (key, parameter), gradient in zip(
                module.named_parameters(), gradients[name], strict=True
            ):
                found[f"algorithm.{name}:{key}"] = parameter - 0.1 * gradient
        for key, parameter in follower.named_parameters():
            new = found[f"algorithm.critics:{key}"]
            found[f"{COPY}:{key}"] = parameter + 0.25 * (new - parameter)
    return found


def test_the_copy_follows_by_tau_and_is_trained_by_nobody() -> None:
    program = started(board(target=Target(tau=0.5), target_period=2))
    source, copied = (program.modules[path].layer.weight for path in ("algorithm.critics", COPY))
    assert torch.equal(source, copied)
    assert not copied.requires_grad
    start = source.detach().clone()
    iterate(program)
    assert torch.equal(copied, start)
    iterate(program)
    torch.testing.assert_close(copied, start + 0.5 * (source.detach() - start))


def test_tau_of_one_copies() -> None:
    program = trained(board(target=Target(tau=1.0), target_period=3), 3)
    for source, copied in zip(
        program.modules["algorithm.critics"].parameters(),
        program.modules[COPY].parameters(),
        strict=True,
    ):
        assert torch.equal(source, copied)


@pytest.mark.parametrize("delay", [1, 2, 3])
def test_what_feeds_only_a_delayed_optimizer_is_delayed_with_it(delay: int) -> None:
    program = started(board(policy_delay=delay))
    moved: list[bool] = []
    for _ in range(6):
        before = parameters(program)
        iterate(program)
        moved.append("algorithm.actor" in changed(before, parameters(program)))
    assert moved == [(run + 1) % delay == 0 for run in range(6)]
    assert program.optimizers["algorithm.critic_optimizer"].step_count == 6
    assert program.optimizers["algorithm.actor_optimizer"].step_count == 6 // delay


def test_the_delayed_part_of_the_program_stands_below_its_condition() -> None:
    """The critics judge the new action only when the actor learns from it."""
    update = started(board(policy_delay=2)).plan.code.partition("def update(")[2]
    update = update.partition("\ndef ")[0]
    calls = [line for line in update.splitlines() if "critics(" in line and "target" not in line]
    assert [line.startswith("        ") for line in calls] == [False, True]
    assert 'if counters["update"] % 2 == 0:' in update
    assert "    critic_optimizer.apply()" in update.splitlines()


def test_training_repeats_bit_for_bit() -> None:
    graph = board(policy_delay=2, target_period=3)
    assert are_equal(parameters(trained(graph, 6)), parameters(trained(graph, 6)))


def test_a_misnamed_part_is_found_by_the_check() -> None:
    class Wrong(SmallSAC):
        def update(self) -> None:
            super().update()
            steps = self.rollout.steps()
            loss = self.actor(steps).policy.entropy().mean()
            self.temperature_optimizer(loss, self.critics)

    graph = Pipeline(env=GymEnv(make=Reach, num_envs=3), algorithm=Wrong())
    with pytest.raises(WiringError, match=r"(?s)does not reach the.*`algorithm\.critics`"):
        alfgraph.plan(graph)


class Between(SmallSAC):
    """The target moves between two optimizers: after the critics' step, as the text says."""

    def update(self) -> None:
        taken, steps = self.rollout.read(Transition), self.rollout.steps()
        now = steps[:-1]
        values = self.critics(now.observation, taken.action).values
        q = self.critics(now.observation, self.actor(now).policy.rsample()).values.mean()
        self.temperature_optimizer(self.temperature().log_alpha * 1.0, self.temperature)
        self.critic_optimizer((values * values).mean(), self.critics)
        self.target.update()
        self.actor_optimizer(-1.0 * q, self.actor)
        frozen = self.target.of(self.critics)(now.observation, taken.action).values
        self.watch.see(frozen.mean())

    watch: Watch = Watch()


def test_effects_between_two_optimizers_see_the_first_ones_step() -> None:
    graph = Pipeline(env=GymEnv(make=Reach, num_envs=3), algorithm=Between(target=Target(tau=1.0)))
    program = trained(graph, 1)
    critics, copied = (program.modules[path].layer.weight for path in ("algorithm.critics", COPY))
    assert torch.equal(critics, copied)
    update = program.plan.code.partition("def update(")[2].partition("\ndef ")[0]
    calls = ["critic_optimizer.apply()", "target.update()", "actor_optimizer.apply()"]
    assert [update.index(call) for call in calls] == sorted(update.index(call) for call in calls)
