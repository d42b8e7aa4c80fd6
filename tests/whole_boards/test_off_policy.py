"""DQN, SAC, TD3 and DDPG on small worlds: who trains what, and one update written by hand."""

import copy
from typing import Any

import pytest
import torch
from torch.nn.functional import smooth_l1_loss

import alfgraph
from alfgraph import load
from alfgraph.components import (
    DDPG,
    DQN,
    OAC,
    SAC,
    SGD,
    TD3,
    TQC,
    ActorDistributionNetwork,
    ActorNetwork,
    Algorithm,
    CriticNetwork,
    Ensemble,
    EpsilonGreedy,
    GaussianNoise,
    GymEnv,
    LinearAnnealing,
    OffPolicy,
    Pipeline,
    QNetwork,
    SmoothSAC,
    Target,
    TDLoss,
    Temperature,
)
from alfgraph.diagnostics.errors import BoardError
from alfgraph.families.annealing import Progress
from alfgraph.families.graph import Graph
from tests.whole_boards.driving import (
    are_equal,
    changed,
    iterate,
    parameters,
    started,
    trained,
    trains,
)
from tests.whole_boards.worlds import Clock, Reach

CRITICS = Ensemble(member=CriticNetwork(hidden=(8,)))
ACTOR = ActorDistributionNetwork(
    hidden=(8,), continuous="squashed_normal", state_dependent_std=True, std_transform="clipped_exp"
)
COPY = "algorithm.target.of(algorithm.critics)"


def board(algorithm: Algorithm, env: Any = Reach, **schedule: Any) -> Graph:
    numbers = {"unroll_length": 6, "mini_batch_size": 5} | schedule
    return Pipeline(
        env=GymEnv(make=env, num_envs=3), algorithm=algorithm, schedule=OffPolicy(**numbers)
    )


def sac(**settings: Any) -> SAC:
    owners = ("critic", "actor", "temperature")
    optimizers = {f"{owner}_optimizer": SGD(lr=0.1) for owner in owners}
    parts = {"actor": ACTOR, "critics": CRITICS, "target": Target(tau=0.25), **optimizers}
    return SAC(**(parts | settings))


def td3(kind: type[TD3] = TD3, **settings: Any) -> TD3:
    parts = {"actor": ActorNetwork(hidden=(8,)), "critics": CRITICS}
    return kind(**(parts | settings))


# ------------------------------------------------------------------------------------ ownership


def test_the_actors_loss_flows_through_the_critics_and_trains_the_actor_only() -> None:
    program = started(board(sac()))
    assert trains(program) == {
        "algorithm.critic_optimizer": ["algorithm.critics"],
        "algorithm.actor_optimizer": ["algorithm.actor"],
        "algorithm.temperature_optimizer": ["algorithm.temperature"],
    }
    reached = program.draft.ownership["algorithm.actor_optimizer"].reached
    assert set(reached) == {"algorithm.actor", "algorithm.critics"}


def test_one_optimizer_in_two_sockets_is_found_by_the_check() -> None:
    step = SGD(lr=0.1)
    graph = board(sac(critic_optimizer=step, actor_optimizer=step))
    with pytest.raises(BoardError, match=r"(?s)`algorithm.critic_optimizer` is one optimizer in"):
        alfgraph.plan(graph)


def test_a_frozen_temperature_is_not_trained() -> None:
    graph = board(sac(temperature=Temperature(initial=0.2, frozen=True)))
    program = started(graph)
    assert "algorithm.temperature_optimizer" not in trains(program)
    before = parameters(program)
    assert "algorithm.temperature" not in changed(before, parameters(iterate(program)))


@pytest.mark.parametrize("delay", [1, 2, 3])
def test_actor_and_targets_move_once_in_so_many_updates(delay: int) -> None:
    program = started(board(td3(policy_delay=delay)))
    moved = []
    for _ in range(6):
        before = parameters(program)
        moved.append(changed(before, parameters(iterate(program))))
    assert all("algorithm.critics" in parts for parts in moved)
    delayed = {"algorithm.actor", COPY, "algorithm.target.of(algorithm.actor)"}
    expected = [delayed if (run + 1) % delay == 0 else set() for run in range(6)]
    assert [parts & delayed for parts in moved] == expected


