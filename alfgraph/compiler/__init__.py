"""The compiler: passes from a graph to a plan, each a function in a file of its own.

bind -> trace -> unify -> trial run -> gradient and ownership -> schedule in numbers -> lower
"""

from __future__ import annotations

from alfgraph.compiler.pipeline import check_graph, compile_graph

__all__ = ["check_graph", "compile_graph"]
