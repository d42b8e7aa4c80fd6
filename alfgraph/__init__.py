"""A typed circuit board for reinforcement learning.

Graph files need `alfgraph.components` and, for components of one's own, what is named here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alfgraph.boards.loading import load
    from alfgraph.compiler.plan import Plan
    from alfgraph.diagnostics.errors import AlfgraphError, BoardError
    from alfgraph.families.timestep import TimeStep
    from alfgraph.program.running import Running
    from alfgraph.specs.spec import TensorSpec
    from alfgraph.wiring.component import Component, Operation
    from alfgraph.wiring.graph import Graph
    from alfgraph.wiring.ports import In, Out, State
    from alfgraph.wiring.records import Field, Record
    from alfgraph.wiring.wires import Distribution, Wire

__version__ = "0.1.0"

__all__ = [
    "AlfgraphError",
    "BoardError",
    "Component",
    "Distribution",
    "Field",
    "Graph",
    "In",
    "Operation",
    "Out",
    "Plan",
    "Record",
    "Running",
    "State",
    "TensorSpec",
    "TimeStep",
    "Wire",
    "load",
]

# Names come from their modules when they are first asked for, so that `alfgraph --help` does not
# wait for torch.
_HOMES = {
    "AlfgraphError": "diagnostics.errors",
    "BoardError": "diagnostics.errors",
    "Component": "wiring.component",
    "Distribution": "wiring.wires",
    "Field": "wiring.records",
    "Graph": "wiring.graph",
    "In": "wiring.ports",
    "Operation": "wiring.component",
    "Out": "wiring.ports",
    "Plan": "compiler.plan",
    "Record": "wiring.records",
    "Running": "program.running",
    "State": "wiring.ports",
    "TensorSpec": "specs.spec",
    "TimeStep": "families.timestep",
    "Wire": "wiring.wires",
    "load": "boards.loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
