"""The exact state of an environment, for checkpoints: as arrays, as a replay, or by rebuilding."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium
import numpy as np

from alfgraph.components.envs.state.mujoco_state import is_mujoco, mujoco_arrays, set_mujoco_arrays
from alfgraph.components.envs.state.packed_state import (
    OpaqueError,
    from_state,
    is_constant,
    to_state,
)

_CONTROL = "gymnasium.envs.classic_control"
_TOYS = "gymnasium.envs.toy_text"
ADAPTERS: dict[str, tuple[str, ...]] = {
    f"{_CONTROL}.cartpole.CartPoleEnv": ("state", "steps_beyond_terminated"),
    f"{_CONTROL}.cartpole.CartPoleVectorEnv": (
        "state",
        "steps",
        "prev_done",
        "low",
        "high",
        "steps_beyond_terminated",
    ),
    f"{_CONTROL}.pendulum.PendulumEnv": ("state", "last_u"),
    f"{_CONTROL}.acrobot.AcrobotEnv": ("state",),
    f"{_CONTROL}.mountain_car.MountainCarEnv": ("state",),
    f"{_CONTROL}.continuous_mountain_car.Continuous_MountainCarEnv": ("state",),
    f"{_TOYS}.blackjack.BlackjackEnv": ("player", "dealer"),
    f"{_TOYS}.cliffwalking.CliffWalkingEnv": ("s", "lastaction"),
    f"{_TOYS}.frozen_lake.FrozenLakeEnv": ("s", "lastaction"),
    f"{_TOYS}.taxi.TaxiEnv": ("s", "lastaction", "fickle_step", "taxi_orientation"),
}
"""Environments that also hold windows and clocks -> the attributes that are their state."""

REPLAYABLE = frozenset({"gymnasium.envs.box2d.lunar_lander.LunarLander"})
"""Environments that replaying the actions since the reset reproduces bit for bit.

Not every simulator that looks deterministic is: BipedalWalker's Box2D world carries hidden state
from one episode into the next (measured)."""

ARRAYS, REPLAYED, REBUILT = 1, 2, 3

_GENERATOR = ("_np_random", "_np_random_seed")
_WIRING = frozenset({"env", "_saved_kwargs", "metadata", "_metadata"})


@dataclasses.dataclass(frozen=True, slots=True)
class Tier:
    """How the state of an environment is saved exactly.

    Attributes:
        number: 1: as arrays. 2: the actions since the reset are replayed. 3: the environment is
            rebuilt with a derived seed at every checkpoint, in all runs alike.
        why: The reason, as a phrase.
    """

    number: int
    why: str


def choose_tier(env: Any) -> Tier:
    """Decides how the state of an environment can be saved.

    Args:
        env: A wrapped environment, or a vector environment.
    """
    try:
        to_state(attributes(env))
    except OpaqueError as error:
        obstacle = str(error)
    else:
        return Tier(ARRAYS, "its state is plain arrays")
    name = class_name(unwrapped(env))
    if name in REPLAYABLE:
        try:
            to_state(attributes(env, wrappers_only=True))
        except OpaqueError as error:
            obstacle = str(error)
        else:
            return Tier(REPLAYED, "replaying its actions reproduces it")
    return Tier(REBUILT, obstacle)


def class_name(env: Any) -> str:
    """Names the class of an environment."""
    return f"{type(env).__module__}.{type(env).__qualname__}"


def unwrapped(env: Any) -> Any:
    """Gives the innermost environment."""
    return layers(env)[-1]


def layers(env: Any) -> list[Any]:
    """Lists an environment's wrappers, outermost first, and itself."""
    found = [env]
    while isinstance(found[-1], gymnasium.Wrapper | gymnasium.vector.VectorWrapper):
        found.append(found[-1].env)
    return found