def test_ddpg_is_td3_with_one_critic_and_without_delay_and_smoothing() -> None:
    graph = board(DDPG(actor=ActorNetwork(hidden=(8,))))
    code = started(graph).plan.code
    assert "smoothing" not in code
    assert 'counters["update"]' not in code
    critics: Any = started(graph).modules["algorithm.critics"]
    assert len(critics.members) == 1


# ------------------------------------------------------------------------- updates by hand


def test_one_update_of_sac_is_that_written_by_hand() -> None:
    """Critics first; the actor learns from the critics as they are after their step."""
    program = started(board(sac()))
    with program.generators():
        program.namespace["unroll"]()
        state = torch.get_rng_state()
        expected = sac_by_hand(program)
        torch.set_rng_state(state)
        program.namespace["update"]()
    found = parameters(program)
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)


def sampled(program: Any) -> tuple[Any, ...]:
    """A mini-batch: observations [2, M], actions [M], reward and discount [M], whether valid."""
    replay = program.buffers["algorithm.replay"]
    observation, action, reward, discount, kind = replay.sample(
        "step.observation", "action", "step.reward", "step.discount", "step.step_type"
    )
    return observation, action[0], reward[1], discount[1], kind[0] != 2


def stepped(module: Any, loss: torch.Tensor, lr: float) -> None:
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(module.parameters(), gradients, strict=True):
            parameter.sub_(lr * gradient)


def named(path: str, module: Any) -> dict[str, torch.Tensor]:
    return {f"{path}:{name}": p.detach() for name, p in module.named_parameters()}


def sac_by_hand(program: Any) -> dict[str, torch.Tensor]:
    paths = ("algorithm.actor", "algorithm.critics", "algorithm.temperature", COPY)
    actor, critics, temperature, follower = (copy.deepcopy(program.modules[p]) for p in paths)
    (now, later), taken, reward, discount, valid = sampled(program)
    alpha, log_alpha = temperature()
    with torch.no_grad():
        policy = actor(later)
        action = policy.sample()
        value = follower(later, action).amin(-1) - alpha * policy.log_prob(action)
        goal = reward + 0.99 * discount * value
    error = (critics(now, taken) - goal[:, None]).square().sum(-1)
    stepped(critics, error[valid].mean(), 0.1)
    policy = actor(now)
    action = policy.rsample()
    log_prob = policy.log_prob(action)
    row = alpha.detach() * log_prob - critics(now, action).amin(-1)
    stepped(actor, row[valid].mean(), 0.1)
    entropy = -log_prob.detach()[valid].mean()
    stepped(temperature, log_alpha * (entropy + 1.0), 0.1)
    with torch.no_grad():
        for old, new in zip(follower.parameters(), critics.parameters(), strict=True):
            old.lerp_(new, 0.25)
    modules = zip(paths, (actor, critics, temperature, follower), strict=True)
    return {name: p for path, module in modules for name, p in named(path, module).items()}


@pytest.mark.parametrize("double", [True, False])
def test_one_update_of_dqn_is_that_written_by_hand(double: bool) -> None:
    algorithm = DQN(
        q=QNetwork(hidden=(8,)),
        optimizer=SGD(lr=0.1),
        td=TDLoss(gamma=0.9, error="huber"),
        double=double,
    )
    program = iterate(started(board(algorithm, Clock)), 2)
    q: Any = copy.deepcopy(program.modules["algorithm.q"])
    follower: Any = program.modules["algorithm.target.of(algorithm.q)"]
    with program.generators():
        state = torch.get_rng_state()
        (now, later), taken, reward, discount, valid = sampled(program)
        torch.set_rng_state(state)
        program.namespace["update"]()
    with torch.no_grad():
        best = (q if double else follower)(later).argmax(-1)
        value = follower(later)[torch.arange(5), best]
    error = smooth_l1_loss(
        q(now)[torch.arange(5), taken], reward + 0.9 * discount * value, reduction="none"
    )
    stepped(q, error[valid].mean(), 0.1)
    for name, tensor in named("algorithm.q", q).items():
        torch.testing.assert_close(parameters(program)[name], tensor, rtol=1e-4, atol=1e-6)


