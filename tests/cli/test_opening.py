"""From what was typed to a board: which options a diagnostic comes from."""

import pytest

from alfgraph.cli.opening import blamed
from alfgraph.cli.requests import BoardRequest
from alfgraph.diagnostics.diagnostic import Diagnostic


@pytest.mark.parametrize(
    ("option", "path", "about", "is_blamed"),
    [
        ("env.num_envs=3", "env", ("num_envs",), True),
        ("env.num_envs=3", "env", ("id", "num_envs"), True),
        ("env.num_envs=3", "env", ("id",), False),
        ("env.num_envs=3", "eval_env", ("num_envs",), False),
        ("env.kwargs.gravity=1", "env", ("kwargs",), True),
        ('env.kwargs={"gravity":1}', "env", ("kwargs.gravity",), True),
        ("env.kwargs.gravity=1", "env", ("kwargs.mass",), False),
        ("trainer.seed=1", "", ("trainer",), True),
        ("env.num_envs=3", "env", (), False),
    ],
)
def test_a_set_option_is_blamed_for_the_settings_that_a_diagnostic_is_about(
    option: str, path: str, about: tuple[str, ...], is_blamed: bool
) -> None:
    told = Diagnostic(message="of `num_envs` it says nothing", path=path, about=about)
    (found,) = blamed(BoardRequest(graph="board.py", set=[option]), [told])
    assert (found.notes == (f"given with `--set {option}`",)) == is_blamed


def test_a_swap_option_is_blamed_for_what_is_wrong_below_its_socket() -> None:
    request = BoardRequest(graph="board.py", swap=["algorithm=PPO"])
    told = [Diagnostic(message="wrong", path=path) for path in ("algorithm.actor", "env", "")]
    inside, beside, board = blamed(request, told)
    assert inside.notes == ("given with `--swap algorithm=PPO`",)
    assert beside.notes == board.notes == ()
