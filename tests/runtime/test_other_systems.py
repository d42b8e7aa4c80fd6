"""Systems without what only Unix has: a board runs, is resumed and played, and locks hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runtime.training import BOARDS

ROOT = Path(__file__).parents[2]

# A finder in front of all others, so that whatever is imported, by whomever, finds them missing.
WITHOUT_UNIX = """
import os, sys, warnings
import psutil  # has a Windows half of its own; the one for Linux needs `resource`
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "resource", "termios", "tty", "pty", "pwd", "grp"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
for name in ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp"):
    sys.modules.pop(name, None)
for name in ("tcgetpgrp", "getpgrp", "killpg"):
    if hasattr(os, name):
        delattr(os, name)
warnings.simplefilter("ignore")  # filelock says that it has only its second best lock here
"""

RUN = """
import alfgraph
from alfgraph.boards.loading import load
from alfgraph.overrides.swaps import set_values
for end in (2, 4):
    settings = {"num_iterations": end, "num_checkpoints": 2, "num_eval_episodes": 2}
    graph = load(sys.argv[1])
    graph = set_values(graph, {f"trainer.{name}": value for name, value in settings.items()})
    result = alfgraph.run(graph, "run", quiet=len(sys.argv) < 3)
    assert result.iterations == end, result
assert alfgraph.play("run", episodes=1).episodes == 1
from alfgraph.diagnostics.errors import RunError
from alfgraph.runtime.run_directory import RunDirectory
with RunDirectory("run"):
    try:
        RunDirectory("run").open()
    except RunError as error:
        print(error.diagnostics[0].code, error.diagnostics[0].message)
print(sorted(name for name in os.listdir("run") if name.startswith(".")))
"""


def python(script: str, where: Path, *arguments: str) -> str:
    """What a script prints that runs in a directory of its own."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_board_runs_without_unix(tmp_path: Path) -> None:
    said = python(WITHOUT_UNIX + RUN, tmp_path, str(BOARDS / "recurrent.py"))
    refused, left = said.splitlines()
    assert refused.startswith("E602 Run directory run is in use by process ")
    assert left == "[]"


def test_progress_is_shown_without_unix(tmp_path: Path) -> None:
    said = python(WITHOUT_UNIX + RUN, tmp_path, str(BOARDS / "recurrent.py"), "aloud")
    assert "resumed at iteration 2" in said
    assert "evaluation at" in said


@pytest.mark.parametrize("name", ["fcntl", "resource", "termios"])
def test_the_modules_are_really_missing(name: str, tmp_path: Path) -> None:
    """Else the tests above would test nothing."""
    script = f"{WITHOUT_UNIX}\ntry:\n    import {name}\nexcept ImportError:\n    print('missing')"
    assert python(script, tmp_path) == "missing\n"


def test_a_live_panel_needs_no_unix_terminal(tmp_path: Path) -> None:
    script = """
from io import StringIO
from rich.console import Console
from alfgraph.monitor.live_panel import LiveProgress
out = StringIO()
panel = LiveProgress(sys.stdout, console=Console(file=out, force_terminal=True, width=80))
panel.start("a run", 10)
panel.tick(5, 50)
panel.stop()
panel.abandon()
print("50 %" in out.getvalue())
"""
    assert python(WITHOUT_UNIX + script, tmp_path) == "True\n"


def test_memory_is_told_without_resource(tmp_path: Path) -> None:
    script = "from alfgraph.monitor.memory import peak_megabytes\nprint(peak_megabytes() > 5)"
    assert python(WITHOUT_UNIX + script, tmp_path) == "True\n"