def test_td3_smooths_the_targets_action_and_nothing_else() -> None:
    code = started(board(td3())).plan.code
    update = code.partition("def update(")[2].partition("\ndef ")[0]
    unroll = code.partition("def unroll(")[2].partition("\ndef ")[0]
    assert update.count("smoothing(") == 1
    assert "exploration(" in unroll and "exploration(" not in update
    predict = code.partition("def predict(")[2].partition("\ndef ")[0]
    assert "exploration(" not in predict


# ---------------------------------------------------------------- exploration and collection


def test_random_actions_are_taken_recorded_and_end_with_the_collection() -> None:
    """The actor always says 1; while 36 env steps are collected, nobody asks it."""
    graph = board(
        td3(exploration=GaussianNoise(std=0.0)), initial_collect_steps=36, random_actions=True
    )
    program = started(graph)
    actor: Any = program.modules["algorithm.actor"]
    with torch.no_grad():
        for parameter in actor.parameters():
            parameter.fill_(100.0)
    code = program.plan.code
    assert 'if counters["env_steps"] < 36:\n            action = random_action()' in code
    iterate(program)
    assert program.counters["env_steps"] == 18
    program.counters["env_steps"] = 36
    with program.generators():
        program.namespace["unroll"]()
    replay: Any = program.buffers["algorithm.replay"]
    index = torch.arange(12 * 3).numpy()
    (actions,) = replay.read(index[: 11 * 3], ("action",))
    first, second = actions[0, :18, 0], actions[0, 18:, 0]
    assert len(set(first.tolist())) == 18
    assert first.abs().max() < 1.0
    assert set(second.tolist()) == {1.0}


def test_without_an_initial_collection_no_action_is_random() -> None:
    assert "random_action" not in started(board(td3(), random_actions=True)).plan.code


def test_noise_and_epsilon_anneal() -> None:
    falling = LinearAnnealing(start=1.0, end=0.0)
    program = started(board(td3(exploration=GaussianNoise(std=falling))))
    noise: Any = program.modules["algorithm.exploration"]
    assert noise.std == 1.0
    with program.generators():
        program.iterate(Progress(fraction=0.75))
    assert noise.std == 0.25
    other = started(board(DQN(exploration=EpsilonGreedy(epsilon=falling)), Clock))
    with other.generators():
        other.iterate(Progress(fraction=1.0))
        explore = other.namespace["exploration"]
        assert explore(torch.tensor([[0.0, 1.0]] * 100)).tolist() == [1] * 100


# ----------------------------------------------------------------------- whole boards


@pytest.mark.parametrize(
    ("algorithm", "env"),
    [(DQN(), Clock), (sac(), Reach), (td3(), Reach), (td3(DDPG, critics=Ensemble(size=1)), Reach)],
    ids=["dqn", "sac", "td3", "ddpg"],
)
def test_a_resumed_program_continues_exactly(algorithm: Algorithm, env: Any) -> None:
    graph = board(algorithm, env, num_updates_per_train_iter=2)
    program = trained(graph, 3)
    other = started(graph, seed=5)
    other.load_state(program.save_point())
    assert are_equal(parameters(iterate(program, 3)), parameters(iterate(other, 3)))


@pytest.mark.parametrize(
    ("algorithm", "env"),
    [
        ("DQN", "CartPole-v1"),
        ("SAC", "Pendulum-v1"),
        ("SAC", "CartPole-v1"),
        ("OAC", "Pendulum-v1"),
        ("TQC", "Pendulum-v1"),
        ("SmoothSAC", "Pendulum-v1"),
        ("TD3", "Pendulum-v1"),
        ("DDPG", "MountainCarContinuous-v0"),
    ],
)
def test_the_smallest_board_takes_each_of_them_by_a_swap(algorithm: str, env: str) -> None:
    kinds: dict[str, type[Algorithm]] = {
        kind.__name__: kind for kind in (DQN, SAC, OAC, TQC, SmoothSAC, TD3, DDPG)
    }
    smallest = load("../../graphs/ac_cart_pole.py")
    plan = alfgraph.plan(
        smallest.swap(algorithm=kinds[algorithm](), env=GymEnv(id=env, num_envs=1))
    )
    assert plan.schedule.initial_collect_steps == 1000
