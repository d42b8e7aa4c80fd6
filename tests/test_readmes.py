"""Every folder's README lists its files, each with its own first line."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_lists_are_up_to_date() -> None:
    command = [sys.executable, "tools/readmes.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_readme_is_short() -> None:
    for folder in ("alfgraph", "components", "graphs", "tools"):
        for readme in (ROOT / folder).rglob("README.md"):
            prose, _, _ = readme.read_text("utf-8").partition("\n- `")
            assert len(prose.splitlines()) <= 10, readme
            assert "**Law.**" in prose, readme
            assert "**Way.**" in prose, readme
