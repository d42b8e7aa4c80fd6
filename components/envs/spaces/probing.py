"""What an environment looks like, learned by making one of it, once per settings."""

from __future__ import annotations

import dataclasses
from typing import Any

import gymnasium

from alfgraph.components.envs.spaces.action_mapping import ActionMapping
from alfgraph.components.envs.spaces.observation_arrays import AnySpace
from alfgraph.components.envs.spaces.recipe import AnyEnv, EnvRecipe
from alfgraph.components.envs.state.env_state import Tier, choose_tier


@dataclasses.dataclass(frozen=True, slots=True)
class Probed:
    """What one environment of a recipe says of itself.

    Attributes:
        observation_space: Its observations.
        action_space: Its actions as it takes them itself.
        board_action_space: Its actions as the board sees them: see `ActionMapping`.
        reward_shape: Shape of a vector reward, `()` for a scalar.
        max_episode_steps: Its time limit, None where there is none.
        is_native: Whether a native vector form can be used.
        render_modes: Ways in which it can be drawn.
        render_fps: Frames a second of its videos.
        tier: How its state is saved exactly.
    """

    observation_space: AnySpace
    action_space: AnySpace
    board_action_space: AnySpace
    reward_shape: tuple[int, ...]
    max_episode_steps: int | None
    is_native: bool
    render_modes: tuple[str, ...]
    render_fps: float
    tier: Tier


_known: dict[tuple[Any, ...], tuple[EnvRecipe, Probed]] = {}


def probe(recipe: EnvRecipe) -> Probed:
    """Learns what an environment looks like by making one, without a step or a reset.

    Args:
        recipe: How to make it. Recipes with equal settings make one only once in a process.

    Raises:
        SettingError: If the id is unknown, a package is missing or the constructor fails.
    """
    key = _key(recipe)
    if key not in _known:
        # The recipe is kept with the answer, so that the identities in the key stay taken.
        _known[key] = (recipe, _ask(recipe))
    return _known[key][1]


def _key(recipe: EnvRecipe) -> tuple[Any, ...]:
    """Makes the settings hashable: functions by identity, arguments as they print."""
    return (
        recipe.id,
        repr(sorted(recipe.kwargs.items())),
        tuple(id(wrapper) for wrapper in recipe.wrappers),
        id(recipe.make),
        recipe.max_episode_steps,
        recipe.normalize_action,
        recipe.clip_action,
    )


def _ask(recipe: EnvRecipe) -> Probed:
    env = recipe.single()
    try:
        mapping = ActionMapping(
            env.action_space, normalize=recipe.normalize_action, clip=recipe.clip_action
        )
        return Probed(
            observation_space=env.observation_space,
            action_space=env.action_space,
            board_action_space=mapping.board_space,
            reward_shape=_reward_shape(env),
            max_episode_steps=_time_limit(env),
            is_native=recipe.is_native(),
            render_modes=tuple(env.metadata.get("render_modes") or ()),
            render_fps=float(env.metadata.get("render_fps") or 30.0),
            tier=choose_tier(env),
        )
    finally:
        env.close()


def _reward_shape(env: AnyEnv) -> tuple[int, ...]:
    """Reads the shape of a vector reward from `reward_space`, the convention of MO-Gymnasium."""
    if not env.has_wrapper_attr("reward_space"):
        return ()
    space = env.get_wrapper_attr("reward_space")
    return tuple(space.shape or ()) if isinstance(space, gymnasium.Space) else ()


def _time_limit(env: AnyEnv) -> int | None:
    """Finds the tightest time limit among the wrappers."""
    limits = []
    layer: Any = env
    while isinstance(layer, gymnasium.Wrapper):
        if isinstance(layer, gymnasium.wrappers.TimeLimit):
            limits.append(int(layer._max_episode_steps))
        layer = layer.env
    return min(limits, default=None)
