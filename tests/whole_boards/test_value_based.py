"""DQN, QRDQN and C51 on small worlds: one update of each written by hand; swaps; masks; limits."""

import copy
from typing import Any

import pytest
import torch

import alfgraph
from alfgraph import load
from alfgraph.components import (
    C51,
    DQN,
    QRDQN,
    SGD,
    Algorithm,
    CategoricalProjection,
    CategoricalQNetwork,
    GymEnv,
    OffPolicy,
    Pipeline,
    QNetwork,
    QuantileLoss,
    QuantileQNetwork,
    Target,
)
from alfgraph.families.graph import Graph
from tests.whole_boards.driving import are_equal, iterate, parameters, started, trained
from tests.whole_boards.worlds import Clock

KINDS: dict[str, Any] = {"DQN": DQN, "QRDQN": QRDQN, "C51": C51}
NETWORKS: dict[str, Any] = {
    "DQN": QNetwork(hidden=(8,)),
    "QRDQN": QuantileQNetwork(hidden=(8,), num_quantiles=3),
    "C51": CategoricalQNetwork(hidden=(8,), num_atoms=7, lowest=-2.0, highest=10.0),
}
ROWS = torch.arange(5)


def board(algorithm: Algorithm, env: Any = Clock, **schedule: Any) -> Graph:
    numbers = {"unroll_length": 6, "mini_batch_size": 5} | schedule
    return Pipeline(
        env=GymEnv(make=env, num_envs=3), algorithm=algorithm, schedule=OffPolicy(**numbers)
    )


def updated(algorithm: Algorithm) -> tuple[Any, Any, Any, tuple[Any, ...]]:
    """A program after an update; copies of its network and target before; and the mini-batch."""
    program: Any = iterate(started(board(algorithm)), 2)
    q: Any = copy.deepcopy(program.modules["algorithm.q"])
    slow: Any = program.modules["algorithm.target.of(algorithm.q)"]
    replay = program.buffers["algorithm.replay"]
    with program.generators():
        state = torch.get_rng_state()
        observation, action, reward, discount, kind = replay.sample(
            "step.observation", "action", "step.reward", "step.discount", "step.step_type"
        )
        torch.set_rng_state(state)
        program.namespace["update"]()
    return program, q, slow, (observation, action[0], reward[1], discount[1], kind[0] != 2)


