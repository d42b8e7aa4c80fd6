"""Whatever setting of an optimizer anneals, the parameters move by its present number."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from alfgraph.components import ActorCritic, Adam, AdamW, Annealing, GymEnv, Pipeline, StepAnnealing
from alfgraph.diagnostics.errors import UsageError
from alfgraph.families.annealing import Progress
from alfgraph.program.program import Program
from tests.whole_boards.driving import are_equal, parameters, started


class Decaying(AdamW):
    weight_decay: float | Annealing = 0.5  # type: ignore[assignment]


class Clipping(Adam):
    gradient_clipping: float | Annealing | None = 1e-3  # type: ignore[assignment]


class Deaf:
    """Trains nothing and takes no word."""

    def __init__(self, parameters: Any) -> None:
        self.parameters = parameters

    def state(self) -> dict[str, Any]:
        return {}


class Untold(Adam):
    def build(self, parameters: list[nn.Parameter]) -> Any:  # type: ignore[override]
        return Deaf(parameters)


def board(optimizer: Adam) -> Pipeline:
    return Pipeline(env=GymEnv(num_envs=2), algorithm=ActorCritic(optimizer=optimizer))


def trained(optimizer: Adam, iterations: int) -> Program:
    program = started(board(optimizer))
    with program.generators():
        for iteration in range(iterations):
            program.iterate(Progress(iteration=iteration))
    return program


def falling(before: float, after: float) -> StepAnnealing:
    """`before` in the first two iterations, `after` from then on."""
    return StepAnnealing(periods=((2.0, before), (3.0, after)), by="iterations")


@pytest.mark.parametrize(
    ("kind", "setting", "before", "after"),
    [(Decaying, "weight_decay", 0.5, 0.0), (Clipping, "gradient_clipping", 1e-3, 10.0)],
)
def test_parameters_move_by_the_present_number(
    kind: Any, setting: str, before: float, after: float
) -> None:
    annealed = kind(lr=1e-2, **{setting: falling(before, after)})
    constant = kind(lr=1e-2, **{setting: before})
    assert are_equal(parameters(trained(annealed, 2)), parameters(trained(constant, 2)))
    assert not are_equal(parameters(trained(annealed, 3)), parameters(trained(constant, 3)))


def test_an_optimizer_that_cannot_be_told_is_refused_before_the_run() -> None:
    with pytest.raises(UsageError, match=r"`algorithm\.optimizer\.lr` anneals, but Deaf has no"):
        started(board(Untold(lr=falling(1e-2, 1e-3))))
