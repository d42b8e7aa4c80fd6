"""What the README shows is true: its files check, its commands run, its outputs are real.

A fence says what its block is:

- `python title="FILE"`: a graph file; where the project has FILE, the two are equal.
- `console`: `$ alfgraph ...` commands, run where the graph files are, in order; what follows a
  command is its output, whole. Without any, the output is not compared.
- anything followed by `illustrative`: shown, not run.
"""

import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

import alfgraph
import alfgraph.components
from alfgraph.boards.loading import load
from alfgraph.cli import main
from alfgraph.drawing.picture.from_plan import board_view
from alfgraph.drawing.rendering import render_view

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block: its info string and its text."""

    info: str
    text: str

    @property
    def title(self) -> str:
        """Name the file a block of Python shows; empty for every other block."""
        named = re.fullmatch(r'python title="([\w./]+)"', self.info)
        return named[1] if named else ""


@dataclass(frozen=True)
class Command:
    """One command of a console block and the output shown below it."""

    line: str
    shown: str


BLOCKS = [Block(m["info"], m["text"]) for m in FENCE.finditer(README)]
COMMANDS = [
    Command(*part.partition("\n")[::2])
    for block in BLOCKS
    if block.info == "console"
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]
]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Lay out the graph files a reader has: the project's own and those the README shows."""
    shutil.copytree(ROOT / "graphs", tmp_path / "graphs")
    for block in BLOCKS:
        if block.title and not (ROOT / block.title).exists():
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    return tmp_path


def test_the_smallest_board_begins_on_line_five() -> None:
    assert README.splitlines()[4].startswith("```python title=")


def test_every_block_says_what_it_is() -> None:
    known = [
        b for b in BLOCKS if b.title or b.info == "console" or "illustrative" in b.info.split()
    ]
    assert known == BLOCKS


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.title], ids=lambda b: b.title)
def test_a_shown_file_of_the_project_is_shown_as_it_is(block: Block) -> None:
    path = ROOT / block.title
    if path.exists():
        assert block.text == path.read_text(encoding="utf-8")
    else:
        assert path.parent == ROOT, "a file in a folder is the project's own, and it is missing"


def test_the_picture_is_that_of_the_first_board() -> None:
    """`make docs` draws it again."""
    (picture,) = re.findall(r"!\[[^]]+\]\(([\w/.]+)\)", README)
    board = load(ROOT / BLOCKS[0].title)
    assert (ROOT / picture).read_text(encoding="utf-8") == render_view(
        board_view(alfgraph.plan(board)), "svg"
    )


def test_the_quoted_program_is_that_of_the_board() -> None:
    """`make docs` writes it again."""
    text = (ROOT / "docs" / "program.md").read_text(encoding="utf-8")
    program = [match["text"] for match in FENCE.finditer(text) if match["info"] == "python"][-1]
    assert program == alfgraph.plan(load(ROOT / "graphs/ppo_cart_pole.py")).code


def test_the_box_holds_what_the_table_names() -> None:
    table = README[README.index("| family |") : README.index("$ alfgraph parts")]
    named = re.findall(r"`([A-Z]\w+)`", table)
    assert len(named) > 20
    assert set(named) <= set(alfgraph.components.__all__)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.line)
def test_a_shown_command_does_what_is_shown(
    command: Command,
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program, *words = shlex.split(command.line)
    assert program == "alfgraph"
    if words[0] == "run":
        words += ["--run-dir", "run", "--set", "trainer.num_iterations=2"]
    monkeypatch.chdir(desk)
    code = main(words)
    captured = capsys.readouterr()
    output = captured.out + captured.err
    assert code == ("error[" in command.shown), output
    if command.shown:
        assert output.strip() == command.shown.strip()
