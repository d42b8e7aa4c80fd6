"""`check --fix`: shown first, applied on a yes, and the board is checked again."""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from alfgraph.cli import main
from alfgraph.cli.fixing import changes_for
from alfgraph.diagnostics.diagnostic import Diagnostic, Edit, Help
from alfgraph.diagnostics.errors import UsageError

BROKEN = Path(__file__).resolve().parents[1] / "diagnostics" / "broken"
MISSPELT = "from alfgraph.components import PPO, Pipeline\n\ngraph = Pipeline(algoritm=PPO())\n"
REPAIRED = MISSPELT.replace("algoritm", "algorithm")
DIFF = """--- a/board.py
+++ b/board.py
@@ -1,3 +1,3 @@
 from alfgraph.components import PPO, Pipeline
 
-graph = Pipeline(algoritm=PPO())
+graph = Pipeline(algorithm=PPO())
"""


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `alfgraph` where nobody can answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def board(tmp_path: Path) -> Path:
    path = tmp_path / "board.py"
    path.write_text(MISSPELT)
    return path


def checked_alone() -> list[str]:
    """Broken boards that `check` finds wrong as they are, without an option."""
    found = []
    for golden in sorted(BROKEN.glob("*.txt")):
        text = golden.read_text("utf-8")
        if re.fullmatch(rf"\$ alfgraph check {golden.stem}\.py", text.partition("\n")[0]):
            found.append(golden.stem)
    return found


SENTENCES = """
    build_raises crosses_phases discrete_only environment_of_a_missing_package
    environment_that_raises environment_variable forward_and_build forward_raises loop
    missing_colon missing_comma missing_package missing_quote mutable_state rate_without_a_phase
    read_but_not_written swallowed_batch syntax_error text_space torch_on_a_wire two_graphs
    two_mistakes undecided_size unserialisable_setting wire_as_condition wrapper_raises
"""
REPAIRABLE = set(checked_alone()).difference(re.findall(r"\w+", SENTENCES))


