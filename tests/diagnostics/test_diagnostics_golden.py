"""What a user reads for the commonest mistakes, through whole boards, word for word.

Each file of `golden/` holds a graph file, a ruler, and what `check` says of it. After a change on
purpose: `UPDATE_GOLDEN=1 pytest tests/diagnostics/test_diagnostics_golden.py`, then read the
difference.
"""

import os
import re
from pathlib import Path

import pytest

import alfgraph
from alfgraph.boards.loading import load
from alfgraph.diagnostics.diagnostic import render_all
from alfgraph.diagnostics.errors import AlfgraphError

GOLDEN = Path(__file__).parent / "golden"
RULER = "-" * 30 + " says " + "-" * 30 + "\n"
CASES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


def says(path: Path) -> str:
    """What `check` prints of a graph file: errors, or else warnings and notes."""
    try:
        return render_all(alfgraph.plan(load(path)).notes)
    except AlfgraphError as error:
        return error.report()


def without_places_in_the_parts_bin(report: str) -> str:
    """The report without line numbers of files that are not the user's."""
    return re.sub(r"\S*(alfgraph/components/\S+?):\d+:\d+(.*\n)\s*\d+ │", r"\1\2 … │", report)


@pytest.mark.parametrize("name", CASES)
def test_what_a_user_reads(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    golden = GOLDEN / f"{name}.txt"
    source, _, expected = golden.read_text(encoding="utf-8").partition(RULER)
    (tmp_path / "board.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = without_places_in_the_parts_bin(says(tmp_path / "board.py")) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(f"{source}{RULER}{report}", encoding="utf-8")
    else:
        assert report == expected
