"""Environments on the CPU seen from an accelerator: tensors cross once per step."""

from __future__ import annotations

from typing import Any

import torch

from alfgraph.components.envs.batch.batched_env import BatchedEnv


class DeviceEnv:
    """A `BatchedEnv` whose tensors live on another device.

    Attributes are those of `BatchedEnv`; tensors are moved when they are read, each at most once
    per step.
    """

    def __init__(self, env: BatchedEnv, device: str) -> None:
        """Wrap an environment.

        Args:
            env: steps on the CPU.
            device: where its tensors are read.
        """
        self._env = env
        self._device = torch.device(device)
        self._moved: dict[str, Any] = {}

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode in every environment."""
        self._moved.clear()
        self._env.reset(seed)

    def step(self, action: Any) -> None:
        """Step every environment with an action from the device."""
        self._moved.clear()
        self._env.step(_to(action, torch.device("cpu")))

    def save_point(self) -> dict[str, Any]:
        """Make a save point; where that rebuilds the environments, the current step changes."""
        self._moved.clear()
        return self._env.save_point()

    def state(self) -> dict[str, Any]:
        """The environments and the current time step, on the CPU."""
        return self._env.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go to a saved state."""
        self._moved.clear()
        self._env.load_state(state)

    # What the runtime asks for with `isinstance` must stand in the class.

    @property
    def tier(self) -> int:
        """How the state is saved."""
        return self._env.tier

    @property
    def env_info(self) -> dict[str, torch.Tensor]:
        """What the environments report besides, on the device."""
        found: dict[str, torch.Tensor] = self._on_device("env_info")
        return found

    @property
    def episode_info(self) -> dict[str, torch.Tensor]:
        """`env_info` by the names given, on the device."""
        found: dict[str, torch.Tensor] = self._on_device("episode_info")
        return found

    @property
    def frames_per_second(self) -> float | None:
        """How fast films of it are shown."""
        return self._env.frames_per_second

    def render(self) -> tuple[Any, ...]:
        """One frame each, where the environments can."""
        return self._env.render()

    def close(self) -> None:
        """End the environments."""
        self._env.close()

    def __getattr__(self, name: str) -> Any:
        return self._on_device(name)

    def _on_device(self, name: str) -> Any:
        if name in self._moved:
            return self._moved[name]
        value = getattr(self._env, name)
        if isinstance(value, torch.Tensor | dict) and not name.startswith("_"):
            value = self._moved[name] = _to(value, self._device)
        return value


def _to(tree: Any, device: torch.device) -> Any:
    if isinstance(tree, dict):
        return {name: _to(part, device) for name, part in tree.items()}
    return tree.to(device) if isinstance(tree, torch.Tensor) else tree
