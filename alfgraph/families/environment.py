"""Environments: what gives time steps and takes actions, many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from alfgraph.families.timestep import TimeStep
from alfgraph.specs.dims import Symbol
from alfgraph.specs.spec import RecordSpec
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out

if TYPE_CHECKING:
    from alfgraph.families.protocols import RunningEnvironment


class Environment(Component):
    """A batch of environments: gives time steps, reads the action at the next tick.

    Authors write `known`, `batch_size` and `open`; `alfgraph.testing` tries them.
    """

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

    def known(self) -> Mapping[str, Any]:
        """What a time step holds, as specs of one environment, without batch dims.

        Returns:
            `"observation"` and `"action"`: a TensorSpec, or a RecordSpec of several. Where they
            differ from the defaults: `"*r"`, the shape of a reward (`()`), and `"env_info"`, a
            RecordSpec of what it reports besides (none).
        """
        return {}

    def batch_size(self, phase: str) -> int:
        """Environments stepped at once in a phase."""
        raise TypeError(f"{type(self).__name__} declares no batch_size")

    def batch_axes(self, phase: str) -> tuple[Symbol, ...] | None:
        """`*batch` is the board's B; `predict` has its own."""
        return (Symbol("B", scope=self._instance(phase), rigid=True),)

    def describe_resume(self) -> str:
        """How a killed run goes on, in words for the plan; "" says nothing."""
        return ""

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> RunningEnvironment:
        """Make the environments.

        Args:
            num_envs: how many.
            seed: the run's seed.
            evaluation: whether they evaluate; then they want other seeds than those that train.
            device: where their tensors go.

        Returns:
            What steps; `alfgraph.families.protocols.RunningEnvironment` says all that it must do.
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


SYMBOLS = ("observation", "action")
"""What every environment must say of itself; `UNSAID` holds what else there is."""

UNSAID: Mapping[str, Any] = {"*r": (), "env_info": RecordSpec()}
"""Rewards are scalar, and nothing is reported besides, unless `known` says so."""


def knowledge_of(part: Component) -> Mapping[str, Any]:
    """What a part knows by itself, with what an environment need not say."""
    return {**UNSAID, **part.known()} if isinstance(part, Environment) else part.known()
