import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alfgraph.boards.board_file import board_hash, describe, difference
from alfgraph.boards.loading import load
from alfgraph.diagnostics.errors import SettingError
from alfgraph.families.annealing import LinearAnnealing
from alfgraph.families.schedules import OnPolicy
from alfgraph.families.trainer import Trainer
from alfgraph.overrides.swaps import set_values, swap
from tests.boards.override_boards import (
    Actor,
    Board,
    Critic,
    Descent,
    Encoder,
    Repeated,
    Scale,
    Shift,
    Simple,
    World,
)


def my_update(running: object) -> None:
    """A phase as a function."""
    del running


def test_parts_carry_their_kind_and_every_setting() -> None:
    found = describe(Board(env=World(num_envs=8)))
    assert found["kind"] == "tests.boards.override_boards:Board"
    assert found["env"] == {
        "kind": "tests.boards.override_boards:World",
        "id": "World-v0",
        "num_envs": 8,
        "kwargs": {},
    }
    assert found["transforms"] == []
    assert found["schedule"] is None
    assert found["algorithm"]["actor"]["hidden"] == [32]
    assert found["trainer"]["kind"] == "alfgraph.components:Trainer"


def test_it_is_json_and_the_same_for_equal_boards() -> None:
    found = describe(Board(algorithm=Simple(optimizer=Descent(lr=LinearAnnealing(start=1, end=0)))))
    again = describe(Board(algorithm=Simple(optimizer=Descent(lr=LinearAnnealing(start=1, end=0)))))
    assert json.loads(json.dumps(found)) == again
    assert board_hash(found) == board_hash(again)
    assert len(board_hash(found)) == 64
    assert found["algorithm"]["optimizer"]["lr"] == {
        "kind": "alfgraph.components:LinearAnnealing",
        "start": 1.0,
        "end": 0.0,
        "over": [0.0, 1.0],
        "by": "fraction",
    }


def test_the_hash_sees_every_setting_and_no_order_of_keys() -> None:
    found = describe(Board())
    assert board_hash(dict(reversed(found.items()))) == board_hash(found)
    assert board_hash(describe(set_values(Board(), {"env.num_envs": 5}))) != board_hash(found)


def test_a_part_in_two_sockets_is_a_reference() -> None:
    encoder = Encoder()
    shared = Board(algorithm=Simple(actor=Actor(encoder=encoder), critic=Critic(encoder=encoder)))
    assert describe(shared)["algorithm"]["critic"]["encoder"] == {
        "same_as": "algorithm.actor.encoder"
    }
    assert "same_as" not in json.dumps(describe(Board()))


def test_what_was_configured_is_written_out() -> None:
    found = describe(Board().configure(Encoder, activation="tanh"))
    assert found["algorithm"]["actor"]["encoder"]["activation"] == "tanh"


def test_a_replaced_phase_is_named() -> None:
    graph = Board().replace(Board.plan, my_update)
    found = describe(graph)
    assert found["replaced"]["plan"].endswith(":my_update")


def test_what_a_graph_file_defines_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from tests.boards.override_boards import Board, Scale\n"
        "class Mine(Scale):\n    '''Mine.'''\n"
        "graph = Board(transforms=(Mine(),))\n"
    )
    found = describe(load(tmp_path / "mine.py"))
    assert found["transforms"][0]["kind"] == "mine.py:Mine"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (np.float32(0.5), {"dtype": "float32", "values": 0.5}),
        (np.arange(2), {"dtype": "int64", "values": [0, 1]}),
        (float("inf"), "inf"),
        (Path("a/b"), "a/b"),
        ({2, 1}, [1, 2]),
        (World, "tests.boards.override_boards:World"),
        (np.dtype("int8"), "int8"),
    ],
)
def test_uncommon_values(value: Any, written: Any) -> None:
    assert describe(World(kwargs={"x": value}))["kwargs"]["x"] == written


@pytest.mark.parametrize("value", [lambda: 0, object()])
def test_what_has_no_name_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(SettingError, match=r"`env.kwargs.make` cannot be") as error:
        describe(Board(env=World(kwargs={"make": value})))
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, diagnostic.path) == ("E302", "env.kwargs")
    assert diagnostic.source is not None and diagnostic.source.file == __file__


class TestDifference:
    def test_equal_boards_do_not_differ(self) -> None:
        assert difference(describe(Board()), describe(Board())) == []

    def test_a_setting(self) -> None:
        other = set_values(Board(), {"env.num_envs": 5, "algorithm.actor.hidden": "[8, 8]"})
        assert difference(describe(Board()), describe(other)) == [
            "`env.num_envs`: 4 → 5",
            "`algorithm.actor.hidden`: [32] → [8, 8]",
        ]

    def test_another_part_hides_its_settings(self) -> None:
        other = swap(Board(), {"algorithm": Repeated(), "schedule": OnPolicy()})
        assert difference(describe(Board()), describe(other)) == [
            "`algorithm`: Simple → Repeated",
            "`schedule`: null → OnPolicy",
        ]

    def test_parts_of_a_tuple(self) -> None:
        old = Board(transforms=(Scale(), Scale()))
        new = Board(transforms=(Scale(scale=2), Shift(), Shift()))
        assert difference(describe(old), describe(new)) == [
            "`transforms.0.scale`: 1.0 → 2.0",
            "`transforms.1`: Scale → Shift",
            "`transforms.2`: nothing → Shift",
        ]

    def test_sharing(self) -> None:
        encoder = Encoder()
        shared = Board(
            algorithm=Simple(actor=Actor(encoder=encoder), critic=Critic(encoder=encoder))
        )
        assert difference(describe(Board()), describe(shared)) == [
            "`algorithm.critic.encoder`: Encoder → the same as `algorithm.actor.encoder`"
        ]

    def test_what_may_change_when_a_run_is_continued(self) -> None:
        old = describe(Board())
        new = describe(Board(trainer=Trainer(num_iterations=5, random_seed=1)))
        assert difference(old, new) == [
            "`trainer.num_iterations`: null → 5",
            "`trainer.random_seed`: 0 → 1",
        ]
        assert difference(old, new, continuing=True) == ["`trainer.random_seed`: 0 → 1"]
