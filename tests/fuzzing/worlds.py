"""Tiny environments with every kind of space; episodes are four actions long, or three."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from tests.whole_boards.worlds import Camera, Clock, Goods, Noise, Reach, Step

LENGTH = 3


class Sampled(gymnasium.Env[Any, Any]):
    """Observes random points of its space; an action outside its space is refused."""

    observation_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space: spaces.Space[Any] = spaces.Discrete(3)

    def __init__(self) -> None:
        self.time = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.time = 0
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> Step:
        if not self.action_space.contains(action):
            raise ValueError(f"{action!r} is not in {self.action_space}")
        self.time += 1
        over, cut = self.time == LENGTH, False
        return self.observation_space.sample(), 1.0, over, cut, {"height": float(self.time)}


class Cut(Sampled):
    """Ends at a time limit only."""

    def step(self, action: Any) -> Step:
        observation, reward, over, _, info = super().step(action)
        return observation, reward, False, over, info


def _world(name: str, observation: Any = None, action: Any = None) -> type[Sampled]:
    body: dict[str, Any] = {"__doc__": "One more space."}
    if observation is not None:
        body["observation_space"] = observation
    if action is not None:
        body["action_space"] = action
    return type(name, (Sampled,), body)


_UNIT = spaces.Box(-1.0, 1.0, (2,), np.float32)
_LOW, _HIGH = np.array([0, -2], np.float32), np.array([1, 5], np.float32)
_PICTURE = spaces.Box(0, 255, (1, 8, 8), np.uint8)

WORLDS: tuple[Any, ...] = (
    Clock,
    Noise,
    Reach,
    Camera,
    Goods,
    Cut,
    _world("Doubles", spaces.Box(-1.0, 1.0, (3,), np.float64)),
    _world("Unbounded", spaces.Box(-np.inf, np.inf, (3,), np.float64)),
    _world("Scalar", spaces.Box(-1.0, 1.0, (), np.float32)),
    _world("Matrix", spaces.Box(-1.0, 1.0, (2, 3), np.float32)),
    _world("Picture", _PICTURE),
    _world("Numbered", spaces.Discrete(5, start=2)),
    _world("Flags", spaces.MultiBinary(3)),
    _world("Codes", spaces.MultiDiscrete([2, 3])),
    _world("Table", spaces.Box(0, 9, (2,), np.int64)),
    _world("Pair", spaces.Tuple((_UNIT, spaces.Discrete(3)))),
    _world("Nested", spaces.Dict({"a": _UNIT, "b": spaces.Tuple((_UNIT, _PICTURE))})),
    _world("From", action=spaces.Discrete(2, start=-1)),
    _world("One", action=spaces.Discrete(1)),
    _world("Levers", action=spaces.MultiDiscrete([2, 3])),
    _world("Switches", action=spaces.MultiBinary(2)),
    _world("Grid", action=spaces.Box(0, 3, (2,), np.int64)),
    _world("Lopsided", action=spaces.Box(_LOW, _HIGH)),
    _world("Free", action=spaces.Box(-np.inf, np.inf, (2,), np.float32)),
    _world("Half", action=spaces.Box(0.0, np.inf, (2,), np.float32)),
    _world("Point", action=spaces.Box(-1.0, 1.0, (), np.float32)),
    _world("Doubled", action=spaces.Box(-1.0, 1.0, (2,), np.float64)),
    _world("Joint", action=spaces.Dict({"go": spaces.Discrete(2), "by": _UNIT})),
    _world("Both", action=spaces.Tuple((spaces.Discrete(2), _UNIT))),
    _world("Words", spaces.Text(4)),
    _world("Bag", spaces.Sequence(spaces.Discrete(3))),
)
"""What an environment socket is filled with."""
