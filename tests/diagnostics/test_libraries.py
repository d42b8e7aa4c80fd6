"""Libraries of components: whose lines are shown, where names are imported from."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import alfgraph
from alfgraph import components
from alfgraph.boards.loading import load
from alfgraph.diagnostics import libraries
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.libraries import (
    declare_library,
    exporter_of,
    in_library,
    public_home,
    shown_in_package,
)
from alfgraph.diagnostics.source import is_user_code

CORE = Path(alfgraph.__file__).parent


@pytest.fixture
def their_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else's that declares itself, and is forgotten afterwards."""
    folder = tmp_path / "their_parts"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "__init__.py").write_text("")
    (folder / "deep" / "board.py").write_text(BOARD)
    (folder / "__init__.py").write_text(DECLARES)
    monkeypatch.setattr(libraries, "_FOLDERS", dict(libraries._FOLDERS))
    monkeypatch.syspath_prepend(str(tmp_path))
    is_user_code.cache_clear()
    yield folder
    is_user_code.cache_clear()


DECLARES = """
import os
from alfgraph.diagnostics.libraries import declare_library
declare_library(__name__, os.path.dirname(__file__))
from their_parts.deep.board import TheirBoard
__all__ = ["TheirBoard"]
"""

BOARD = """
from alfgraph.components import Pipeline

class TheirBoard(Pipeline):
    '''A board with a mistake in its wiring.'''
    def unroll(self) -> None:
        self.env.feed(action=self.env().step.reward)
"""


def test_a_library_that_declares_itself_is_one(their_parts: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from their_parts import TheirBoard\n\ngraph = TheirBoard()\n")
    with pytest.raises(WiringError) as error:
        alfgraph.check(load(path))
    shown = error.value.diagnostics[0]
    assert shown.source is not None and shown.source.file == str(path)
    assert [label for label, _ in shown.related] == ["wired here"]
    kind = type(load(path))
    assert kind.__module__ == "their_parts.deep.board"
    assert public_home(kind) == exporter_of("TheirBoard") == "their_parts"
    file = str(their_parts / "deep" / "board.py")
    assert in_library(file) and is_user_code(file)
    assert shown_in_package(file) == "their_parts/deep/board.py"


def test_the_parts_bin_is_a_library() -> None:
    file = os.path.join(CORE, "components", "buffers", "replay_buffer.py")
    assert in_library(file) and is_user_code(file)
    assert shown_in_package(file) == "alfgraph/components/buffers/replay_buffer.py"
    assert exporter_of("PPO") == exporter_of("Trainer") == "alfgraph.components"
    assert exporter_of("Record") == exporter_of("TimeStep") == "alfgraph"
    assert exporter_of("NobodyHasThis") == ""


def test_the_core_is_not() -> None:
    file = os.path.join(CORE, "wiring", "wires.py")
    assert not in_library(file) and not is_user_code(file)
    assert shown_in_package(file) == "alfgraph/wiring/wires.py"
    assert shown_in_package(__file__) is None


class Mine:
    """A class that only this file has."""


@pytest.mark.parametrize(
    ("thing", "home"),
    [
        (components.Trainer, "alfgraph.components"),
        (components.ReplayBuffer, "alfgraph.components"),
        (alfgraph.Graph, "alfgraph"),
        (torch.nn.ReLU, "torch.nn"),
        (torch.nn.functional.relu, "torch.nn.functional"),
        (Mine, __name__),
    ],
)
def test_what_is_written_down_is_where_one_would_import_it_from(thing: type, home: str) -> None:
    assert public_home(thing) == home


def test_a_declared_folder_is_one_whole_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_FOLDERS", {})
    declare_library("parts", "/there/parts")
    assert in_library("/there/parts/a.py")
    assert not in_library("/there/parts_of_mine/a.py")
