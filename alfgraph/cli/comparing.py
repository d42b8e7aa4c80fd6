"""Two boards side by side: where each comes from, and what differs in settings, parts and wires."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import TextWrapper
from typing import Any

from alfgraph.boards.board_file import Description, describe, difference
from alfgraph.boards.loading import load
from alfgraph.compiler.pipeline import compile_graph
from alfgraph.diagnostics.errors import AlfgraphError, UsageError, WiringError
from alfgraph.diagnostics.suggestions import listing
from alfgraph.drawing.picture.compare import compare
from alfgraph.drawing.picture.from_plan import board_view, failed_view
from alfgraph.drawing.picture.view import BoardView
from alfgraph.families.graph import Graph


@dataclass(frozen=True)
class Side:
    """One of the two boards.

    Attributes:
        name: what the user called it.
        description: its settings.
        view: its picture; None where only the settings are known.
        doubts: why that is less than the whole board.
    """

    name: str
    description: Description
    view: BoardView | None
    doubts: str = ""


@dataclass(frozen=True)
class Differences:
    """What differs, in lines; and both boards as one picture, if both can be drawn.

    Attributes:
        settings: such as `env.num_envs`: 30 → 7.
        components: parts added, removed or of another class.
        wires: wires added, removed or of another spec.
        board: the picture.
        doubts: what could not be compared, in sentences.
    """

    settings: list[str]
    components: list[str] = field(default_factory=list)
    wires: list[str] = field(default_factory=list)
    board: BoardView | None = None
    doubts: list[str] = field(default_factory=list)

    def as_text(self, width: int) -> str:
        """What a person reads: the settings, then components and wires under headings."""

        def listed(lines: list[str], indent: str) -> str:
            fold = TextWrapper(
                width,
                initial_indent=indent,
                subsequent_indent=f"{indent}    ",
                break_on_hyphens=False,
            )
            return "\n".join(fold.fill(line) for line in lines)

        blocks = [listed(self.settings, "")] if self.settings else []
        for heading in ("components", "wires"):
            lines = getattr(self, heading)
            if lines:
                blocks.append(f"{heading}:\n{listed(lines, '  ')}")
        return "\n\n".join(blocks) or "the boards are equal"

    def as_json(self) -> str:
        """The same for tools."""
        found = {name: getattr(self, name) for name in ("settings", "components", "wires")}
        return json.dumps(found, indent=2, ensure_ascii=False)


def differences(a: str, b: str) -> Differences:
    """Compare two boards.

    Args:
        a: a graph file (`file.py`, `file.py:Name`), one at a git revision (`file.py@HEAD~3`), or a
            run directory.
        b: another one.

    Raises:
        UsageError: there is no such file, revision or run.
        AlfgraphError: a graph file cannot be loaded.
    """
    first, second = _side(a), _side(b)
    settings = difference(first.description, second.description)
    doubts = [side.doubts for side in (first, second) if side.doubts]
    if first.view is None or second.view is None:
        return Differences(settings, doubts=doubts)
    told = {line.partition("`: ")[0].removeprefix("`") for line in settings}
    found = compare(first.view, second.view, told)
    return Differences(settings, found.components, found.wires, found.board, doubts)


def _side(name: str) -> Side:
    path = Path(name)
    if path.is_dir() or path.suffix == ".json":
        return _run(name, path)
    file, at, revision = name.rpartition("@")
    if at and not path.exists():
        with _checked_out(file, revision) as old:
            return _drawn(name, load(old))
    return _drawn(name, load(name, relative_to=Path.cwd()))


def _drawn(name: str, graph: Graph) -> Side:
    description = describe(graph)
    try:
        return Side(name, description, board_view(compile_graph(graph)))
    except WiringError as error:
        view = failed_view(graph, error.diagnostics)
        doubts = f"`{name}` does not check; its wires are compared as far as they are known"
        return Side(name, description, view, doubts)


# ------------------------------------------------------------------------------ run directories


def _run(name: str, path: Path) -> Side:
    lock = path / "board.json" if path.is_dir() else path
    try:
        found: Any = json.loads(lock.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"`{name}` holds no run: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"`{lock}` describes no board")
    try:
        graph = _made_again(found, lock.parent / "checkpoints")
    except AlfgraphError as error:
        reason = error.diagnostics[0].message
        return Side(name, found, None, f"of `{name}` only the settings are compared: {reason}")
    return Side(
        name, found, board_view(compile_graph(graph)).model_copy(update={"name": path.name})
    )


def _made_again(description: Description, checkpoints: Path) -> Graph:
    """The board of a run, which needs to know where its graph files were."""
    from alfgraph.boards.rebuilding import rebuild
    from alfgraph.runtime.checkpoints.checkpoint import find_last

    last = find_last(checkpoints).checkpoint
    if last is None:
        raise UsageError("it has no checkpoint yet")
    return rebuild(description, last.state()["provenance"])


# ------------------------------------------------------------------------------- git revisions


@contextlib.contextmanager
def _checked_out(name: str, revision: str) -> Iterator[str]:
    """A graph file and its neighbours as they were at a git revision, in a folder for a while."""
    file, colon, picked = name.partition(":")
    folder = Path(file).resolve().parent
    base = Path(file).name
    tree = _git(folder, revision, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    there = _git(folder, revision, "ls-tree", "--name-only", tree.decode().strip(), "./")
    if base not in there.decode().splitlines():
        old = [line for line in there.decode().splitlines() if line.endswith(".py")]
        advice = f"there were {listing(old)}" if old else "there was no graph file"
        raise UsageError(f"there is no `{file}` at the revision `{revision}`; {advice}")
    packed = _git(folder, revision, "archive", tree.decode().strip(), ".")
    with tempfile.TemporaryDirectory(prefix="alfgraph-") as temporary:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(temporary, filter="data")
        yield f"{Path(temporary) / base}{colon}{picked}"


def _git(folder: Path, revision: str, *command: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *command], capture_output=True, check=True
        ).stdout
    except OSError:
        raise UsageError("comparing with a revision needs the program `git`") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().partition("\n")[0]
        reason = said or f"the repository has no revision `{revision}`"
        raise UsageError(f"`{folder.name}` at `{revision}` cannot be read: {reason}") from None
