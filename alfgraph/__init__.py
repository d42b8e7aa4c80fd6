"""A typed circuit board for reinforcement learning.

    import alfgraph
    from alfgraph.components import PPO, GymEnv, Pipeline

    board = Pipeline(env=GymEnv(id="CartPole-v1"), algorithm=PPO())
    alfgraph.check(board)                 # every wire, before the first step
    alfgraph.render(board, "board.svg")
    result = alfgraph.run(board)

A board is data; these verbs take it. Components of one's own need what else is named here.
"""

import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from alfgraph.families.verbs import hand_down

if TYPE_CHECKING:
    from alfgraph.boards.loading import load
    from alfgraph.compiler.pipeline import check, plan
    from alfgraph.compiler.plan import Plan
    from alfgraph.diagnostics.errors import AlfgraphError, BoardError
    from alfgraph.drawing.render import render
    from alfgraph.families.graph import Graph
    from alfgraph.families.timestep import TimeStep
    from alfgraph.program.running import Running
    from alfgraph.runtime.playing import play
    from alfgraph.runtime.run import run
    from alfgraph.specs.spec import TensorSpec
    from alfgraph.wiring.component import Component, Operation
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
    "check",
    "load",
    "plan",
    "play",
    "render",
    "run",
]

# Names come from their modules when they are first asked for, so that `alfgraph --help` does not
# wait for torch.
_HOMES = {
    "AlfgraphError": "diagnostics.errors",
    "BoardError": "diagnostics.errors",
    "Component": "wiring.component",
    "Distribution": "wiring.wires",
    "Field": "wiring.records",
    "Graph": "families.graph",
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
    "check": "compiler.pipeline",
    "load": "boards.loading",
    "plan": "compiler.pipeline",
    "play": "runtime.playing",
    "render": "drawing.render",
    "run": "runtime.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


def _verb(name: str, *args: Any, **options: Any) -> Any:
    return getattr(sys.modules[__name__], name)(*args, **options)


def _shown(board: Any) -> Any:
    return import_module("alfgraph.drawing.render").mime_bundle(board)


for _name in ("check", "plan", "render", "run"):
    hand_down(_name, partial(_verb, _name))

# A notebook draws a board; IPython finds it by its class's name, so nothing is imported for it.
if (_shell := getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()) is not None:
    _pictures = _shell.display_formatter.mimebundle_formatter
    _pictures.for_type_by_name("alfgraph.families.graph", "Graph", _shown)
