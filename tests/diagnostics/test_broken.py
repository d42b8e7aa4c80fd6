"""Broken graph files, through the command line: what is wrong, its place, a fix that works.

`broken/NAME.txt` holds commands and what the last of them prints; those before it must succeed.
After a change on purpose: `UPDATE_GOLDEN=1 pytest tests/diagnostics/test_broken.py`, then read
the difference.

A first help that is an edit, or an option to retype, is applied as it stands; the board must then
check clean. `SENTENCES` holds those that stay sentences, `NOT_PYTHON` those of which Python's own
message says enough, `MORE_THAN_ONE` those with more mistakes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import gymnasium
import pytest

from alfgraph.cli import main, reporting
from alfgraph.diagnostics import codes
from alfgraph.diagnostics.diagnostic import Diagnostic, Edit, Help
from alfgraph.diagnostics.errors import AlfgraphError

ROOT = Path(__file__).resolve().parents[2]
BROKEN = ROOT / "tests" / "diagnostics" / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.txt"))
WIDTH = 100
MORE_THAN_ONE = ("two_mistakes",)
SENTENCES = set(
    re.findall(
        r"\w+",
        """
        build_raises crosses_phases discrete_only discrete_only_override
        environment_of_a_missing_package environment_that_raises environment_variable
        forward_and_build forward_raises loop missing_package mutable_state rate_without_a_phase
        read_but_not_written swallowed_batch text_space torch_on_a_wire two_mistakes undecided_size
        unserialisable_setting wire_as_condition wrapper_raises
        """,
    )
)

NOT_PYTHON = {"missing_colon", "missing_comma", "missing_quote", "syntax_error"}

Shell = Callable[[str], tuple[int, str]]


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run commands in a directory that holds the broken graph files and nothing else."""
    for path in BROKEN.glob("*.py"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in gymnasium.registry if name.startswith("Absent")]:
        monkeypatch.delitem(gymnasium.registry, name)

    def run(line: str) -> tuple[int, str]:
        program, *words = shlex.split(line)
        assert program == "alfgraph"
        code = main(words)
        captured = capsys.readouterr()
        return code, shown(captured.out + captured.err)

    return run


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Diagnostic]:
    """What commands reported, as data."""
    found: list[Diagnostic] = []
    say = reporting.report_failure

    def report(error: Exception, as_json: bool = False) -> int:
        assert isinstance(error, AlfgraphError)
        found.extend(error.diagnostics)
        return say(error, as_json)

    monkeypatch.setattr(reporting, "report_failure", report)
    return found


def shown(text: str) -> str:
    """What was printed, without what changes with the checkout and the parts bin."""
    text = text.replace(f"{ROOT}{os.sep}", "")
    text = re.sub(r"what fits is .*(\n {9}.*)*", "what fits is …", text)
    return re.sub(r"(alfgraph/components/\S+?):\d+:\d+(.*\n)\s*\d+ │", r"\1\2 … │", text)


def commands_of(golden: str) -> tuple[list[str], str]:
    """The commands at the top of a golden file, and the text below them."""
    lines = golden.splitlines(keepends=True)
    count = next((i for i, line in enumerate(lines) if not line.startswith("$ ")), len(lines))
    return [line[2:].strip() for line in lines[:count]], "".join(lines[count:])


def apply(edits: Iterable[Edit]) -> None:
    """Replace what edits name, from the end of each file to its beginning."""
    for edit in sorted(edits, key=lambda e: (e.line, e.column), reverse=True):
        path = Path(edit.file)
        lines = [*path.read_text(encoding="utf-8").splitlines(keepends=True), ""]
        before = "".join(lines[: edit.line - 1]) + lines[edit.line - 1][: edit.column - 1]
        after = lines[edit.end_line - 1][edit.end_column - 1 :] + "".join(lines[edit.end_line :])
        path.write_text(before + edit.replacement + after, encoding="utf-8")


def repaired(line: str, fix: Help) -> str | None:
    """The command to type after a fix was applied; None where the fix is a sentence."""
    apply(fix.edits)
    if fix.retype is None:
        return line if fix.edits else None
    words, given = shlex.split(line), fix.retype.given
    at = next(i for i in range(len(words)) if given in {words[i], " ".join(words[i : i + 2])})
    option, _, value = fix.retype.instead.partition(" ")
    anew = [option, value] if option.startswith("--") else [fix.retype.instead]
    return shlex.join([*words[:at], *anew, *words[at + len(anew) :]])


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_words(
    name: str, shell: Shell, reported: list[Diagnostic], tmp_path: Path
) -> None:
    golden = BROKEN / f"{name}.txt"
    text = golden.read_text(encoding="utf-8")
    (*before, last), expected = commands_of(text)
    for command in before:
        assert shell(command)[0] == 0
    there = set(tmp_path.rglob("*"))
    code, output = shell(last)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text.removesuffix(expected) + output, encoding="utf-8")
        expected = output
    assert output == expected
    assert code == 1
    assert "Traceback" not in output and "defect of alfgraph" not in output
    is_left = {path for path in tmp_path.rglob("*") if "__pycache__" not in path.parts}
    assert is_left <= there, "a refused board leaves nothing"
    fixes = reported[0].help
    then = repaired(last, fixes[0]) if fixes else None
    assert (then is None) == (name in SENTENCES | NOT_PYTHON)
    if then is not None and name not in MORE_THAN_ONE:
        assert shell(then)[0] == 0, "applied as it stands, the first help repairs the board"


def test_four_in_five_are_repaired_by_what_is_typed() -> None:
    assert set(CASES) >= SENTENCES | NOT_PYTHON
    assert len(SENTENCES) <= len(set(CASES) - NOT_PYTHON) / 5


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_diagnostic_that_names_a_place_and_fits_the_terminal(name: str) -> None:
    _, text = commands_of((BROKEN / f"{name}.txt").read_text(encoding="utf-8"))
    heads = re.findall(r"^error(?:\[(\w+)\])?: ", text, flags=re.M)
    assert len(heads) == (2 if name in MORE_THAN_ONE else 1)
    assert all(code in codes.CODES for code in heads)
    assert (
        "   ┌─ " in text
        or "= given with" in text
        or name.startswith(("run_directory", "misspelt_file"))
    )
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.py")), ids=lambda path: path.stem)
def test_every_broken_file_is_tried(path: Path) -> None:
    tried = "".join(golden.read_text(encoding="utf-8") for golden in BROKEN.glob("*.txt"))
    assert f" {path.name}" in tried


def test_a_board_that_does_not_check_does_not_run_either(shell: Shell, tmp_path: Path) -> None:
    there = set(tmp_path.iterdir())
    for name in ("wrong_shape", "unserialisable_setting", "forward_raises", "unknown_environment"):
        checked, ran = shell(f"alfgraph check {name}.py"), shell(f"alfgraph run {name}.py")
        assert checked == ran
        assert checked[0] == 1
    assert {path for path in tmp_path.iterdir() if path.name != "__pycache__"} <= there