def attributes(env: Any, *, wrappers_only: bool = False) -> list[dict[str, Any]]:
    """Collects, for every layer, the attributes that can change while the environment runs.

    Args:
        env: A wrapped environment.
        wrappers_only: Leave the innermost environment out.

    Raises:
        OpaqueError: If a layer has none to be seen (it is not a Python object of its own).
    """
    chain = layers(env)
    found = [_of_layer(layer) for layer in chain[:-1]]
    return found if wrappers_only else [*found, _of_innermost(chain[-1])]


def _of_innermost(env: Any) -> dict[str, Any]:
    names = ADAPTERS.get(class_name(env))
    if names is not None:
        return {name: getattr(env, name, None) for name in (*names, *_GENERATOR)}
    if is_mujoco(env):
        return {**_packable(env), "mujoco": mujoco_arrays(env)}
    return _of_layer(env)


def _of_layer(layer: Any) -> dict[str, Any]:
    if not hasattr(layer, "__dict__"):
        raise OpaqueError(f"{class_name(layer)} shows no attributes")
    return {
        name: value
        for name, value in vars(layer).items()
        if name not in _WIRING and not is_constant(value)
    }


def _packable(env: Any) -> dict[str, Any]:
    """Picks the plain data beside a simulation; what is left out only draws."""
    found = {}
    for name, value in _of_layer(env).items():
        try:
            to_state(value)
        except OpaqueError:
            continue
        found[name] = value
    return found


def set_attributes(env: Any, found: list[dict[str, Any]]) -> None:
    """Puts what `attributes` collected into an environment made by the same recipe."""
    for layer, values in zip(layers(env), found, strict=False):
        for name, value in values.items():
            if name == "mujoco":
                set_mujoco_arrays(layer, value)
            else:
                vars(layer)[name] = value


def same(one: Any, other: Any) -> bool:
    """Tells whether two outcomes of a step are equal to the bit."""
    first, second = to_state(one), to_state(other)
    return bool(
        first["plain"] == second["plain"]
        and len(first["arrays"]) == len(second["arrays"])
        and all(
            array.dtype == second["arrays"][name].dtype
            and array.tobytes() == second["arrays"][name].tobytes()
            for name, array in first["arrays"].items()
        )
    )


def snapshot(env: Any) -> dict[str, Any]:
    """Saves an environment of tier 1.

    Raises:
        OpaqueError: If it has come to hold something that is not data.
    """
    return to_state(attributes(env))


def restore(env: Any, state: dict[str, Any]) -> None:
    """Puts an environment of tier 1 into a saved state."""
    set_attributes(env, from_state(state))


class Recording:
    """The actions since the last reset and the generator before it: an environment of tier 2."""

    def __init__(self) -> None:
        """Starts before the first reset."""
        self.verified = False
        self._actions: list[Any] = []
        self._start: dict[str, Any] = to_state(None)

    def begin(self, env: Any, seed: int | None) -> None:
        """Notes a reset that is about to happen."""
        self._actions = []
        generator = vars(unwrapped(env)).get("_np_random")
        self._start = to_state({"seed": seed, "generator": generator})

    def add(self, action: Any) -> None:
        """Notes a step."""
        self._actions.append(action)

    def state(self, env: Any) -> dict[str, Any]:
        """Saves the recording and the wrappers' own state."""
        return {
            "start": dict(self._start),
            "actions": np.array(self._actions),
            "wrappers": to_state(attributes(env, wrappers_only=True)),
        }

    def load_state(self, env: Any, state: dict[str, Any]) -> Any:
        """Replays a saved recording in a newly made environment.

        Returns:
            The outcome of the last step (of the reset: only the observation, else None).
        """
        self._start = dict(state["start"])
        self._actions = list(np.array(state["actions"]))
        start = from_state(self._start)
        if start["generator"] is not None:
            unwrapped(env)._np_random = start["generator"]
        outcome: Any = (env.reset(seed=start["seed"])[0], None, None, None)
        for action in self._actions:
            outcome = env.step(action)[:4]
        set_attributes(env, from_state(state["wrappers"]))
        return outcome
