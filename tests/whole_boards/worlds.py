"""Tiny environments whose every number can be worked out by hand."""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces

EPISODE = 4
"""Actions in an episode of these worlds."""

Step = tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]


class Clock(gymnasium.Env[Any, Any]):
    """Observes the time since reset; the reward of step t is t; terminates after four actions."""

    def __init__(self) -> None:
        self.observation_space = spaces.Box(-10.0, 10.0, (1,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.time = 0
        return self.observed(), {}

    def step(self, action: Any) -> Step:
        self.time += 1
        return self.observed(), self.rewarded(), self.time == EPISODE, False, {}

    def observed(self) -> Any:
        return np.array([self.time], np.float32)

    def rewarded(self) -> Any:
        return float(self.time)


class Noise(Clock):
    """Observes four numbers from its own generator; the action counts: action 1 earns 1."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Box(-1.0, 1.0, (4,), np.float32)
        self.earned = 0.0

    def step(self, action: Any) -> Step:
        self.earned = float(action)
        return super().step(action)

    def observed(self) -> Any:
        return self.np_random.uniform(-1.0, 1.0, 4).astype(np.float32)

    def rewarded(self) -> Any:
        return self.earned


class Reach(Noise):
    """The same with an action of one number; the reward is higher nearer to a goal."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.goal = 0.0

    def step(self, action: Any) -> Step:
        self.earned = -abs(float(action[0]) - self.goal)
        self.time += 1
        return self.observed(), self.rewarded(), self.time == EPISODE, False, {}

    def observed(self) -> Any:
        numbers = super().observed()
        self.goal = float(numbers[0])
        return numbers


class Camera(Clock):
    """A nested observation: a small picture and a record of two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = spaces.Dict(
            {
                "camera": spaces.Box(0, 255, (1, 2, 2), np.uint8),
                "body": spaces.Dict(
                    {
                        "height": spaces.Box(-10.0, 10.0, (), np.float32),
                        "gear": spaces.Discrete(5),
                    }
                ),
            }
        )

    def observed(self) -> Any:
        return {
            "camera": np.full((1, 2, 2), self.time, np.uint8),
            "body": {"height": np.float32(self.time / 2), "gear": self.time},
        }


class Goods(Clock):
    """A vector reward: [1, t, 0]."""

    def __init__(self) -> None:
        super().__init__()
        self.reward_space = spaces.Box(-10.0, 10.0, (3,), np.float32)

    def rewarded(self) -> Any:
        return np.array([1.0, self.time, 0.0], np.float32)
