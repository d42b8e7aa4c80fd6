"""Scores: how good the policy was when it was last evaluated, and at its best."""

from __future__ import annotations

import math
from dataclasses import dataclass

from alfgraph.runtime.checkpoints.state_encoding import State
from alfgraph.runtime.evaluation.evaluation import Evaluation

_NEVER = -1


@dataclass
class Scores:
    """Mean returns of a run's evaluations.

    Attributes:
        last_return: of the last one; NaN before there is one.
        best_return: of the best one; NaN before there is one.
        evaluated_at: iteration of the last one; -1 before there is one.
    """

    last_return: float = math.nan
    best_return: float = math.nan
    evaluated_at: int = _NEVER

    def note(self, evaluation: Evaluation, iteration: int) -> bool:
        """Take in an evaluation; whether none before was as good."""
        found = evaluation.return_mean
        self.last_return, self.evaluated_at = found, iteration
        if not math.isfinite(found) or found <= self.best_return:  # NaN, at first, is no bound
            return False
        self.best_return = found
        return True

    def at(self, iteration: int) -> float | None:
        """The score of the checkpoint of an iteration; None if it was not evaluated there."""
        return self.last_return if self.evaluated_at == iteration else None

    def state(self) -> State:
        """What a resumed run goes on from."""
        return vars(self).copy()

    def load_state(self, state: State) -> None:
        """Go on from a state."""
        self.last_return, self.best_return = state["last_return"], state["best_return"]
        self.evaluated_at = int(state["evaluated_at"])
