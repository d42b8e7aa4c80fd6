"""A nested record as observation: keys on the board, trees in buffers, features from all of it."""

from typing import Any

import pytest
import torch

import alfgraph
from alfgraph.components import (
    MLP,
    PPO,
    SGD,
    ActorCritic,
    ActorDistributionNetwork,
    Algorithm,
    GymEnv,
    Loss,
    Network,
    OnPolicy,
    Optimizer,
    Pipeline,
    RolloutBuffer,
    Schedule,
)
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.network import PolicyNetwork
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire
from tests.whole_boards.driving import are_equal, parameters, trained
from tests.whole_boards.worlds import Camera


class Looked(Record):
    """What the camera saw, and the height beside it."""

    picture: Wire
    height: Wire
    step: TimeStep


class Predicted(Loss):
    """Mean square of what is wrong."""

    guess = In("float32[*batch, width]")
    height = In("float32[*batch]")
    loss = Out("float32[]", role="loss")

    def forward(self, guess: Any, height: Any) -> Any:
        return (guess.sum(-1) - height).square().mean()


class HeightFromCamera(Algorithm):
    """Learns to read the height off the picture; acts at random."""

    actor: PolicyNetwork = ActorDistributionNetwork(frozen=True)
    eye: Network = MLP(hidden=(2,), activation="identity")
    seen: RolloutBuffer = RolloutBuffer()
    loss: Predicted = Predicted()
    optimizer: Optimizer = SGD(lr=0.1)
    schedule: Schedule = OnPolicy(unroll_length=4)

    def unroll(self, step: TimeStep) -> Wire:
        body = step.observation["body"]
        self.seen.write(
            Looked(picture=step.observation["camera"], height=body["height"] * 2.0, step=step)
        )
        return self.actor(step).policy.sample()

    def update(self) -> None:
        seen = self.seen.read(Looked)
        self.optimizer(self.loss(guess=self.eye(seen.picture), height=seen.height).loss)

    def predict(self, step: TimeStep) -> Wire:
        return self.actor(step).policy.mode()


def board() -> Pipeline:
    return Pipeline(env=GymEnv(make=Camera, num_envs=2), algorithm=HeightFromCamera())


def test_keys_are_solved_down_to_the_leaves() -> None:
    plan = alfgraph.plan(board())
    assert plan.environment == "2 x GymEnv Camera"
    leaves = plan.buffers[0].leaves
    assert leaves["picture"] == "uint8[4, 2, 1, 2, 2]" or leaves["picture"] == "uint8[2, 1, 2, 2]"
    assert leaves["height"] == "float32[2]"
    assert 'observation["camera"]' in plan.code or "observation['camera']" in plan.code


def test_what_is_recorded_is_what_the_camera_saw() -> None:
    program = trained(board(), 1)
    picture, height = program.buffers["algorithm.seen"].read("picture", "height")
    assert picture.dtype == torch.uint8
    assert picture[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3]  # time since reset
    assert height[:, 1].tolist() == [0.0, 1.0, 2.0, 3.0]  # 2 x height


def test_the_eye_learns_and_repeats() -> None:
    first, second = (parameters(trained(board(), 3)) for _ in range(2))
    assert are_equal(first, second)
    assert not are_equal(first, parameters(trained(board(), 0)))


@pytest.mark.parametrize("algorithm", [ActorCritic(), PPO()])
def test_ready_algorithms_take_the_whole_tree(algorithm: Algorithm) -> None:
    """Picture 4 numbers, height 1, gear one-hot 5: ten features."""
    graph = Pipeline(env=GymEnv(make=Camera, num_envs=2), algorithm=algorithm)
    program = trained(graph, 2)
    actor = program.modules["algorithm.actor"]
    assert next(p for p in actor.parameters() if p.dim() == 2).shape == (64, 10)


def test_a_missing_key_is_found_by_the_check() -> None:
    class Misspelt(HeightFromCamera):
        def unroll(self, step: TimeStep) -> Wire:
            self.seen.write(
                Looked(picture=step.observation["kamera"], height=step.discount, step=step)
            )
            return self.actor(step).policy.sample()

    graph = Pipeline(env=GymEnv(make=Camera, num_envs=2), algorithm=Misspelt())
    with pytest.raises(WiringError, match="no `kamera` among body, camera"):
        alfgraph.plan(graph)