@pytest.mark.parametrize("name", checked_alone())
def test_what_can_be_repaired_is_and_nothing_else_is_touched(
    name: str, run: Run, tmp_path: Path
) -> None:
    for path in BROKEN.glob("*.py"):
        shutil.copy(path, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.py")}
    code, out, err = run("check", "--fix", "--yes", f"{name}.py")
    after = {path.name: path.read_bytes() for path in tmp_path.glob("*.py")}
    changed = {name for name in before if before[name] != after[name]}
    assert set(after) == set(before), "no file is left behind"
    if name in REPAIRABLE:
        assert (code, changed) == (0, {f"{name}.py"})
        assert out.startswith(f"--- a/{name}.py\n+++ b/{name}.py\n")
        assert run("check", f"{name}.py")[0] == 0
    else:
        assert code == 1 and "error" in err
        assert bool(changed) == out.startswith("--- a/")


def test_most_of_them_can_be() -> None:
    assert len(REPAIRABLE) >= 60


def test_where_nobody_can_answer_it_is_shown_and_nothing_changes(run: Run, board: Path) -> None:
    code, out, err = run("check", "--fix", "board.py")
    assert (code, out) == (1, DIFF)
    assert err.startswith("error[E301]: `Pipeline` has no setting `algoritm`")
    assert err.endswith("\nnothing was changed; `--yes` changes it without asking\n")
    assert board.read_text() == MISSPELT


@pytest.mark.parametrize(
    ("answer", "code", "text"), [("y\n", 0, REPAIRED), ("n\n", 1, MISSPELT), ("\n", 1, MISSPELT)]
)
def test_it_asks(
    answer: str,
    code: int,
    text: str,
    run: Run,
    board: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    found, out, _ = run("check", "--fix", "board.py")
    assert found == code and out.startswith(DIFF)
    assert board.read_text() == text


def test_json_stays_json(run: Run, board: Path) -> None:
    code, out, err = run("check", "--fix", "--json", "board.py")
    assert code == 1 and json.loads(out)["ok"] is False and DIFF in err
    code, out, err = run("check", "--fix", "--yes", "--json", "board.py")
    assert code == 0 and json.loads(out)["ok"] is True and DIFF in err
    assert board.read_text() == REPAIRED


def test_a_board_without_mistakes_is_checked(run: Run, board: Path) -> None:
    board.write_text(REPAIRED)
    code, out, _ = run("check", "--fix", "board.py")
    assert code == 0 and out.startswith("board · ")


def test_without_an_edit_it_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "board.py").write_text("graph = (\n")
    code, out, err = run("check", "--fix", "--yes", "board.py")
    assert (code, out) == (1, "")
    assert err.endswith("no error comes with an edit to apply\n")


def test_what_is_imported_from_beside_is_repaired_and_read_again(run: Run, tmp_path: Path) -> None:
    whole, graph = (BROKEN / "wrong_shape.py").read_text().split("\n\n\ngraph")
    beside, board = tmp_path / "angles.py", tmp_path / "board.py"
    beside.write_text(f"{whole}\n")
    imports = "from angles import Angles\n\nfrom alfgraph.components import GymEnv, Pipeline\n"
    board.write_text(f"{imports}\ngraph{graph}")
    code, out, _ = run("check", "--fix", "--yes", "board.py")
    assert code == 0 and out.startswith("--- a/angles.py\n")
    assert 'In("float32[*batch, 4]")' in beside.read_text()
    assert board.read_text() == f"{imports}\ngraph{graph}"


# ------------------------------------------------------------------------------- edits together


def told(*edits: tuple[int, int, int, str], file: str = "board.py") -> Diagnostic:
    """An error whose help replaces stretches of single lines: (line, from, to, by what)."""
    made = tuple(
        Edit(file=file, line=line, column=a, end_line=line, end_column=b, replacement=text)
        for line, a, b, text in edits
    )
    return Diagnostic(message="wrong", help=(Help(text="do that", edits=made),))


@pytest.fixture
def text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What a file `x = 1\\ny = 2\\n` becomes."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "board.py"
    path.write_bytes(b"x = 1\ny = 2\n")

    def apply(*diagnostics: Diagnostic) -> str:
        for change in changes_for(diagnostics):
            change.write()
        return path.read_text()

    return apply


def test_edits_of_several_errors_are_applied_together(text: Callable[..., str]) -> None:
    assert text(told((2, 5, 6, "22")), told((1, 5, 6, "11"), (1, 1, 2, "xx"))) == (
        "xx = 11\ny = 22\n"
    )


def test_of_edits_that_overlap_the_first_errors_are_applied(text: Callable[..., str]) -> None:
    assert text(told((1, 1, 6, "a = 3")), told((1, 5, 6, "4"), (2, 5, 6, "4"))) == (
        "a = 3\ny = 2\n"
    )


def test_so_it_is_of_edits_at_one_place(text: Callable[..., str]) -> None:
    assert text(told((1, 5, 5, "1")), told((1, 5, 5, "2"))) == "x = 11\ny = 2\n"


def test_an_edit_that_two_errors_share_is_applied_once(text: Callable[..., str]) -> None:
    shared = (1, 1, 1, "import a\n")
    assert text(told(shared, (1, 5, 6, "a")), told(shared, (2, 5, 6, "a"))) == (
        "import a\nx = a\ny = a\n"
    )


def test_what_python_could_not_read_is_left_out(text: Callable[..., str]) -> None:
    assert text(told((1, 5, 6, "(")), told((2, 5, 6, "3"))) == "x = 1\ny = 3\n"


def test_so_is_what_lies_outside_the_file(text: Callable[..., str]) -> None:
    assert text(told((7, 1, 1, "z = 3"))) == "x = 1\ny = 2\n"
    assert text(told((1, 1, 1, "z = 3"), file="gone.py")) == "x = 1\ny = 2\n"


def test_warnings_change_nothing(text: Callable[..., str]) -> None:
    warning = told((1, 5, 6, "2")).model_copy(update={"severity": "warning"})
    assert text(warning) == "x = 1\ny = 2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_ends_of_lines_and_encoding_stay(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, declared = tmp_path / "board.py", "# coding: latin-1" if encoding == "latin-1" else "#"
    path.write_bytes(f"{declared}\r\nx = 'ä\f'\r\ny = 'ö'\r\n".encode(encoding))
    (change,) = changes_for([told((3, 5, 8, "'ü'"), (3, 1, 1, "z = 0\n"))])
    change.write()
    assert path.read_bytes() == (
        f"{declared}\r\nx = 'ä\f'\r\nz = 0\r\ny = 'ü'\r\n".encode(encoding)
    )


def test_a_file_that_changed_meanwhile_is_not_overwritten(
    text: Callable[..., str], tmp_path: Path
) -> None:
    (change,) = changes_for([told((1, 5, 6, "2"))])
    (tmp_path / "board.py").write_text("x = 5\n")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        change.write()
    assert [path.name for path in tmp_path.iterdir()] == ["board.py"]
    assert text() == "x = 5\n"


def test_a_link_stays_a_link_and_rights_stay(text: Callable[..., str], tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    path.rename(tmp_path / "real.py")
    path.symlink_to("real.py")
    (tmp_path / "real.py").chmod(0o750)
    assert text(told((1, 5, 6, "2"))) == "x = 2\ny = 2\n"
    assert path.is_symlink() and path.stat().st_mode & 0o777 == 0o750
