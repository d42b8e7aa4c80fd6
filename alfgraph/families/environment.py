"""Environments: what gives time steps and takes actions, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from alfgraph.families.timestep import TimeStep
from alfgraph.specs.dims import Symbol
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out

if TYPE_CHECKING:
    pass


class Environment(Component):
    """A batch of environments: gives time steps, reads the action at the next tick."""

    family: ClassVar[str] = "environment"
    heat: ClassVar[int] = 3

    step = Out(TimeStep)
    action = In("action[*batch]", latched=True)

    @classmethod
    def is_complete(cls) -> bool:
        """It can be opened."""
        return cls.open is not Environment.open

    @property
    def identity(self) -> str:
        """Which environment it is, for people: the id, or what makes it."""
        return ""

    def batch_size(self, phase: str) -> int:
        """Environments stepped at once in a phase."""
        raise TypeError(f"{type(self).__name__} declares no batch_size")

    def batch_axes(self, phase: str) -> tuple[Symbol, ...] | None:
        """`*batch` is the board's B; `predict` has its own."""
        return (Symbol("B", scope=self._instance(phase), rigid=True),)

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> Any:
        """Make the environments.

        Args:
            num_envs: how many.
            seed: the run's seed.
            evaluation: whether they evaluate.
            device: where their tensors go.

        Returns:
            An object with `reset()`, `step(action)`, `close()`, `state()`, `load_state(state)` and
            the fields of TimeStep as attributes, plus `step_type_numpy` and `reward_numpy`. One
            that can only be saved by changing it has `save_point()`, which gives the state.
        """
        raise TypeError(f"{type(self).__name__} declares no open")

    def watched(self, mode: str) -> Mapping[str, Any] | None:
        """Settings with which one environment can be seen; None where it cannot.

        Args:
            mode: Gymnasium's `render_mode`: "human" for a window, "rgb_array" for pictures.
        """
        return None

    def _instance(self, phase: str) -> str:
        return f"{self.socket_path}:{'predict' if phase == 'predict' else 'train'}"
