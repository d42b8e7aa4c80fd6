"""A child board with an optimizer of its own; ownership is that of ALF's worked example."""

import pytest
import torch

import alfgraph
from alfgraph.components import (
    PPO,
    SGD,
    Adam,
    Algorithm,
    Epochs,
    GymEnv,
    OnPolicy,
    Optimizer,
    Pipeline,
    Schedule,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.wires import Wire
from tests.whole_boards.curiosity import ICM
from tests.whole_boards.driving import (
    are_equal,
    changed,
    iterate,
    parameters,
    started,
    trained,
    trains,
)
from tests.whole_boards.worlds import Clock


class Agent(Algorithm):
    """ALF's Agent: PPO learns from rewards that a curious child adds to."""

    rl: PPO = PPO(optimizer=None)
    irm: ICM = ICM(optimizer=SGD(lr=0.02))
    optimizer: Optimizer | None = Adam()
    schedule: Schedule = Epochs(unroll_length=4, epochs=2, mini_batch_size=4)

    def unroll(self, step: TimeStep) -> Wire:
        return self.rl.unroll(self.irm.unroll(step))

    def predict(self, step: TimeStep) -> Wire:
        return self.rl.predict(step)

    def update(self) -> None:
        loss = self.rl.update()
        if self.optimizer is not None:
            self.optimizer(loss)


def board(agent: Algorithm) -> Pipeline:
    return Pipeline(env=GymEnv(make=Clock, num_envs=2), algorithm=agent)


def test_ownership_is_that_of_alfs_worked_example() -> None:
    assert trains(started(board(Agent()))) == {
        "algorithm.optimizer": ["algorithm.rl.actor", "algorithm.rl.critic"],
        "algorithm.irm.optimizer": ["algorithm.irm.fwd", "algorithm.irm.inv"],
    }


def test_without_the_parents_optimizer_the_orphans_are_named_before_anything_runs() -> None:
    with pytest.raises(WiringError) as caught:
        alfgraph.plan(board(Agent(optimizer=None)))
    text = str(caught.value)
    assert text.count("error[E120]") == 2
    assert "nobody trains the parameters of `algorithm.rl.actor`" in text
    assert "nobody trains the parameters of `algorithm.rl.critic`" in text
    assert "algorithm.irm" not in text


def test_without_the_childs_optimizer_its_models_are_the_orphans() -> None:
    orphans = r"(?s)E120.*`algorithm\.irm\.fwd`.*E120.*`algorithm\.irm\.inv`"
    with pytest.raises(WiringError, match=orphans):
        alfgraph.plan(board(Agent(irm=ICM(optimizer=None))))


def test_the_child_updates_once_per_rollout_and_the_parent_per_mini_batch() -> None:
    program = trained(board(Agent()), 3)
    assert program.optimizers["algorithm.optimizer"].step_count == 3 * 2 * 2
    assert program.optimizers["algorithm.irm.optimizer"].step_count == 3
    phases = {p.name: p.runs for p in program.plan.phases}
    assert phases["update"] == 4
    assert phases["update_algorithm_irm"] == 1
    assert program.plan.schedule.updates_per_iteration == 5


def test_each_optimizer_moves_its_own_parts_only() -> None:
    program = started(board(Agent()))
    with program.generators():
        program.namespace["unroll"]()
        before = parameters(program)
        program.namespace["update_algorithm_irm"]()
    assert changed(before, parameters(program)) == {"algorithm.irm.fwd", "algorithm.irm.inv"}


def test_the_intrinsic_reward_is_what_the_policy_learns_from() -> None:
    """A model that foresees 0 is surprised by t squared: rewards t + 0.5 t^2."""
    program = started(board(Agent()))
    with torch.no_grad():
        for parameter in program.modules["algorithm.irm.fwd"].parameters():
            parameter.zero_()
    with program.generators():
        program.start()
        program.namespace["unroll"]()
    (reward,) = program.buffers["algorithm.rl.rollout"].steps("step.reward")
    (raw,) = program.buffers["algorithm.irm.seen"].read("step.observation")
    assert raw[:, 0, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert reward[:, 0].tolist() == [0.0, 1.5, 4.0, 7.5, 12.0]


def test_the_same_child_plugged_in_as_a_transform() -> None:
    graph = Pipeline(
        env=GymEnv(make=Clock, num_envs=2),
        transforms=(ICM(),),
        algorithm=PPO(),
        schedule=Epochs(unroll_length=4, epochs=2, mini_batch_size=4),
    )
    program = trained(graph, 2)
    assert trains(program) == {
        "transforms.0.optimizer": ["transforms.0.fwd", "transforms.0.inv"],
        "algorithm.optimizer": ["algorithm.actor", "algorithm.critic"],
    }
    assert program.optimizers["transforms.0.optimizer"].step_count == 2
    assert "icm" not in program.plan.code.partition("def predict")[2].partition("def iteration")[0]


def test_training_repeats_bit_for_bit() -> None:
    first, second = (parameters(trained(board(Agent()), 3)) for _ in range(2))
    assert are_equal(first, second)


def test_a_child_may_run_under_a_schedule_of_its_own() -> None:
    program = iterate(started(board(Agent(irm=ICM(schedule=OnPolicy(unroll_length=4))))), 2)
    assert program.optimizers["algorithm.irm.optimizer"].step_count == 2
