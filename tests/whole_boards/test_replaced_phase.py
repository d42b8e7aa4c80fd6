"""A phase replaced by a plain function: real modules, buffers and optimizers in hand."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import PPO, ActorCritic, Epochs, GymEnv, Pipeline, PPOLoss
from alfgraph.components.algorithms.actor_critic import Acted
from alfgraph.components.algorithms.ppo import Experience, Sample
from alfgraph.diagnostics.errors import RunError, UsageError
from alfgraph.families.annealing import LinearAnnealing, Progress
from alfgraph.families.timestep import TimeStep
from alfgraph.program.running import Running
from tests.whole_boards.driving import are_equal, changed, parameters, started, trained
from tests.whole_boards.worlds import Noise

SCHEDULE = Epochs(unroll_length=8, epochs=2, mini_batch_size=4)


def my_update(run: Running[PPO]) -> None:
    """PPO's update, by hand."""
    board = run.board
    batch = run.read(board.samples, Sample)
    policy: Any = run.module(board.actor)(batch.step.observation)
    value = run.module(board.critic)(batch.step.observation)
    loss, *_ = run.compute(board.loss)(
        batch.step.step_type,
        batch.advantage,
        batch.returns,
        policy.log_prob(batch.action),
        policy.entropy(),
        value,
        batch.old_log_prob,
    )
    run.optimizer(board.optimizer).step(loss)


def board(algorithm: ActorCritic, **sockets: Any) -> Pipeline:
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=algorithm, **sockets)


def test_a_replica_by_hand_trains_bit_for_bit_like_the_phase() -> None:
    by_hand = board(PPO().replace(PPO.update, my_update), schedule=SCHEDULE)
    program = trained(by_hand, 3)
    assert program.optimizers["algorithm.optimizer"].step_count == 3 * 2 * 4
    assert are_equal(parameters(program), parameters(trained(board(PPO(), schedule=SCHEDULE), 3)))


def test_the_program_calls_the_function_by_its_name() -> None:
    plan = alfgraph.plan(board(PPO().replace(PPO.update, my_update), schedule=SCHEDULE))
    update = plan.code.partition("def update(")[2].partition("\ndef ")[0]
    assert 'my_update(running["algorithm"].at(batch))' in update
    assert "ppo_loss" not in update
    assert {p.name: p.runs for p in plan.phases}["update"] == 8


def test_the_original_is_untouched() -> None:
    original = PPO()
    original.replace(PPO.update, my_update)
    assert original.replaced_phases == {}
    assert "my_update" not in alfgraph.plan(board(original, schedule=SCHEDULE)).code


def test_rows_of_a_rollout_are_read_as_their_record() -> None:
    seen: list[tuple[Any, ...]] = []

    def look(run: Running[ActorCritic]) -> None:
        taken = run.read(run.board.rollout, Acted)
        steps = run.read(run.board.rollout, TimeStep, "steps")
        seen.append((taken.action.shape, steps.observation.shape, steps.reward.shape))

    program = trained(board(ActorCritic().replace(ActorCritic.update, look)), 2)
    assert seen == [((8, 2), (9, 2, 4), (9, 2))] * 2
    before = parameters(started(board(ActorCritic().replace(ActorCritic.update, look))))
    assert are_equal(before, parameters(program))  # it trained nothing


def test_a_function_may_train_anything_of_its_board() -> None:
    def shrink(run: Running[ActorCritic]) -> None:
        module = run.module(run.board.critic)
        norm = sum((p.square().sum() for p in module.parameters()), torch.zeros(()))
        run.optimizer(run.board.optimizer).step(norm)

    graph = board(ActorCritic().replace(ActorCritic.update, shrink))
    before, after = parameters(started(graph)), parameters(trained(graph, 5))
    norms = [
        sum(float(p.square().sum()) for name, p in found.items() if "critic" in name)
        for found in (before, after)
    ]
    assert norms[1] < norms[0]
    assert all(torch.equal(before[n], after[n]) for n in before if "actor" in n)


def test_prepare_by_hand_fills_the_mini_batches() -> None:
    """Every advantage 1 and every return 0, whatever happened."""

    def my_prepare(run: Running[PPO]) -> None:
        taken: Any = run.read(run.board.rollout, Experience)
        ones: Any = torch.ones(taken.action.shape)
        sample = Sample(
            step=taken.step,
            action=taken.action,
            old_log_prob=taken.log_prob,
            old_value=ones,
            advantage=ones,
            returns=0.0 * ones,
            state=taken.state,
            critic_state=taken.critic_state,
        )
        run.write(run.board.samples, sample)

    program = trained(board(PPO().replace(PPO.prepare, my_prepare), schedule=SCHEDULE), 2)
    advantage, returns = program.buffers["algorithm.samples"].read(None, "advantage", "returns")
    assert advantage.shape == (1, 16)
    assert (float(advantage.min()), float(returns.max())) == (1.0, 0.0)
    assert program.optimizers["algorithm.optimizer"].step_count == 2 * 2 * 4


def test_an_empty_socket_has_no_optimizer() -> None:
    def ask(run: Running[ActorCritic]) -> None:
        run.optimizer(run.board.optimizer)

    graph = board(ActorCritic(optimizer=None).replace(ActorCritic.update, ask))
    with pytest.raises(UsageError, match="no such optimizer"):
        trained(graph, 1)


def by_hand_on_policy(run: Running[ActorCritic]) -> None:
    """Raises the log-probability of every action: its gradient crosses the rollout."""
    taken: Any = run.read(run.board.rollout, Acted)
    run.optimizer(run.board.optimizer).step(-taken.log_prob.mean())


def test_a_function_may_ask_for_the_gradient_of_the_rollout() -> None:
    algorithm = ActorCritic().replace(ActorCritic.update, by_hand_on_policy, with_grad=True)
    before, program = parameters(started(board(algorithm))), trained(board(algorithm), 2)
    assert changed(before, parameters(program)) == {"algorithm.actor"}
    assert {p.name: p.gradient for p in program.plan.phases}["unroll"] == "with grad"
    without = ActorCritic().replace(ActorCritic.update, by_hand_on_policy)
    with pytest.raises(RunError, match="depends on none of the parameters"):
        trained(board(without), 1)


def test_annealed_settings_are_numbers_in_a_phase_by_hand() -> None:
    clip = LinearAnnealing(start=0.5, end=0.1, over=(0.0, 4.0), by="iterations")
    seen: list[float] = []

    def looking(run: Running[PPO]) -> None:
        seen.append(run.compute(run.board.loss).__self__.clip)
        my_update(run)

    algorithm = PPO(loss=PPOLoss(clip=clip)).replace(PPO.update, looking)
    program = started(board(algorithm, schedule=Epochs(unroll_length=8, epochs=1)))
    with program.generators():
        for iteration in (0, 2):
            program.iterate(Progress(iteration=iteration))
    assert seen == pytest.approx([0.5, 0.3])
