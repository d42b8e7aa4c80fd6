"""GymEnv: a batch of Gymnasium environments as a component."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from alfgraph.components.envs.spaces.gym_spaces import spec_of_space
from alfgraph.components.envs.spaces.probing import Probed, probe
from alfgraph.components.envs.spaces.recipe import EnvRecipe
from alfgraph.families.environment import Environment
from alfgraph.families.protocols import RunningEnvironment
from alfgraph.specs.spec import RecordSpec, TensorSpec

Positive = Annotated[int, Field(ge=1)]


class GymEnv(Environment):
    """A batch of Gymnasium environments giving ALF's time steps.

    Details:
        - Autoreset on the next step: final observations are never lost, the step after LAST
          ignores its action and is FIRST.
        - Continuous actions are [-1, 1] on the board and rescaled to the environment's bounds
          (`normalize_action`), then clipped into them (`clip_action`), as in ALF's suite_gym.
        - float64 becomes float32 once, here.
        - Environment i is seeded with `random_seed + i`, evaluation with 13579 more.

    Attributes:
        id: Gymnasium's id, optionally `module:Id-v0`.
        num_envs: B.
        kwargs: arguments of the environment's constructor.
        wrappers: functions applied to each environment, innermost first.
        make: makes an environment instead of `gymnasium.make(id)`.
        max_episode_steps: time limit; None: the registered one, 0: none.
        normalize_action: bounded continuous actions are [-1, 1] on the board.
        clip_action: clip continuous actions into the environment's bounds.
        info_keys: numeric keys of the info dictionary, handed on as `step.env_info`. Logged summed
            over an episode; as `key@step` or `key@max` their mean or their greatest value.
        vectorization: "auto": natively vectorised where registered, else serial; "workers": one
            process each.
        timeout: seconds after which a silent worker counts as hung.
    """

    heat: ClassVar[int] = 3

    id: str = "CartPole-v1"
    num_envs: Positive = 30
    kwargs: Mapping[str, Any] = Field(default_factory=dict)
    wrappers: tuple[Callable[..., Any], ...] = ()
    make: Callable[..., Any] | None = None
    max_episode_steps: Annotated[int, Field(ge=0)] | None = None
    normalize_action: bool = True
    clip_action: bool = True
    info_keys: tuple[str, ...] = ()
    vectorization: Literal["auto", "native", "serial", "workers"] = "auto"
    timeout: Annotated[float, Field(gt=0)] | None = 300.0

    @property
    def identity(self) -> str:
        """The id, or the name of what makes it."""
        return self.id if self.make is None else str(getattr(self.make, "__name__", self.make))

    def recipe(self) -> EnvRecipe:
        """What is needed to make one of its environments."""
        return EnvRecipe(
            id=self.id,
            kwargs=self.kwargs,
            wrappers=self.wrappers,
            make=self.make,
            max_episode_steps=self.max_episode_steps,
            normalize_action=self.normalize_action,
            clip_action=self.clip_action,
            info_keys=self.info_keys,
        )

    def probed(self) -> Probed:
        """What one environment says of itself; made once per settings."""
        return probe(self.recipe())

    def known(self) -> Mapping[str, Any]:
        """Its spaces, as specs."""
        if self.vectorization == "native":
            self.recipe().check_native()
        probed = self.probed()
        name = f'`{type(self).__name__}` "{self.identity}"'
        info = tuple((k, TensorSpec(dtype="float32")) for k in self.recipe().info_fields)
        return {
            "observation": spec_of_space(probed.observation_space, f"{name} (observation)"),
            "action": spec_of_space(probed.board_action_space, f"{name} (action)"),
            "*r": probed.reward_shape,
            "env_info": RecordSpec(fields=info),
        }

    def describe_resume(self) -> str:
        """How a killed run goes on exactly, in words."""
        tier = self.probed().tier
        ways = {
            1: "exact; environments are saved as arrays",
            2: "exact; the actions since the last reset are replayed",
            3: f"exact; environments are made anew at every planned checkpoint ({tier.why})",
        }
        return ways[tier.number]

    def batch_size(self, phase: str) -> int:
        """Environments stepped at once."""
        return self.num_envs

    def watched(self, mode: str) -> Mapping[str, Any]:
        """Gymnasium's own argument for that; in this process, where the screen is."""
        return {"kwargs": {**self.kwargs, "render_mode": mode}, "vectorization": "serial"}

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> RunningEnvironment:
        """Make the environments.

        Args:
            num_envs: how many.
            seed: the run's seed.
            evaluation: whether they evaluate; then their seed is 13579 higher.
            device: where their tensors go.
        """
        from alfgraph.components.envs.batch.batched_env import EVALUATION_SEED_OFFSET, BatchedEnv
        from alfgraph.components.envs.batch.device_env import DeviceEnv

        recipe = replace(self.recipe(), reward_shape=self.probed().reward_shape)
        env = BatchedEnv(
            recipe,
            num_envs,
            seed=seed + (EVALUATION_SEED_OFFSET if evaluation else 0),
            vectorization=self.vectorization,
            worker_timeout=self.timeout,
        )
        return env if device == "cpu" else DeviceEnv(env, device)
