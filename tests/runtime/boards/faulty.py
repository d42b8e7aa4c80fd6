"""An environment that fails as told, after a number of steps."""

import os
import signal
import time
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from alfgraph.components import ActorCritic, GymEnv, OnPolicy, Pipeline, Trainer, Transform
from alfgraph.families.network import ValueFunction
from alfgraph.wiring.ports import In, Out


class Faulty(gymnasium.Env[Any, Any]):
    """Counts its steps; at `at` it raises, hangs, dies or gives a reward that is not a number."""

    def __init__(self, fault: str = "none", at: int = 60) -> None:
        self.observation_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.fault = fault
        self.at = at
        self.steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        reward = 1.0
        if self.steps == self.at:
            reward = self.fail()
        observation = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return observation, reward, self.steps % 10 == 0, False, {}

    def fail(self) -> float:
        if self.fault == "raise":
            raise ZeroDivisionError("the world is flat")
        if self.fault == "hang":
            time.sleep(60)
        if self.fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        return float("nan") if self.fault == "nan" else 1.0


class Logarithm(Transform):
    """Observations on a logarithmic scale: wrong for those below 0."""

    observation = In("float32[*batch, n]", role="observation")
    out = Out("float32[*batch, n]", role="observation")

    def forward(self, observation: Any) -> Any:
        return observation.log()


class Root(nn.Module):
    """A value of 0 whose gradient is not a number."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, observation: Tensor) -> Tensor:
        return (self.scale * observation.sum(-1)).abs().sqrt()


class RootValue(ValueFunction):
    """The square root of something that is 0 at first."""

    observation = In("float32[*batch, n]", role="observation")
    value = Out("float32[*batch]", role="value")

    def build(self, n: int) -> nn.Module:
        return Root()


graph = Pipeline(
    env=GymEnv(make=Faulty, num_envs=2, timeout=1.0),
    algorithm=ActorCritic(),
    schedule=OnPolicy(unroll_length=5),
    trainer=Trainer(num_iterations=40, num_checkpoints=8, num_eval_episodes=0),
)
