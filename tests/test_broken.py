"""Broken graph files, through the command line: one diagnostic, its place, and nothing left behind.

`broken/NAME.txt` holds commands and what the last of them prints; those before it must succeed.
After a change on purpose: `UPDATE_GOLDEN=1 pytest tests/test_broken.py`, then read the difference.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alfgraph import codes
from alfgraph.cli import main

ROOT = Path(__file__).resolve().parents[1]
BROKEN = ROOT / "tests" / "broken"
CASES = sorted(path.stem for path in BROKEN.glob("*.txt"))
WIDTH = 100

Shell = Callable[[str], tuple[int, str]]


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Run commands in a directory that holds the broken graph files and nothing else."""
    for path in BROKEN.glob("*.py"):
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> tuple[int, str]:
        program, *words = shlex.split(line)
        assert program == "alfgraph"
        code = main(words)
        captured = capsys.readouterr()
        return code, shown(captured.out + captured.err)

    return run


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


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_in_words(name: str, shell: Shell, tmp_path: Path) -> None:
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


@pytest.mark.parametrize("name", CASES)
def test_it_is_one_diagnostic_that_names_a_place_and_fits_the_terminal(name: str) -> None:
    _, text = commands_of((BROKEN / f"{name}.txt").read_text(encoding="utf-8"))
    heads = re.findall(r"^error(?:\[(\w+)\])?: ", text, flags=re.M)
    assert len(heads) == (2 if name == "two_mistakes" else 1)
    assert all(code in codes.CODES for code in heads)
    assert "   ┌─ " in text or "= given with" in text or name.startswith("run_directory")
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
