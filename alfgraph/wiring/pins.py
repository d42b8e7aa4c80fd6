"""What components and operations share: ports, the calls that bind them, applications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from alfgraph.diagnostics.repairs.calls import Fix, called_before
from alfgraph.wiring.ports import Port
from alfgraph.wiring.refusals import refuse
from alfgraph.wiring.trace import Node
from alfgraph.wiring.wires import Wire


@dataclass(frozen=True, eq=False)
class Application:
    """One call: its node and the wires on its ports."""

    node: Node | None
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    monitors: frozenset[str]
    state: Wire


_PORTS: WeakKeyDictionary[type, tuple[Port, ...]] = WeakKeyDictionary()


def _ports_of(kind: type) -> tuple[Port, ...]:
    """The ports of a class; looked up once, a board asks thousands of times."""
    if kind not in _PORTS:
        found: dict[str, Port] = {}
        for base in reversed(kind.__mro__):
            found |= {k: v for k, v in vars(base).items() if isinstance(v, Port)}
        _PORTS[kind] = tuple(found.values())
    return _PORTS[kind]


class Pinned:
    """What components and operations share: ports, calls, applications."""

    @classmethod
    def ports(cls) -> tuple[Port, ...]:
        """The ports declared here and in base classes, in order."""
        return _ports_of(cls)

    @classmethod
    def input_ports(cls) -> tuple[Port, ...]:
        """Ports that take something, in order."""
        return tuple(port for port in cls.ports() if port.direction == "in")

    @classmethod
    def output_ports(cls) -> tuple[Port, ...]:
        """Ports that give something, in order."""
        return tuple(port for port in cls.ports() if port.direction == "out")

    @classmethod
    def state_ports(cls) -> tuple[Port, ...]:
        """Registers, in order."""
        return tuple(port for port in cls.ports() if port.direction == "state")

    def application(self) -> Application | None:
        """The call this is a bound copy of, or None for the part itself."""
        raise TypeError(f"{type(self).__name__} is neither a component nor an operation")

    @property
    def is_application(self) -> bool:
        """Whether this stands for a call."""
        return self.application() is not None

    def read_port(self, port: Port) -> Any:
        """What a port gives on an application; advice elsewhere."""
        application = self.application()
        if application is None:
            name = self.label()
            refuse(
                "E111",
                f"`{name}.{port.name}` is a port; call `{name}` first",
                _called_first(self, port.name),
            )
        wires = application.outputs if port.direction == "out" else application.inputs
        if port.direction == "state":
            return application.state[port.name]
        if port.name not in wires:
            refuse("E102", f"`{self.label()}.{port.name}` is not connected in this call")
        return wires[port.name]

    def label(self) -> str:
        """How diagnostics call it."""
        return type(self).__name__

    def only_output(self) -> Any:
        """The wire an application stands for.

        Raises:
            WiringError: E105, it has none or several; or it was not called.
        """
        application = self.application()
        if application is None:
            refuse("E111", f"`{self.label()}` is a part, not a wire; call it first")
        outputs = {k: v for k, v in application.outputs.items() if k not in application.monitors}
        if len(outputs) != 1:
            names = ", ".join(f"`.{name}`" for name in outputs)
            refuse(
                "E105",
                f"`{self.label()}` has {len(outputs)} outputs, so it cannot stand for one",
                f"name the one you mean: {names}" if names else "it is an effect",
            )
        return next(iter(outputs.values()))


def _called_first(part: Pinned, port: str) -> str | Fix:
    """How a port of a part is read: on a call of it."""
    text = f"`{part.label()}(...).{port}`"
    if any(pin.is_required and not pin.latched for pin in part.input_ports()):
        return text
    return Fix(text.replace("...", ""), lambda at: called_before(at, port))
