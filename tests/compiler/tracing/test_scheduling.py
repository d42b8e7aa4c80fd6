"""Who owns the schedule: set on the board, else the nearest set one it accepts, else its own."""

from typing import Any

import pytest

import alfgraph
from alfgraph.compiler.tracing.scheduling import (
    accepts,
    boards_of,
    collection_schedule,
    effective_schedules,
    find_trainer,
)
from alfgraph.components import (
    PPO,
    ActorCritic,
    Algorithm,
    Epochs,
    OnPolicy,
    Pipeline,
    Rate,
    Schedule,
    Trainer,
    Transform,
)
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.reporter import Reporter
from alfgraph.families.graph import Graph
from alfgraph.wiring.binding import bind


class Curious(Transform):
    """A nested board with a schedule of its own kind."""

    schedule: Schedule = OnPolicy(unroll_length=3)

    def update(self) -> None:
        """Something to run."""


class Auxiliary(Epochs):
    """Epochs and a phase of one's own."""

    auxiliary: Rate = Rate(every=32, epochs=6)


class Parent(Algorithm):
    """A board between the pipeline and the algorithm."""

    inner: ActorCritic = ActorCritic()
    schedule: Schedule | None = None


def schedules(board: Graph) -> tuple[dict[str, str], tuple[Diagnostic, ...]]:
    """The schedule of every board, as `Kind length`."""
    reporter = Reporter()
    found = effective_schedules(bind(board), reporter)
    shown = {
        path: f"{type(s).__name__} {getattr(s, 'unroll_length', '')}".strip()
        for path, s in found.items()
    }
    return shown, reporter.errors


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        (Pipeline(), {"algorithm": "OnPolicy 8"}),
        (
            Pipeline(schedule=OnPolicy(unroll_length=4)),
            {"": "OnPolicy 4", "algorithm": "OnPolicy 4"},
        ),
        (Pipeline(algorithm=PPO()), {"algorithm": "Epochs 128"}),
        (
            Pipeline(algorithm=PPO(schedule=Epochs(unroll_length=16))),
            {"algorithm": "Epochs 16"},
        ),
        (
            Pipeline(algorithm=ActorCritic(schedule=OnPolicy(unroll_length=5)),
                     schedule=OnPolicy(unroll_length=4)),
            {"": "OnPolicy 4", "algorithm": "OnPolicy 5"},
        ),
        (
            Pipeline(algorithm=PPO(), transforms=(Curious(),)),
            {"transforms.0": "OnPolicy 3", "algorithm": "Epochs 128"},
        ),
        (
            Pipeline(algorithm=PPO(), transforms=(Curious(),), schedule=Epochs(unroll_length=9)),
            {"": "Epochs 9", "transforms.0": "OnPolicy 3", "algorithm": "Epochs 9"},
        ),
        (
            Pipeline(algorithm=PPO(), schedule=Auxiliary(unroll_length=9)),
            {"": "Auxiliary 9", "algorithm": "Auxiliary 9"},
        ),
        (
            Pipeline(algorithm=Parent(), schedule=OnPolicy(unroll_length=2)),
            {"": "OnPolicy 2", "algorithm": "OnPolicy 2", "algorithm.inner": "OnPolicy 2"},
        ),
        (
            Pipeline(algorithm=Parent(schedule=OnPolicy(unroll_length=7)),
                     schedule=OnPolicy(unroll_length=2)),
            {"": "OnPolicy 2", "algorithm": "OnPolicy 7", "algorithm.inner": "OnPolicy 7"},
        ),
    ],
)  # fmt: skip
def test_who_runs_under_which_schedule(board: Graph, expected: dict[str, str]) -> None:
    shown, errors = schedules(board)
    missing = {path: kind for path, kind in expected.items() if shown.get(path) != kind}
    assert missing == {}, shown
    assert errors == ()


def test_a_kind_nobody_accepts_is_an_error() -> None:
    _, (error,) = schedules(Pipeline(algorithm=PPO(), schedule=OnPolicy()))
    assert error.code == "E501"
    assert error.message == "`algorithm` (PPO) cannot run under OnPolicy; it needs Epochs"


def test_a_kind_its_own_board_does_not_accept_is_an_error() -> None:
    _, (error,) = schedules(Pipeline(algorithm=PPO(schedule=OnPolicy())))
    assert error.message == "`algorithm` (PPO) cannot run under OnPolicy; it needs Epochs"
    assert error.source is not None
    assert error.source.file == __file__


def test_a_subclass_of_the_kind_is_accepted_and_not_the_other_way_round() -> None:
    assert accepts(PPO(), Auxiliary())
    assert accepts(PPO(schedule=Auxiliary()), Epochs())  # the class's default decides
    assert not accepts(PPO(), OnPolicy())
    assert accepts(Pipeline(), OnPolicy())


def test_collection_belongs_to_the_outermost() -> None:
    board = bind(Pipeline(schedule=OnPolicy(unroll_length=4), transforms=(Curious(),)))
    found = effective_schedules(board, Reporter())
    collection: Any = collection_schedule(board, found)
    assert collection.unroll_length == 4
    board = bind(Pipeline(algorithm=PPO(schedule=Epochs(unroll_length=6))))
    collection = collection_schedule(board, effective_schedules(board, Reporter()))
    assert collection.unroll_length == 6


def test_boards_are_listed_root_first_then_in_socket_order() -> None:
    board = bind(Pipeline(transforms=(Curious(), Curious())))
    paths = [part.socket_path for part in boards_of(board)]
    assert paths == ["", "transforms.0", "transforms.1", "algorithm"]


def test_the_trainer_is_found_by_class() -> None:
    class Odd(Graph):
        how_long: Trainer = Trainer(num_iterations=3)

    assert find_trainer(bind(Odd())).num_iterations == 3
    assert find_trainer(bind(ActorCritic())) == Trainer()


def test_a_rate_that_names_no_phase_is_a_misspelling() -> None:
    board = Pipeline(algorithm=PPO(schedule=Auxiliary(unroll_length=8, mini_batch_size=8)))
    with pytest.raises(WiringError, match=r"`Auxiliary\.auxiliary` is the rate of a phase that no"):
        alfgraph.plan(board)
