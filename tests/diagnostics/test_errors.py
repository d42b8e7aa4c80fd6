"""One root, the report as text, and notes on users' own exceptions."""

import inspect
import pickle

import pytest

from alfgraph.diagnostics import errors
from alfgraph.diagnostics.diagnostic import Diagnostic
from alfgraph.diagnostics.errors import (
    AlfgraphError,
    BoardError,
    CheckpointError,
    GraphFileError,
    RunError,
    SettingError,
    UsageError,
    WiringError,
    add_board_path,
)
from alfgraph.diagnostics.source import Source


def test_the_tree() -> None:
    parents = {
        UsageError: AlfgraphError,
        BoardError: AlfgraphError,
        GraphFileError: BoardError,
        SettingError: BoardError,
        WiringError: BoardError,
        RunError: AlfgraphError,
        CheckpointError: RunError,
    }
    assert {kind: kind.__base__ for kind in parents} == parents
    assert AlfgraphError.__base__ is Exception
    own = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    assert {kind for kind in own if issubclass(kind, Exception)} == {*parents, AlfgraphError}
    assert errors.__doc__ is not None
    assert all(kind.__name__ in errors.__doc__ for kind in parents)


def test_a_sentence_stays_a_sentence() -> None:
    error = RunError("the disk is full; free some space and run again")
    assert str(error) == "the disk is full; free some space and run again"
    assert error.report() == "error: the disk is full; free some space and run again"


def test_a_sentence_with_code_and_help() -> None:
    error = SettingError("there is no setting `env.num_env`", code="E301", help="say `num_envs`")
    assert str(error) == "error[E301]: there is no setting `env.num_env`\n   help: say `num_envs`"
    assert [d.code for d in error.diagnostics] == ["E301"]


def test_several_diagnostics_are_one_report() -> None:
    several = [Diagnostic(code="E101", message="one"), Diagnostic(code="W110", message="two")]
    error = BoardError(iter(several))
    assert error.diagnostics == tuple(several)
    assert str(error) == "error[E101]: one\n\nwarning[W110]: two\n\n1 error, 1 warning"
    assert "\x1b[1;31m" in error.report(color=True)
    assert str(BoardError(several[0])) == "error[E101]: one"


def test_errors_cross_processes() -> None:
    error = GraphFileError("no such file", code="E401")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is GraphFileError
    assert again.diagnostics == error.diagnostics


def test_a_users_exception_keeps_its_type_and_gains_its_place_once() -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
        _ = 1 / 0
    for _ in range(2):
        add_board_path(caught.value, "algorithm.actor", Source(file="b.py", line=3, column=9))
    add_board_path(caught.value, "transforms[0]")
    assert caught.value.__notes__ == [
        "on the board: algorithm.actor, wired at b.py:3:9",
        "on the board: transforms[0]",
    ]
