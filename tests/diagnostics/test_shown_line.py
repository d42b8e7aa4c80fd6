"""Which line a diagnostic shows."""

from pathlib import Path

import pytest

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.diagnostics import libraries
from alfgraph.diagnostics.errors import WiringError
from alfgraph.diagnostics.shown_line import ShownLine, shown_line
from alfgraph.diagnostics.source import Source

LIBRARY = "/there/parts"
OF_LIBRARY, OF_ITS_BOARD = (Source(file=f"{LIBRARY}/ppo.py", line=line) for line in (1, 2))
CALLED, MADE, AROUND = (Source(file="/mine/board.py", line=line) for line in (3, 4, 5))
WIRED_HERE = (("wired here", OF_LIBRARY),)


@pytest.fixture(autouse=True)
def one_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_FOLDERS", {**libraries._FOLDERS, "parts": f"{LIBRARY}/"})


def test_a_users_line_is_shown_alone() -> None:
    assert shown_line((CALLED, OF_LIBRARY), (MADE,)) == ShownLine(CALLED)


def test_a_librarys_line_is_shown_beside_the_users_that_led_there() -> None:
    assert shown_line((OF_LIBRARY, OF_ITS_BOARD, CALLED), (MADE,)) == (CALLED, WIRED_HERE)


def test_else_where_the_user_made_the_part_or_the_nearest_board_around_it() -> None:
    wired = (OF_LIBRARY, OF_ITS_BOARD)
    assert shown_line(wired, (MADE, AROUND)) == (MADE, WIRED_HERE)
    assert shown_line(wired, (None, OF_ITS_BOARD, AROUND)) == (AROUND, WIRED_HERE)
    assert shown_line((), (OF_ITS_BOARD, MADE)) == ShownLine(MADE)


def test_else_the_librarys() -> None:
    assert shown_line((OF_LIBRARY, OF_ITS_BOARD), (None,)) == ShownLine(OF_LIBRARY)
    assert shown_line(()) == ShownLine(None)


OWN_BUFFER = """
from alfgraph import Record, TimeStep
from alfgraph.components import Buffer, Pipeline
from alfgraph.families.buffer import flexible_axes


class Row(Record):
    step: TimeStep


class Other(Record):
    step: TimeStep


class Shelf(Buffer):
    '''A buffer of one's own.'''

    def write(self, record):
        self._kept(record)

    def _kept(self, record):
        [self.put(record, flexible_axes(self, "B")) for _ in range(1)]

    def read(self, kind):
        return self.get(kind, "read", flexible_axes(self, "B"))[0]


class Board(Pipeline):
    '''A board that reads another record than it wrote.'''

    shelf: Shelf = Shelf()

    def unroll(self):
        super().unroll()
        step = self.env().step
        self.shelf.write(Row(step=step))
        self.shelf.read(Other)


graph = Board()
"""


def test_the_words_of_a_buffer_of_ones_own_are_of_the_board_that_uses_them(tmp_path: Path) -> None:
    path = tmp_path / "own_buffer.py"
    path.write_text(OWN_BUFFER)
    with pytest.raises(WiringError) as error:
        alfgraph.check(load(path))
    shown = error.value.diagnostics[0]
    assert shown.code == "E205" and shown.source is not None
    assert shown.source.text().strip() == "self.shelf.read(Other)"
    assert [(label, place.text().strip()) for label, place in shown.related] == [
        ("written here", "self.shelf.write(Row(step=step))")
    ]
