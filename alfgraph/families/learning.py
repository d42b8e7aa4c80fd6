"""What learning is made of: exploration, losses, returns, optimizers, targets, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from alfgraph.diagnostics.errors import UsageError
from alfgraph.wiring.binding import tracked_copy
from alfgraph.wiring.component import Component, Operation
from alfgraph.wiring.ports import In, Out
from alfgraph.wiring.records import Record, record_leaves
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.wires import Wire

if TYPE_CHECKING:
    from torch import nn

    from alfgraph.families.protocols import RunningOptimizer

C = TypeVar("C", bound=Component)


class Exploration(Component):
    """Chooses an action that is not the best one; evaluation leaves it out."""

    family: ClassVar[str] = "exploration"
    heat: ClassVar[int] = 3
    deterministic: ClassVar[bool] = False


class Loss(Component):
    """Stateless: rows aligned by time in, a scalar loss out.

    An algorithm offers what it has (`loss.asking(batch, log_prob=..., entropy=...)`); a loss is
    given what it declares, by the names of its ports. So any loss fits an algorithm whose offers
    cover its ports.
    """

    family: ClassVar[str] = "loss"
    heat: ClassVar[int] = 3

    if TYPE_CHECKING:  # each declares it among its own outputs
        loss = Out("float32[]", role="loss")

    def asking(self, rows: Record, **offered: Wire) -> Self:
        """Call with those of the wires offered that the loss declares.

        Args:
            rows: a record whose fields are offered, too.
            **offered: further wires, by name; they win.

        Raises:
            WiringError: E102, it needs something that is not among them.
        """
        declared = {port.name: port for port in self.input_ports()}
        taken: dict[str, Any] = {name: w for name, w in offered.items() if name in declared}
        if not isinstance(rows, Record):  # a call takes a wire there, and refuses what is neither
            return type(self).__call__(self, rows, **taken)
        names = [*(name.rpartition(".")[2] for name, _ in record_leaves(rows)), *offered]
        for name, port in declared.items():
            if port.is_required and name not in names:
                refuse(
                    "E102",
                    f"`{self.label()}.{name}` is not connected",
                    f"it expects {port.describe()}; it is offered {', '.join(names)}",
                )
        return type(self).__call__(self, rows, **taken)


class Returns(Component):
    """Value targets and advantages from steps and values."""

    family: ClassVar[str] = "returns"
    heat: ClassVar[int] = 2


class Optimizer(Component):
    """Differentiates a loss and steps the parameters it owns.

    Call it with the loss and, if it is to train those only, with parts:
    `self.optimizer(loss, self.actor)`. Authors write `build(self, parameters)`.
    """

    family: ClassVar[str] = "optimizer"
    heat: ClassVar[int] = 2

    loss = In("float32[]")
    trains = In(Component, many=True)

    def tune(self, running: RunningOptimizer, names: Sequence[str]) -> None:
        """Hand on the settings that anneal: before an iteration, on a copy with today's numbers.

        Args:
            running: what `build` gave.
            names: the settings that anneal; by default each is told by `set_<name>(value)`.

        Raises:
            UsageError: it cannot be told.
        """
        for name in names:
            tell = getattr(running, f"set_{name}", None)
            if not callable(tell):
                raise UsageError(
                    f"`{self.label()}.{name}` anneals, but {type(running).__name__} has no "
                    f"`set_{name}`",
                    help=f"define `set_{name}(value)` there, or `tune` on {type(self).__name__}",
                )
            tell(getattr(self, name))

    if TYPE_CHECKING:  # an optimizer without one must stay incomplete

        def build(self, parameters: Sequence[nn.Parameter]) -> RunningOptimizer:
            """Make what trains; `protocols.RunningOptimizer` says all that it must do."""

    def __call__(self, *args: Any, every: int = 1, **named: Any) -> Self:
        """Add an update on a loss; the loss of `actor_optimizer` is `actor_loss` to readers."""
        new = super().__call__(*args, every=every, **named)
        loss = new.loss.value
        if loss.node.kind == "math":
            loss.hints.insert(0, self.socket_path.rpartition(".")[2].replace("optimizer", "loss"))
        return new


class Update(Operation):
    """Move tracked copies towards what they track; an effect."""


class Target(Component):
    """Tracks the parameters of other parts: `target.of(net)(...)`, `target.update()`.

    Authors write `build(self, pairs)`, which gives an object with `update()`; pairs of modules are
    (source, copy).
    """

    family: ClassVar[str] = "target"
    is_called: ClassVar[bool] = False
    heat: ClassVar[int] = 1

    update = Update()

    def of(self, part: C) -> C:
        """The part with its own tracked copy of the parameters; typed as the source."""
        return tracked_copy(part, self)


class Metric(Component):
    """A number of one's own, logged."""

    family: ClassVar[str] = "metric"
    heat: ClassVar[int] = 2
