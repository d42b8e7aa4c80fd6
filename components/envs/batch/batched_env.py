"""A batch of environments at run time: ALF's time steps as torch tensors, fresh every step."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from alfgraph.components.envs.batch.env_cell import EnvCell
from alfgraph.components.envs.batch.vector_envs import NativeEnvs, SerialEnvs, VectorForm
from alfgraph.components.envs.batch.worker_envs import WorkerEnvs
from alfgraph.components.envs.spaces.action_mapping import ActionMapping
from alfgraph.components.envs.spaces.observation_arrays import (
    ArrayTree,
    RowWriter,
    TensorTree,
    to_arrays,
    to_tensors,
)
from alfgraph.components.envs.spaces.recipe import EnvRecipe, info_field
from alfgraph.components.envs.state.env_state import REBUILT, Tier
from alfgraph.diagnostics.errors import CheckpointError

_from_numpy = torch.from_numpy

Vectorization: TypeAlias = Literal["auto", "native", "serial", "workers"]

FIRST, LAST = 0, 2
EVALUATION_SEED_OFFSET = 13579
"""Added to a run's seed for the environments that evaluate; ALF's number."""


def vectorization_of(recipe: EnvRecipe, asked: Vectorization = "auto") -> Vectorization:
    """Chooses the form of a batch: what was asked, else native where registered, else serial."""
    if asked != "auto":
        return asked
    return "native" if recipe.is_native() else "serial"


class BatchedEnv:
    """A batch of environments; `reset` and `step` leave the current time step in attributes.

    The reward is that of the previous action. The discount is 0 only at a true termination, so a
    time limit is LAST with discount 1. The step after LAST ignores its action and is FIRST, with
    reward 0 and discount 1. Every array is allocated anew by each step, and never written again.

    Attributes:
        num_envs: B.
        seed: Seed of environment 0; environment i has `seed + i`.
        vectorization: The form in use: "native", "serial" or "workers".
        actions: The mapping from the board's actions to the environment's.
        step_type: `[B] int32`, 0 FIRST, 1 MID, 2 LAST.
        reward: `[B, *r] float32`, reward of the previous action.
        discount: `[B] float32`, 0 at a termination, else 1.
        observation: Tensor `[B, ...]`, or a nested dictionary of them.
        env_id: `[B] int32`, number of the environment.
        step_type_numpy: `step_type` as an array of the same memory.
        reward_numpy: `reward` as an array of the same memory.
        observation_numpy: `observation` as arrays of the same memory.
    """

    step_type: torch.Tensor
    reward: torch.Tensor
    discount: torch.Tensor
    observation: TensorTree
    step_type_numpy: npt.NDArray[np.int32]
    reward_numpy: npt.NDArray[np.float32]
    observation_numpy: ArrayTree

    def __init__(
        self,
        recipe: EnvRecipe,
        num_envs: int,
        *,
        seed: int = 0,
        vectorization: Vectorization = "auto",
        worker_timeout: float | None = 300.0,
    ) -> None:
        """Makes the environments; `reset` starts them.

        Args:
            recipe: How to make one.
            num_envs: B.
            seed: Seed of environment 0.
            vectorization: Form of the batch; "auto": native where registered, else serial.
            worker_timeout: Seconds after which a silent worker counts as hung.
        """
        self.recipe = recipe
        self.num_envs = num_envs
        self.seed = seed
        self.vectorization = vectorization_of(recipe, vectorization)
        self.form = self._make_form(worker_timeout)
        self.actions = ActionMapping(
            self.form.single_action_space,
            normalize=recipe.normalize_action,
            clip=recipe.clip_action,
        )
        self.env_id = torch.arange(num_envs, dtype=torch.int32)
        self._no_action = self.actions.zeros(num_envs)
        self._step = self.form.step
        self._rebuilds = 0

    def _make_form(self, timeout: float | None) -> VectorForm:
        if self.vectorization == "native":
            return NativeEnvs(self.recipe, self.num_envs)
        if self.vectorization == "workers":
            return WorkerEnvs(self.recipe, self.num_envs, timeout)
        return SerialEnvs([EnvCell(self.recipe, i) for i in range(self.num_envs)])

    def reset(self, seed: int | None = None) -> None:
        """Starts an episode in every environment.

        Args:
            seed: Seed of environment 0. None: the first call takes the one given at construction,
                later calls go on with the environments' own generators.
        """
        if seed is None and not hasattr(self, "step_type"):
            seed = self.seed
        observation, infos = self.form.reset(seed)
        rows = self.num_envs
        self._action: TensorTree = self._no_action
        self._has_first = False  # zeros already
        self._first = False
        self._infos = infos
        self._show(
            observation,
            np.zeros((rows, *self.recipe.reward_shape), np.float32),
            np.zeros(rows, np.int32),
            np.ones(rows, np.float32),
        )
        self._going = np.ones(rows, np.int32)

    def step(self, action: TensorTree) -> None:
        """Steps every environment; where the current step is LAST, starts an episode instead.

        Args:
            action: `[B, ...]` as the board sees it, or a nested dictionary.
        """
        observation, reward, terminated, truncated, self._infos = self._step(self.actions(action))
        ended = terminated | truncated
        step_type = ended.astype(np.int32)
        first, self._first = self._first, b"\x01" in ended.tobytes()
        going, self._going = self._going, (~ended).astype(np.int32)
        if first:
            # A native vector environment may leave anything in the rewards of its resets.
            reward[going == 0] = 0.0
        step_type += going
        self._action = action
        self._has_first = first
        self._show(observation, reward, step_type, (~terminated).astype(np.float32))

    def _show(
        self,
        observation: ArrayTree,
        reward: npt.NDArray[np.float32],
        step_type: npt.NDArray[np.int32],
        discount: npt.NDArray[np.float32],
    ) -> None:
        """Makes a time step the current one."""
        self.step_type_numpy = step_type
        self.reward_numpy = reward
        self.observation_numpy = observation
        self.step_type = _from_numpy(step_type)
        self.reward = _from_numpy(reward)
        self.discount = _from_numpy(discount)
        self.observation = (
            to_tensors(observation) if isinstance(observation, dict) else _from_numpy(observation)
        )

    @property
    def prev_action(self) -> TensorTree:
        """The action that led here, as the board sees it: zeros in the rows that are FIRST."""
        return _masked(self._action, self.step_type != FIRST if self._has_first else None)

    @property
    def env_info(self) -> dict[str, torch.Tensor]:
        """The declared keys of the info dictionaries, `[B, ...] float32`, 0 where absent."""
        if self._infos is None:
            return {key: _from_numpy(array) for key, array in self._restored_info.items()}
        keys, pick = self.recipe.info_fields, self.form.infos
        return {key: _from_numpy(pick(self._infos, key)) for key in keys}

    @property
    def episode_info(self) -> dict[str, torch.Tensor]:
        """`env_info` by the names given, whose `@step` and `@max` say how an episode sums it up."""
        if not self.recipe.info_keys:
            return {}
        info = self.env_info
        return {name: info[info_field(name)] for name in self.recipe.info_keys}

    @property
    def tier(self) -> int:
        """How the state is saved exactly: 1 as arrays, 2 by replaying, 3 by rebuilding."""
        return self.why_tier.number

    @cached_property
    def why_tier(self) -> Tier:
        """The tier and the reason for it."""
        return self.form.tier()

    def save_point(self) -> dict[str, Any]:
        """Makes a point of the run to which `load_state` comes back exactly, and gives its state.

        In tier 3 this changes the run, and so every run must call it at the same iterations: the
        environments are made anew with seeds derived from the number of such calls, and current
        steps that are not FIRST become LAST, cut off as by a time limit.
        """
        captured = self._captured()
        if captured is None:
            if self.tier < REBUILT:
                self.why_tier = self.form.tier()
            self._rebuilds += 1
            self._rebuild()
        return self._described(captured)

    def state(self) -> dict[str, Any]:
        """The environments and the current time step; reading them changes nothing.

        In tiers 1 and 2 this is what `save_point` gives. In tier 3 `load_state` can come back
        exactly only to a save point; of any other moment it knows the time step alone.
        """
        return self._described(self._captured())

    def _captured(self) -> dict[str, Any] | None:
        """The environments as arrays or actions; None where only rebuilding helps."""
        return self.form.capture() if self.tier < REBUILT else None

    def _described(self, captured: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "tier": self.tier if captured is not None else REBUILT,
            "vectorization": self.vectorization,
            "seed": self.seed,
            "rebuilds": self._rebuilds,
            "envs": captured or {},
            "step_type": self.step_type_numpy.copy(),
            "reward": self.reward_numpy.copy(),
            "discount": self.discount.numpy().copy(),
            "observation": _copied(self.observation_numpy),
            "prev_action": to_arrays(self.prev_action),
            "env_info": {key: value.numpy().copy() for key, value in self.env_info.items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes to a state that was given, in this object or in another of the same settings.

        Raises:
            CheckpointError: If it comes from another form of the batch, whose state differs.
        """
        if state["vectorization"] != self.vectorization:
            raise CheckpointError(
                f"the checkpoint's environments were {state['vectorization']}, these are "
                f"{self.vectorization}",
                help=f'vectorization="{state["vectorization"]}"',
            )
        self.seed = int(state["seed"])
        self._rebuilds = int(state["rebuilds"])
        self._infos = None
        self._restored_info = {key: np.array(array) for key, array in state["env_info"].items()}
        self._action = to_tensors(_copied(state["prev_action"]))
        self._show(
            _copied(state["observation"]),
            np.array(state["reward"]),
            np.array(state["step_type"]),
            np.array(state["discount"]),
        )
        self._note_phases()
        if int(state["tier"]) < REBUILT:
            self.form.restore(state["envs"])
        else:
            self.why_tier = Tier(REBUILT, "so was the run that is resumed")
            self._rebuild()

    def _rebuild(self) -> None:
        """Makes the environments anew and ends the current episodes, as tier 3 wants it."""
        sequence = np.random.SeedSequence([self.seed, self._rebuilds])
        seeds = [int(seed) >> 1 for seed in sequence.generate_state(self.num_envs)]
        # A native vector environment starts all rows together, so none can stay FIRST.
        stays = self.step_type_numpy == FIRST if self.vectorization != "native" else False
        first = np.full(self.num_envs, stays)
        observation = _copied(self.observation_numpy)
        writer = RowWriter(self.form.single_observation_space, self.num_envs)
        for row, value in self.form.restart(seeds, first.tolist()).items():
            writer.write(observation, row, value)
        step_type = np.where(first, FIRST, LAST).astype(np.int32)
        self._show(observation, self.reward_numpy, step_type, self.discount.numpy())
        self._note_phases()

    def _note_phases(self) -> None:
        """Derives from the step types what the next step needs."""
        ended = self.step_type_numpy == LAST
        self._going = (~ended).astype(np.int32)
        self._first = bool(ended.any())
        self._has_first = bool((self.step_type_numpy == FIRST).any())

    def render(self) -> tuple[Any, ...]:
        """Renders the environments: one frame each, where the form can."""
        return self.form.render()

    @property
    def frames_per_second(self) -> float | None:
        """What the environments say of themselves, where they are in this process."""
        cells = self.form.cells if isinstance(self.form, SerialEnvs) else ()
        return cells[0].metadata.get("render_fps") if cells else None

    def close(self) -> None:
        """Ends the environments and the workers."""
        self.form.close()


def _copied(tree: ArrayTree) -> ArrayTree:
    """Copies a tree of arrays."""
    if isinstance(tree, dict):
        return {name: _copied(part) for name, part in tree.items()}
    return np.array(tree)


def _masked(tree: TensorTree, keep: torch.Tensor | None) -> TensorTree:
    """Sets rows to zero and drops gradients.

    Args:
        tree: Tensors `[B, ...]`.
        keep: `[B] bool`, the rows that stay; None: all.
    """
    if isinstance(tree, dict):
        return {name: _masked(part, keep) for name, part in tree.items()}
    if keep is None:
        return tree.detach()
    mask = keep.to(tree.device).reshape(-1, *(1 for _ in tree.shape[1:]))
    return torch.where(mask, tree.detach(), torch.zeros_like(tree))
