"""A typed circuit board for reinforcement learning.

    import alfgraph
    from alfgraph.components import PPO, GymEnv, Pipeline

    board = Pipeline(env=GymEnv(id="CartPole-v1"), algorithm=PPO())
    alfgraph.check(board)                 # every wire, before the first step
    alfgraph.render(board, "board.svg")
    result = alfgraph.run(board)

A board is data; these verbs take it. Components of one's own need what else is named here.
"""

import os
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from alfgraph.diagnostics.libraries import declare_library
from alfgraph.faces import face
from alfgraph.families.verbs import hand_down

if TYPE_CHECKING:
    from alfgraph.boards.loading import load as load
    from alfgraph.compiler.pipeline import check as check
    from alfgraph.compiler.pipeline import plan as plan
    from alfgraph.compiler.plan import Plan as Plan
    from alfgraph.diagnostics.errors import AlfgraphError as AlfgraphError
    from alfgraph.diagnostics.errors import BoardError as BoardError
    from alfgraph.drawing.render import render as render
    from alfgraph.families.graph import Graph as Graph
    from alfgraph.families.timestep import TimeStep as TimeStep
    from alfgraph.program.running import Running as Running
    from alfgraph.runtime.playing import play as play
    from alfgraph.runtime.run import run as run
    from alfgraph.specs.spec import TensorSpec as TensorSpec
    from alfgraph.wiring.component import Component as Component
    from alfgraph.wiring.component import Operation as Operation
    from alfgraph.wiring.ports import In as In
    from alfgraph.wiring.ports import Out as Out
    from alfgraph.wiring.ports import State as State
    from alfgraph.wiring.records import Field as Field
    from alfgraph.wiring.records import Record as Record
    from alfgraph.wiring.wires import Distribution as Distribution
    from alfgraph.wiring.wires import Wire as Wire

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = face(__name__, __file__)

declare_library(f"{__name__}.components", os.path.join(os.path.dirname(__file__), "components"))


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
