"""SAC on discrete and on mixed actions: one update written by hand, and what follows by itself."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces

import alfgraph
from alfgraph import load
from alfgraph.components import (
    SAC,
    SGD,
    ActorDistributionNetwork,
    CriticNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    Pipeline,
    Target,
    TDLoss,
)
from alfgraph.diagnostics.errors import BoardError
from tests.whole_boards.driving import iterate, parameters, started
from tests.whole_boards.worlds import Noise

COPY = "algorithm.target.of(algorithm.critics)"
TARGET = 0.325083  # ALF's target entropy of a choice between two


class Arm(Noise):
    """A choice and a continuous part; the choice earns."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Dict(
            {"arm": spaces.Box(-1.0, 1.0, (2,), np.float32), "grip": spaces.Discrete(3)}
        )

    def step(self, action: Any) -> Any:
        self.earned = float(action["grip"])
        return super(Noise, self).step(action)


class Keys(Noise):
    """Two choices at once."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.MultiDiscrete([2, 3])


def board(env: Any) -> Pipeline:
    actor = ActorDistributionNetwork(
        hidden=(8,), continuous="squashed_normal", state_dependent_std=True
    )
    algorithm = SAC(
        actor=actor,
        critics=Ensemble(member=CriticNetwork(hidden=(8,))),
        target=Target(tau=0.25),
        td=TDLoss(gamma=0.9),
        critic_optimizer=SGD(lr=0.1),
        actor_optimizer=SGD(lr=0.1),
        temperature_optimizer=SGD(lr=0.1),
    )
    return Pipeline(
        env=GymEnv(make=env, num_envs=3),
        algorithm=algorithm,
        schedule=OffPolicy(unroll_length=6, mini_batch_size=5),
    )


def stepped(module: Any, loss: torch.Tensor) -> None:
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(module.parameters(), gradients, strict=True):
            parameter.sub_(0.1 * gradient)


def test_one_update_on_discrete_actions_is_that_written_by_hand() -> None:
    """Expectations over both choices; no action is drawn for a loss."""
    program = started(board(Noise))
    with program.generators():
        program.namespace["unroll"]()
        state = torch.get_rng_state()
        expected = discrete_by_hand(program)
        torch.set_rng_state(state)
        program.namespace["update"]()
    found = parameters(program)
    for path, module in expected.items():
        for name, tensor in module.named_parameters():
            torch.testing.assert_close(found[f"{path}:{name}"], tensor, rtol=1e-4, atol=1e-6)


def discrete_by_hand(program: Any) -> dict[str, Any]:
    paths = ("algorithm.actor", "algorithm.critics", "algorithm.temperature", COPY)
    actor, critics, temperature, follower = (copy.deepcopy(program.modules[p]) for p in paths)
    replay = program.buffers["algorithm.replay"]
    observation, taken, reward, discount, kind = replay.sample(
        "step.observation", "action", "step.reward", "step.discount", "step.step_type"
    )
    (now, later), valid = observation, kind[0] != 2
    alpha, log_alpha = temperature()
    with torch.no_grad():
        p = actor(later).logits.softmax(-1)
        q = follower(later, None).amin(-1)
        value = (p * (q - alpha * p.log())).sum(-1)
        goal = reward[1] + 0.9 * discount[1] * value
    of_taken = critics(now, None)[torch.arange(5), taken[0]]
    error = (of_taken - goal[:, None]).square().sum(-1)
    stepped(critics, error[valid].mean())
    p = actor(now).logits.softmax(-1)
    row = (p * (alpha.detach() * p.log() - critics(now, None).amin(-1))).sum(-1)
    stepped(actor, row[valid].mean())
    entropy = -(p * p.log()).sum(-1).detach()
    stepped(temperature, log_alpha * (entropy[valid].mean() - TARGET))
    with torch.no_grad():
        for old, new in zip(follower.parameters(), critics.parameters(), strict=True):
            old.lerp_(new, 0.25)
    return dict(zip(paths, (actor, critics, temperature, follower), strict=True))


def test_a_mixed_action_has_two_temperatures_and_a_value_for_every_choice() -> None:
    program = iterate(started(board(Arm)), 2)
    temperature: Any = program.modules["algorithm.temperature"]
    assert temperature.log_alpha.shape == (2,)
    assert temperature.log_alpha.detach().abs().min() > 0.0
    critics: Any = program.modules["algorithm.critics"]
    weight = critics.members[0].layers.state_dict()
    shapes = [tuple(tensor.shape) for tensor in weight.values()]
    assert shapes == [(8, 4 + 2), (8,), (3, 8), (3,)]


def test_a_continuous_action_has_one_temperature() -> None:
    plan = alfgraph.plan(load("../../graphs/sac_pendulum.py"))
    assert "alpha, log_alpha = temperature()" in plan.code
    (size,) = (
        module.log_alpha.dim()
        for path, module in plan.compiled.draft.modules.items()
        if path == "algorithm.temperature"
    )
    assert size == 0


def test_several_choices_at_once_are_found_by_the_check() -> None:
    with pytest.raises(BoardError, match="need one bounded discrete choice"):
        alfgraph.plan(board(Keys))


def test_target_values_are_computed_without_gradient() -> None:
    """One block: the next action, its value by the target critics, and the soft value."""
    code = alfgraph.plan(load("../../graphs/sac_pendulum.py")).code
    update = code.partition("def update(")[2].partition("\ndef ")[0]
    assert update.count("with torch.no_grad():") == 1
    block = update.partition("with torch.no_grad():\n")[2].partition("\n    values")[0]
    assert [line.split("=")[1].split("(")[0].strip() for line in block.splitlines()] == [
        "actor",
        "draw",
        "target_critics",
        "value.amin",
        "soft_value",
    ]