def assert_stepped(program: Any, q: Any, row: torch.Tensor, valid: torch.Tensor) -> None:
    """The network is `q` after one step of SGD on the mean of the valid losses."""
    loss = row[valid].sum() / max(1, int(valid.sum()))
    gradients = torch.autograd.grad(loss, list(q.parameters()))
    found = parameters(program)
    for (name, parameter), gradient in zip(q.named_parameters(), gradients, strict=True):
        expected = parameter.detach() - 0.1 * gradient
        torch.testing.assert_close(found[f"algorithm.q:{name}"], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("double", [True, False])
def test_one_update_of_qrdqn_is_that_written_by_hand(double: bool) -> None:
    algorithm = QRDQN(
        q=NETWORKS["QRDQN"],
        optimizer=SGD(lr=0.1),
        double=double,
        loss=QuantileLoss(gamma=0.9),
    )
    program, q, slow, ((now, later), taken, reward, discount, valid) = updated(algorithm)
    with torch.no_grad():
        best = (q if double else slow)(later)[0].argmax(-1)
        next_quantiles = slow(later)[1][ROWS, best]
        target = reward[:, None] + 0.9 * discount[:, None] * next_quantiles
    quantiles = q(now)[1][ROWS, taken]
    row = torch.zeros(5)
    for i, tau in enumerate((1 / 6, 3 / 6, 5 / 6)):
        for j in range(3):
            u = target[:, j] - quantiles[:, i]
            huber = torch.where(u.abs() <= 1.0, 0.5 * u * u, u.abs() - 0.5)
            row = row + (tau - (u < 0).float()).abs() * huber / 3
    assert_stepped(program, q, row, valid)


@pytest.mark.parametrize("double", [True, False])
def test_one_update_of_c51_is_that_written_by_hand(double: bool) -> None:
    """Atoms -2, 0, ... 10; every probability goes to its two neighbours by their nearness."""
    algorithm = C51(
        q=NETWORKS["C51"],
        optimizer=SGD(lr=0.1),
        double=double,
        projection=CategoricalProjection(gamma=0.9),
    )
    program, q, slow, ((now, later), taken, reward, discount, valid) = updated(algorithm)
    atoms = torch.arange(-2.0, 11.0, 2.0)
    with torch.no_grad():
        best = (q if double else slow)(later)[0].argmax(-1)
        probability = slow(later)[1][ROWS, best].softmax(-1)
        target = torch.zeros(5, 7)
        for m in range(5):
            for j in range(7):
                place = float((reward[m] + 0.9 * discount[m] * atoms[j]).clamp(-2.0, 10.0))
                low = min(int((place + 2.0) // 2.0), 5)
                share = (place - float(atoms[low])) / 2.0
                target[m, low] += (1.0 - share) * probability[m, j]
                target[m, low + 1] += share * probability[m, j]
    row = -(target * q(now)[1][ROWS, taken].log_softmax(-1)).sum(-1)
    assert_stepped(program, q, row, valid)


class Limited(Clock):
    """A clock whose episodes end by a time limit, not by a termination."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, _, info = super().step(action)
        return observation, reward, False, terminated, info


@pytest.mark.parametrize(("env", "last"), [(Clock, 0.0), (Limited, 1.0)])
def test_the_discount_at_the_end_is_that_of_a_termination_or_a_limit(env: Any, last: float) -> None:
    program: Any = iterate(started(board(DQN(q=NETWORKS["DQN"]), env)), 2)
    kinds, discounts = program.buffers["algorithm.replay"].read(
        torch.arange(30).numpy(), ("step.step_type", "step.discount")
    )
    ends = kinds == 2
    assert set(discounts[ends].tolist()) == {last}
    assert set(discounts[~ends].tolist()) == {1.0}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_learnt_from_resets(kind: str) -> None:
    """A mini-batch in which every transition starts at LAST moves no parameter."""
    program: Any = iterate(started(board(KINDS[kind](q=NETWORKS[kind], optimizer=SGD(lr=0.1)))), 2)
    replay = program.buffers["algorithm.replay"]
    (kinds,) = replay.read(torch.arange(30).numpy(), ("step.step_type",))
    resets = (kinds[0] == 2).nonzero().flatten()[:5]
    assert len(resets) == 5
    replay.draw = resets.numpy
    before = parameters(program)
    with program.generators():
        program.namespace["update"]()
    assert are_equal(before, parameters(program))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dueling", [False, True])
def test_a_resumed_program_continues_exactly(kind: str, dueling: bool) -> None:
    network = NETWORKS[kind].model_copy(update={"dueling": dueling})
    graph = board(KINDS[kind](q=network), num_updates_per_train_iter=2)
    program = trained(graph, 3)
    other = started(graph, seed=5)
    other.load_state(program.save_point())
    assert are_equal(parameters(iterate(program, 3)), parameters(iterate(other, 3)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["ac_cart_pole", "dqn_cart_pole"])
def test_each_takes_the_place_of_the_others_by_one_swap(kind: str, name: str) -> None:
    graph = load(f"../../graphs/{name}.py").swap(algorithm=KINDS[kind]())
    plan = alfgraph.plan(graph.swap(env=GymEnv(id="CartPole-v1", num_envs=2)))
    assert plan.schedule.initial_collect_steps == 1000
    assert f"algorithm.q ({type(NETWORKS[kind]).__name__})" in plan.code


@pytest.mark.parametrize("kind", KINDS)
def test_the_average_follows_the_network_and_acts_in_evaluation(kind: str) -> None:
    """`average += tau (network - average)` after every update; the rest trains as without."""
    settings = {"q": NETWORKS[kind], "optimizer": SGD(lr=0.1)}
    plain: Any = started(board(KINDS[kind](**settings)))
    program: Any = started(board(KINDS[kind](**settings, average=Target(tau=0.25))))
    q, average = (program.modules[f"algorithm.{name}"] for name in ("q", "average.of(algorithm.q)"))
    mean = {name: p.detach().clone() for name, p in q.named_parameters()}
    for _ in range(3):
        iterate(plain)
        iterate(program)
        for name, parameter in q.named_parameters():
            mean[name].lerp_(parameter.detach(), 0.25)
    for name, parameter in average.named_parameters():
        torch.testing.assert_close(parameter, mean[name])
    found = parameters(program)
    assert all(torch.equal(found[name], parameter) for name, parameter in parameters(plain).items())
    predict = program.plan.code.partition("def predict(")[2].partition("\ndef ")[0]
    assert "average_q(" in predict and " q(" not in predict
