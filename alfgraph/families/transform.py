"""Transforms: from time step to time step, in training, in replay and in evaluation."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Self

from alfgraph.diagnostics.repairs.classes import declaring_forward
from alfgraph.families.graph import Graph
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.component import Component
from alfgraph.wiring.refusals import refuse


class Transform(Graph):
    """Maps a time step to a time step: `unroll`, `replay` and `predict` default to `apply`.

    A leaf declares ports named like fields of TimeStep and an output `out`, which replaces the
    field of its first port. A transform may as well be a board with phases of its own.

    Attributes:
        context: earlier rows a replay buffer reads for it (frame stacks), dropped afterwards.
    """

    family: ClassVar[str] = "transform"
    heat: ClassVar[int] = 4
    context: ClassVar[int] = 0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "unroll" in vars(cls):
            setattr(cls, "unroll", _remembered(cls.unroll))  # noqa: B010  (a method is not assigned)

    def __call__(self, *args: Any, every: int = 1, **named: Any) -> Self:
        """Apply to wires; a leaf's call, unless `forward` wires parts."""
        if isinstance(self, Graph) and _wires(self):
            return super().__call__(*args, every=every, **named)
        return Component.__call__(self, *args, every=every, **named)

    def apply(self, step: TimeStep) -> TimeStep:
        """The call, with the step spread; `out` replaces the field of the first port."""
        _check_step(self, step, "takes")
        first = next((port.name for port in self.input_ports()), "")
        if first not in TimeStep.record_fields:
            refuse(
                "E104",
                f"`{self.label()}`'s first port `{first}` is no field of TimeStep"
                if first
                else f"`{self.label()}` has no input port, so it takes nothing of a TimeStep",
                *declaring_forward(type(self), TimeStep.record_fields),
                f"name it like one of {', '.join(TimeStep.record_fields)}, or override `apply`",
            )
        return step.replace(**{first: self(step).only_output()})

    def context_rows(self) -> int:
        """Earlier rows it needs: `context`, unless a setting decides."""
        return self.context

    def unroll(self, step: TimeStep) -> TimeStep:
        """In the training loop, every environment step."""
        return self.apply(step)

    def replay(self, step: TimeStep) -> TimeStep:
        """On what a replay buffer sampled."""
        return self.apply(step)

    def predict(self, step: TimeStep) -> TimeStep:
        """In evaluation and deployment."""
        return self.apply(step)


def _wires(part: Component) -> bool:
    """Whether a transform's `forward` wires parts, rather than computes on tensors."""
    return any(isinstance(getattr(part, name), Component) for name in type(part).model_fields)


def _check_step(part: Transform, step: Any, verb: str, *helps: str) -> None:
    """What goes through a transform is a time step."""
    if not isinstance(step, TimeStep):
        what = "nothing" if step is None else f"a {type(step).__name__}"
        refuse("E101", f"`{part.label()}` {verb} a TimeStep, not {what}", *filter(None, helps))


def _remembered(method: Callable[[Any, TimeStep], TimeStep]) -> Callable[[Any, TimeStep], TimeStep]:
    """Let the step remember the raw one and its transforms, for replay buffers."""

    @functools.wraps(method)
    def unroll(self: Transform, step: TimeStep) -> TimeStep:
        _check_step(self, step, "takes")
        result = method(self, step)
        _check_step(self, result, "gives", "end it with `return`" if result is None else "")
        raw, transforms = step.__dict__.get("_history", (step, ()))
        if transforms and transforms[-1] is self:
            return result
        fresh = result.replace()
        fresh.__dict__["_history"] = (raw, (*transforms, self))
        return fresh

    return unroll


setattr(Transform, "unroll", _remembered(Transform.unroll))  # noqa: B010  (see above)


def history_of(step: TimeStep) -> tuple[TimeStep, tuple[Transform, ...]]:
    """The raw step and the transforms it went through in `unroll`."""
    raw, transforms = step.__dict__.get("_history", (step, ()))
    return raw, transforms
