"""A typed circuit board for reinforcement learning.

Graph files need `alfgraph.components` and, for components of one's own, what is named here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alfgraph.component import Component, Operation
    from alfgraph.errors import AlfgraphError, BoardError
    from alfgraph.graph import Graph
    from alfgraph.loading import load
    from alfgraph.plan import Plan
    from alfgraph.ports import In, Out, State
    from alfgraph.records import Field, Record
    from alfgraph.running import Running
    from alfgraph.specs import TensorSpec
    from alfgraph.timestep import TimeStep
    from alfgraph.wires import Distribution, Wire

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
    "AlfgraphError": "errors",
    "BoardError": "errors",
    "Component": "component",
    "Distribution": "wires",
    "Field": "records",
    "Graph": "graph",
    "In": "ports",
    "Operation": "component",
    "Out": "ports",
    "Plan": "plan",
    "Record": "records",
    "Running": "running",
    "State": "ports",
    "TensorSpec": "specs",
    "TimeStep": "timestep",
    "Wire": "wires",
    "load": "loading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
