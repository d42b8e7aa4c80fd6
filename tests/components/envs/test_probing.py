"""Probing: one environment per settings, what it says, and helpful failures."""

import sys
import time
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from alfgraph.components.envs.spaces.probing import probe
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.diagnostics.diagnostic import Retype
from alfgraph.diagnostics.errors import RunError, SettingError


class Made(gymnasium.Env[Any, Any]):
    observation_space = spaces.Box(-1, 1, (2,))
    action_space = spaces.Discrete(3, start=4)
    made = 0
    closed = 0

    def __init__(self, size: int = 2) -> None:
        type(self).made += 1
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 12}
        self.observation_space = spaces.Box(-1, 1, (size,))
        self.reward_space = spaces.Box(-1, 1, (3,))

    def close(self) -> None:
        type(self).closed += 1


def test_cart_pole() -> None:
    probed = probe(EnvRecipe("CartPole-v1"))
    assert probed.observation_space.shape == (4,)
    assert probed.action_space == probed.board_action_space == spaces.Discrete(2)
    assert probed.reward_shape == ()
    assert probed.max_episode_steps == 500
    assert probed.is_native
    assert "rgb_array" in probed.render_modes
    assert probed.render_fps == 50


def test_pendulum_is_normalised_on_the_board() -> None:
    probed = probe(EnvRecipe("Pendulum-v1", max_episode_steps=77))
    assert probed.action_space == spaces.Box(-2, 2, (1,), np.float32)
    assert probed.board_action_space == spaces.Box(-1, 1, (1,), np.float32)
    assert probed.max_episode_steps == 77
    assert not probed.is_native
    assert probe(EnvRecipe("Pendulum-v1", max_episode_steps=0)).max_episode_steps is None
    raw = probe(EnvRecipe("Pendulum-v1", normalize_action=False))
    assert raw.board_action_space == raw.action_space


def test_one_environment_is_made_per_settings_and_closed() -> None:
    Made.made = Made.closed = 0
    first = probe(EnvRecipe("Made", make=Made))
    again = probe(EnvRecipe("Made", make=Made))
    assert first is again
    assert (Made.made, Made.closed) == (1, 1)
    wider = probe(EnvRecipe("Made", {"size": 5}, make=Made))
    assert wider.observation_space.shape == (5,)
    assert (Made.made, Made.closed) == (2, 2)
    assert first.reward_shape == (3,)
    assert first.board_action_space == spaces.Discrete(3)
    assert (first.render_modes, first.render_fps) == (("rgb_array",), 12)


def test_probing_cart_pole_takes_milliseconds() -> None:
    gymnasium.make("CartPole-v1").close()
    start = time.perf_counter()
    probe(EnvRecipe("CartPole-v1", {"sutton_barto_reward": True}))
    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize(
    ("env_id", "expected"),
    [
        ("CartPole-v9", r"no environment `CartPole-v9`.*\n.*did you mean `CartPole-v1`\?"),
        ("cartpole-v1", r"did you mean `CartPole-v1`\?"),
        ("CartPol-v1", r"did you mean `CartPole-v1`\?"),
        ("LunarLander-v2", r"did you mean `LunarLander-v3`\?"),
        ("LunarLanderContinous-v3", r"did you mean `LunarLanderContinuous-v3`\?"),
        ("qqqq", r"`module:Id-v0` first imports the module"),
        ("no_such_module:CartPole-v1", "needs a package that is not installed"),
        ("ALE/Pong-v5", r"ale_py|`module:Id-v0`"),
    ],
)
def test_an_unknown_id(env_id: str, expected: str) -> None:
    with pytest.raises(SettingError, match=expected):
        probe(EnvRecipe(env_id))


@pytest.mark.parametrize(
    ("env_id", "module", "extra"),
    [("LunarLander-v3", "Box2D", "box2d"), ("HalfCheetah-v5", "mujoco", "mujoco")],
)
def test_a_missing_package(
    env_id: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith((module, "gymnasium.envs.box2d", "gymnasium.envs.mujoco")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingError, match=rf"pip install 'alfgraph\[{extra}\]'"):
        probe(EnvRecipe(env_id, {"render_mode": None}))


def test_a_constructor_that_fails() -> None:
    with pytest.raises(SettingError, match="`CartPole-v1` cannot be made: AttributeError"):
        probe(EnvRecipe("CartPole-v1", {"render_mode": []}))


def test_an_argument_the_constructor_does_not_take() -> None:
    with pytest.raises(SettingError, match="takes no argument `colour`") as caught:
        probe(EnvRecipe("CartPole-v1", {"colour": "red"}))
    assert caught.value.diagnostics[0].help[0].retype == Retype(given="kwargs", instead="{}")
    with pytest.raises(SettingError, match="did you mean `sutton_barto_reward`"):
        probe(EnvRecipe("CartPole-v1", {"suton_barto_reward": True}))


def test_an_action_space_without_arrays() -> None:
    class Talking(Made):
        action_space: Any = spaces.Text(4)

    with pytest.raises(RunError, match="kind Text has no fixed array form"):
        probe(EnvRecipe("Talking", make=Talking))
