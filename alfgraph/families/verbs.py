"""The verbs as methods of a board, as alfgraph 0.1 had them; now it is `alfgraph.run(board)`.

A board is data and imports nothing that runs it, so the face hands its functions down here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

_VERBS: dict[str, Callable[..., Any]] = {}


def hand_down(name: str, verb: Callable[..., Any]) -> None:
    """Let boards have a verb of the face as a method."""
    _VERBS[name] = verb


def _called(name: str, board: Any, *args: Any, **options: Any) -> Any:
    warnings.warn(
        f"a board is data: write `alfgraph.{name}(board)` instead of `board.{name}()`",
        DeprecationWarning,
        stacklevel=3,
    )
    return _VERBS[name](board, *args, **options)


class FormerVerbs:
    """Deprecated since 0.2."""

    def check(self) -> Any:
        """`alfgraph.check(board)`."""
        return _called("check", self)

    def plan(self) -> Any:
        """`alfgraph.plan(board)`."""
        return _called("plan", self)

    def render(self, *args: Any, **options: Any) -> Any:
        """`alfgraph.render(board, ...)`."""
        return _called("render", self, *args, **options)

    def run(self, *args: Any, **options: Any) -> Any:
        """`alfgraph.run(board, ...)`."""
        return _called("run", self, *args, **options)
