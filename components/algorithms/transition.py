"""Transition: what off-policy algorithms remember."""

from __future__ import annotations

from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.records import Record
from alfgraph.wiring.wires import Wire


class Transition(Record):
    """What one step of the rollout records; the replay buffer knows the step after it."""

    step: TimeStep
    action: Wire
