"""Schedule and rate: how often the phases of a graph run; the kinds are a family."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from alfgraph.wiring.component import Component
from alfgraph.wiring.setting_group import SettingGroup

Positive = Annotated[int, Field(ge=1)]


class Rate(SettingGroup):
    """How often a phase of one's own runs: a field of a schedule, named like the phase's method.

    Attributes:
        every: run once in so many iterations.
        epochs: passes over the mini-batch buffer the phase reads.
        mini_batch_size: sequences per mini-batch; None takes them all.
        mini_batch_length: transitions per sequence.
    """

    every: Positive = 1
    epochs: Positive = 1
    mini_batch_size: Positive | None = None
    mini_batch_length: Positive = 1


class Schedule(Component):
    """How often the phases of a board run. Plug one of its kinds."""

    family: ClassVar[str] = "schedule"
    heat: ClassVar[int] = 2

    def rates(self) -> dict[str, Rate]:
        """The phases of one's own, by name."""
        return {name: value for name, value in self if isinstance(value, Rate)}
