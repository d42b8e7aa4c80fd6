"""ImageScale and FrameStack: numbers by hand, episode starts, trees, bounds."""

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

import alfgraph
from alfgraph.components import (
    ActorCritic,
    FrameStack,
    GymEnv,
    ImageScale,
    OnPolicy,
    Pipeline,
    Transform,
)
from alfgraph.diagnostics.errors import BoardError
from alfgraph.runtime.evaluation.evaluation import evaluate
from tests.whole_boards.driving import iterate, started
from tests.whole_boards.worlds import Camera, Clock

Env = gymnasium.Env[Any, Any]


def board(*transforms: Transform, make: Any = Clock, length: int = 7) -> Pipeline:
    return Pipeline(
        env=GymEnv(make=make, num_envs=2),
        transforms=transforms,
        algorithm=ActorCritic(),
        schedule=OnPolicy(unroll_length=length),
    )


def observations(graph: Pipeline, iterations: int = 1) -> Any:
    program = iterate(started(graph), iterations)
    (observation,) = program.buffers["algorithm.rollout"].steps("step.observation")
    return observation


def test_image_scale_by_hand() -> None:
    image = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert ImageScale().forward(image).tolist() == pytest.approx([-1.0, -0.6, 1.0])
    assert ImageScale(min=0.0).forward(image).tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_image_scale_takes_the_images_of_a_tree() -> None:
    graph = board(ImageScale(min=0.0, max=255.0), make=Camera)
    seen = observations(graph)
    assert seen["camera"].dtype == torch.float32
    assert seen["camera"][:5, 0, 0, 1, 1].tolist() == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0])
    assert seen["body"]["gear"][:5, 0].tolist() == [0, 1, 2, 3, 4]
    assert any(
        "camera: float32[B, 1, 2, 2] in [0, 255]" in w.spec for w in alfgraph.plan(graph).wires
    )
    named = observations(board(ImageScale(fields=("camera",)), make=Camera))
    assert named["camera"][0].tolist() == [[[[-1.0, -1.0], [-1.0, -1.0]]]] * 2


def test_image_scale_without_images_is_refused() -> None:
    with pytest.raises(BoardError, match="no uint8 image"):
        alfgraph.plan(board(ImageScale()))
    with pytest.raises(BoardError, match="min=2 is not below max=1"):
        ImageScale(min=2.0, max=1.0)


def test_frame_stack_begins_with_copies_of_the_first_frame() -> None:
    """Times 0 1 2 3 4 | 0 1 2, oldest first."""
    stacks = observations(board(FrameStack(size=3)))[:, 0].tolist()
    assert stacks == [
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 1.0, 2.0],
        [1.0, 2.0, 3.0],
        [2.0, 3.0, 4.0],
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0],
        [0.0, 1.0, 2.0],
    ]


def test_frame_stack_goes_on_in_the_next_rollout() -> None:
    stacks = observations(board(FrameStack(size=3), length=2), 2)[:, 0].tolist()
    assert stacks == [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]


def test_frame_stack_concatenates_along_an_axis_of_a_tensor_in_a_tree() -> None:
    seen = observations(board(FrameStack(size=2, axis=0, field="camera"), make=Camera))
    assert seen["camera"].shape == (8, 2, 2, 2, 2)
    assert seen["camera"].dtype == torch.uint8
    assert seen["camera"][2, 0, :, 0, 0].tolist() == [1, 2]
    wide = observations(board(FrameStack(size=2, axis=-1, field="camera"), make=Camera))
    assert wide["camera"].shape == (8, 2, 1, 2, 4)
    assert wide["camera"][2, 0, 0, 0].tolist() == [1, 1, 2, 2]


class Bounded(Clock):
    """Observes two numbers with bounds of their own."""

    def __init__(self) -> None:
        super().__init__()
        low, high = np.array([0.0, -1.0], np.float32), np.array([9.0, 1.0], np.float32)
        self.observation_space = spaces.Box(low, high)

    def observed(self) -> Any:
        return np.array([self.time, -0.5], np.float32)


def test_bounds_are_repeated_with_the_frames() -> None:
    transform = FrameStack(size=2)
    env: Env = Bounded()
    known: Any = GymEnv(make=Bounded).known()["observation"]
    stacked = dict(transform.derive(known))["stacked"]
    assert env.observation_space is not None
    assert stacked.sample == (4,)  # type: ignore[union-attr]
    assert stacked.high == (9.0, 1.0, 9.0, 1.0)  # type: ignore[union-attr]


def test_of_several_tensors_one_must_be_named() -> None:
    with pytest.raises(BoardError, match=r"several tensors[\s\S]*body.gear, body.height, camera"):
        alfgraph.plan(board(FrameStack(), make=Camera))
    with pytest.raises(BoardError, match="no axis 3 to stack along"):
        alfgraph.plan(board(FrameStack(axis=3, field="camera"), make=Camera))


def test_evaluation_has_frames_of_its_own() -> None:
    program = iterate(started(board(FrameStack(size=3))))
    before = [t.clone() for register in program.registers["unroll"] for t in _tensors(register)]
    assert evaluate(program, episodes=2, num_environments=2, seed=0).lengths == (4, 4)
    after = [t for register in program.registers["unroll"] for t in _tensors(register)]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def _tensors(register: Any) -> list[torch.Tensor]:
    return list(register.values()) if isinstance(register, dict) else [register]
