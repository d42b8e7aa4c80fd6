"""Temperatures: how often users change each component, from what they really did.

Classes declare a temperature. This module measures it instead: in the history of a folder of graph
files (`git`), or in the files as they are (`usage`).
"""

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil, log1p
from pathlib import Path

from alfgraph.diagnostics.errors import UsageError
from alfgraph.drawing.picture.view import BoardView, PartView

HOTTEST = 4
EXPLAINED = {
    "declared": "0 hardly ever … 4 in every project (as declared by the classes)",
    "git": "0 never … 4 most (changed lines of graph files that name it, logarithmic)",
    "usage": "0 in no graph file … 4 in every one (that sets it)",
}
"""What the legend says about each source."""


def with_heat(view: BoardView, source: str, folder: Path) -> BoardView:
    """Returns the board with measured temperatures.

    Args:
        view: the board.
        source: `git` or `usage`; anything else leaves the board as it is.
        folder: where the graph files are.

    Raises:
        UsageError: the folder holds no graph files, or no history.
    """
    if source not in ("git", "usage"):
        return view
    measure = _by_history if source == "git" else _by_files
    levels = measure(view.parts, folder)
    parts = tuple(
        part.model_copy(update={"temperature": levels.get(part.path, 0)}) for part in view.parts
    )
    return view.model_copy(update={"parts": parts, "temperature_source": source})


def _socket(part: PartView) -> str:
    """The name of a part's socket, without the number in a tuple."""
    return re.sub(r"[.\[]\d+\]?$", "", part.path).rpartition(".")[2]


def _by_history(parts: Iterable[PartView], folder: Path) -> dict[str, int]:
    """How many changed lines of the folder's history name the socket or the class."""
    lines = list(_changed_lines(folder))
    count = {
        part.path: sum(bool(pattern.search(line)) for line in lines)
        for part in parts
        for pattern in [re.compile(rf"\b{re.escape(_socket(part))}\s*=|\b{part.kind}\(")]
    }
    most = max(count.values(), default=0)
    return {
        path: max(1, round(HOTTEST * log1p(number) / log1p(most))) if number else 0
        for path, number in count.items()
    }


def _changed_lines(folder: Path) -> Iterator[str]:
    """Every line that was added to or removed from a Python file of the folder."""
    command = ["git", "-C", str(folder), "log", "-p", "--unified=0", "--format=", "--", "*.py"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        raise UsageError(
            f"`--heat git` reads the history of `{folder}`, which is in no git repository with "
            "commits; use `--heat usage` to count graph files, or `--heat declared`."
        ) from None
    for line in done.stdout.splitlines():
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---")):
            yield line[1:]


def _by_files(parts: Iterable[PartView], folder: Path) -> dict[str, int]:
    """In which share of the folder's graph files the socket is set."""
    files = [_names_set(path) for path in sorted(folder.glob("*.py"))]
    if not files:
        raise UsageError(
            f"`--heat usage` counts the graph files in `{folder}`, which holds no `.py` file; "
            "run it where your graph files are, or use `--heat declared`."
        )
    count = Counter(name for names in files for name in names)
    return {
        part.path: ceil(HOTTEST * max(count[_socket(part)], count[part.kind]) / len(files))
        for part in parts
    }


def _names_set(path: Path) -> set[str]:
    """The keywords and classes of all calls in a file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    keywords = {key.arg for call in calls for key in call.keywords if key.arg}
    return keywords | {call.func.id for call in calls if isinstance(call.func, ast.Name)}
