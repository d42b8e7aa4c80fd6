"""Write the list of files into every folder's README: each file with its first line.

What a folder is, its law and the way through it are written by hand above the list.
A test compares.

Usage:
    python tools/readmes.py            write the lists
    python tools/readmes.py --check    name the folders whose list is out of date
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("alfgraph", "components", "examples", "graphs", "tools")
LONGEST = 96


def tracked_files() -> list[Path]:
    """The files of the repository, those not committed yet included; without one, all there are."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        return [p for p in ROOT.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def first_line(path: Path) -> str:
    """What a file says of itself: its docstring's first line; a folder, its README's first."""
    if path.is_dir():
        readme = path / "README.md"
        return readme.read_text("utf-8").split("\n")[2] if readme.exists() else ""
    if path.suffix != ".py":
        return ""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return text.partition("\n")[0].strip()


def entries(folder: Path, files: list[Path]) -> Iterator[str]:
    """One line for each file and each folder below."""
    inside = sorted({path.relative_to(folder).parts[0] for path in files if folder in path.parents})
    for name in inside:
        path = folder / name
        if name in {"README.md", "py.typed"} or path.is_symlink():
            continue
        says = first_line(path)
        if name == "__init__.py" and path.read_text("utf-8").count("\n") <= 1:
            continue  # only says what the folder is
        shown = f"- `{name}{'/' if path.is_dir() else ''}`"
        yield f"{shown}: {says}" if says else shown


def readmes() -> Iterator[tuple[Path, str]]:
    """Every README and what it should hold."""
    files = tracked_files()
    folders = {path.parent for path in files if path.suffix == ".py"}
    for folder in sorted(folders):
        if folder.relative_to(ROOT).parts[:1] not in {(name,) for name in FOLDERS}:
            continue
        readme = folder / "README.md"
        if not readme.exists():
            raise SystemExit(f"{folder.relative_to(ROOT)} has no README.md: what is it, its law?")
        prose, _, _ = readme.read_text("utf-8").partition("\n- `")
        yield readme, prose.rstrip() + "\n\n" + "\n".join(entries(folder, files)) + "\n"


def main() -> None:
    """Write or compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    stale = [(readme, text) for readme, text in readmes() if readme.read_text("utf-8") != text]
    if parser.parse_args().check:
        for readme, _ in stale:
            print(f"{readme.relative_to(ROOT)} is out of date: run tools/readmes.py")
        sys.exit(bool(stale))
    for readme, text in stale:
        readme.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
