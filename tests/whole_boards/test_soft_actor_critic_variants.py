"""OAC, QRSAC, TQC and SmoothSAC: what each changes in SAC, and one critic update by hand."""

import copy
from typing import Any

import pytest
import torch

from alfgraph.components import (
    DDPG,
    OAC,
    QRSAC,
    SAC,
    SGD,
    TQC,
    ActorNetwork,
    Ensemble,
    GymEnv,
    OffPolicy,
    OrnsteinUhlenbeckNoise,
    Pipeline,
    QuantileCritic,
    SmoothActor,
    SmoothSAC,
    SoftActor,
    Target,
)
from alfgraph.components.losses.quantile_loss import quantile_huber
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import Reach


def board(algorithm: Any) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=Reach, num_envs=3),
        algorithm=algorithm,
        schedule=OffPolicy(unroll_length=6, mini_batch_size=5),
    )


def small(kind: type[SAC], size: int = 2, **settings: Any) -> SAC:
    critics = Ensemble(member=QuantileCritic(hidden=(8,), num_quantiles=3), size=size)
    quantiles = {"critics": critics} if issubclass(kind, QRSAC) else {}
    step = {f"{part}_optimizer": SGD(lr=0.1) for part in ("critic", "actor", "temperature")}
    parts: dict[str, Any] = {"actor": SoftActor(hidden=(8,)), "target": Target(tau=0.25)}
    return kind(**(parts | quantiles | step | settings))


def phase(program: Any, name: str) -> str:
    code: str = program.plan.code
    return code.partition(f"def {name}(")[2].partition("\ndef ")[0]


def test_optimism_changes_what_is_done_and_nothing_that_is_learnt() -> None:
    plain, optimistic = started(board(small(SAC))), started(board(small(OAC)))
    assert phase(plain, "update") == phase(optimistic, "update")
    assert "explore(policy, env.observation, critics)" in phase(optimistic, "unroll")
    assert "explore" not in phase(optimistic, "predict")


@pytest.mark.parametrize("kind", [QRSAC, TQC])
def test_one_update_of_quantile_critics_is_that_written_by_hand(kind: type[QRSAC]) -> None:
    program = iterate(started(board(small(kind))), 2)
    critics: Any = copy.deepcopy(program.modules["algorithm.critics"])
    with program.generators():
        state = torch.get_rng_state()
        loss = critic_loss_by_hand(program, critics, kind)
        torch.set_rng_state(state)
        program.namespace["update"]()
    gradients = torch.autograd.grad(loss, list(critics.parameters()))
    found = parameters(program)
    for (name, old), gradient in zip(critics.named_parameters(), gradients, strict=True):
        expected = old.detach() - 0.1 * gradient
        torch.testing.assert_close(
            found[f"algorithm.critics:{name}"], expected, rtol=1e-4, atol=1e-6
        )


def critic_loss_by_hand(program: Any, critics: Any, kind: type[QRSAC]) -> torch.Tensor:
    follower = program.modules["algorithm.target.of(algorithm.critics)"]
    replay = program.buffers["algorithm.replay"]
    (now, later), taken, reward, discount, step_type = replay.sample(
        "step.observation", "action", "step.reward", "step.discount", "step.step_type"
    )
    valid = step_type[0] != 2
    alpha = program.modules["algorithm.temperature"]()[0]
    with torch.no_grad():
        policy = program.modules["algorithm.actor"](later)
        action = policy.rsample()
        quantiles = follower(later, action)  # [M, 3, 2]
        if kind is TQC:
            pooled = quantiles.flatten(1).sort(-1).values[:, :2]
        else:
            least = quantiles.mean(1).argmin(-1)
            pooled = quantiles[torch.arange(5), :, least]
        soft = pooled - alpha * policy.log_prob(action)[:, None]
        goal = reward[1][:, None] + 0.99 * discount[1][:, None] * soft
    value = critics(now, taken[0])
    rows = sum(quantile_huber(value[..., e], goal, 1.0) for e in range(2))
    assert isinstance(rows, torch.Tensor)
    return rows[valid].mean()


def test_actions_of_a_smooth_policy_are_kept_smooth_in_unroll_only() -> None:
    program = started(board(small(SmoothSAC, actor=SmoothActor(hidden=(8,)))))
    assert "exploration.step(" in phase(program, "unroll")
    assert "exploration" not in phase(program, "update")


@pytest.mark.parametrize(
    "algorithm",
    [
        small(OAC),
        small(TQC, 5),
        small(SmoothSAC, actor=SmoothActor(hidden=(8,))),
        DDPG(actor=ActorNetwork(hidden=(8,)), exploration=OrnsteinUhlenbeckNoise()),
    ],
    ids=["oac", "tqc", "smooth", "wandering"],
)
def test_a_resumed_variant_continues_exactly(algorithm: Any) -> None:
    graph = board(algorithm)
    program = trained(graph, 3)
    other = started(graph, seed=5)
    other.load_state(program.save_point())
    assert are_equal(parameters(iterate(program, 3)), parameters(iterate(other, 3)))
