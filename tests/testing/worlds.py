"""A world that keeps every promise; tests break one each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from alfgraph import TensorSpec
from alfgraph.components import Environment
from alfgraph.specs.step_types import FIRST, LAST, MID

LENGTH = 5


class Walk:
    """B positions that drift; an episode has 5 transitions, every second one truly ends."""

    def __init__(self, num_envs: int, seed: int) -> None:
        self.generators = [np.random.default_rng(seed + i) for i in range(num_envs)]
        self.env_id = torch.arange(num_envs, dtype=torch.int32)
        self.place = np.zeros(num_envs, np.float32)
        self.clock = np.zeros(num_envs, np.int64)
        self.episode = np.zeros(num_envs, np.int64)

    def reset(self) -> None:
        rows = len(self.place)
        self.clock[:] = 0
        for i in range(rows):
            self.place[i] = self.drawn(i)
        nothing = torch.zeros(rows, dtype=torch.int64)
        self.show(np.zeros(rows, np.int32), np.zeros(rows, np.float32), nothing)

    def step(self, action: torch.Tensor) -> None:
        begins = self.step_type_numpy == LAST
        self.clock = np.where(begins, 0, self.clock + 1)
        self.episode += begins
        for i in range(len(self.place)):
            moved = self.place[i] + 0.1 * float(action[i]) + self.noise(i)
            self.place[i] = self.drawn(i) if begins[i] else moved
        step_type = np.where(begins, FIRST, np.where(self.clock == LENGTH, LAST, MID))
        reward = np.where(begins, 0.0, self.place).astype(np.float32)
        self.show(step_type.astype(np.int32), reward, torch.where(torch.tensor(begins), 0, action))

    def drawn(self, i: int) -> float:
        return float(self.generators[i].normal())

    def noise(self, i: int) -> float:
        return 0.01 * float(self.generators[i].normal())

    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        self.step_type_numpy, self.reward_numpy = step_type, reward
        self.step_type, self.reward = torch.from_numpy(step_type), torch.from_numpy(reward)
        ended = (step_type == LAST) & (self.episode % 2 == 1)
        self.discount = torch.from_numpy(np.where(ended, 0.0, 1.0).astype(np.float32))
        self.observation = torch.tensor(np.stack([self.place, self.clock], 1), dtype=torch.float32)
        self.prev_action = action

    def state(self) -> dict[str, Any]:
        return {
            "generators": [g.bit_generator.state for g in self.generators],
            "place": self.place.copy(),
            "clock": self.clock.copy(),
            "episode": self.episode.copy(),
            "step_type": self.step_type_numpy.copy(),
            "reward": self.reward_numpy.copy(),
            "prev_action": self.prev_action.clone(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        for generator, saved in zip(self.generators, state["generators"], strict=True):
            generator.bit_generator.state = saved
        self.place, self.clock = np.array(state["place"]), np.array(state["clock"])
        self.episode = np.array(state["episode"])
        self.show(np.array(state["step_type"]), np.array(state["reward"]), state["prev_action"])

    def close(self) -> None:
        pass


class World(Environment):
    """Opens a `Walk`."""

    num_envs: int = 3

    def known(self) -> Mapping[str, Any]:
        return {
            "observation": TensorSpec(dtype="float32", sample=(2,)),
            "action": TensorSpec(dtype="int64", low=0, high=1),
        }

    def batch_size(self, phase: str) -> int:
        return self.num_envs

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> Any:
        return Walk(num_envs, seed + 1000 * evaluation)


def opening(kind: type[Any]) -> World:
    """A world that opens this class."""

    class Opened(World):
        def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> Any:
            return kind(num_envs, seed + 1000 * evaluation)

    return Opened()
