"""Wheel and sdist hold every file of both folders, under one name only."""

import importlib
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import alfgraph

ROOT = Path(__file__).resolve().parents[1]
LINK = ROOT / "alfgraph" / "components"

in_a_checkout = pytest.mark.skipif(
    not (ROOT / "components").is_dir(), reason="an unpacked sdist holds files instead of the link"
)


def source_files() -> set[str]:
    """List the files of both folders by the name they are imported under."""
    own = {p for p in (ROOT / "alfgraph").rglob("*") if LINK not in (p, *p.parents)}
    parts = {LINK / p.relative_to(LINK.resolve()) for p in LINK.resolve().rglob("*")}
    files = {p for p in own | parts if p.is_file() and "__pycache__" not in p.parts}
    return {p.relative_to(ROOT).as_posix() for p in files}


def build(*command: str) -> None:
    """Run a build tool of this environment at the root of the project, offline."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@in_a_checkout
def test_the_link_leads_to_the_parts_bin() -> None:
    assert LINK.is_symlink()
    assert LINK.readlink() == Path("../components")
    assert LINK.resolve() == ROOT / "components"


@in_a_checkout
def test_components_has_one_name_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    with pytest.raises(ImportError, match=r"^import alfgraph\.components, not components$"):
        importlib.import_module("components")


def test_a_wheel_holds_exactly_the_files_of_both_folders(tmp_path: Path) -> None:
    build("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), ".")
    (wheel,) = tmp_path.glob("alfgraph-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == source_files()
    assert "alfgraph/py.typed" in held
    assert "alfgraph/components/__init__.py" in held


def test_an_sdist_holds_real_files_and_what_builds_and_tests_them(tmp_path: Path) -> None:
    build("hatchling", "build", "-t", "sdist", "-d", str(tmp_path))
    (sdist,) = tmp_path.glob("alfgraph-*.tar.gz")
    with tarfile.open(sdist) as tar:
        held = {m.name.partition("/")[2] for m in tar.getmembers() if m.isfile()}
    assert {name for name in held if name.startswith("alfgraph/")} == source_files()
    assert {"pyproject.toml", "LICENSE", "README.md", "Makefile", "tests/conftest.py"} <= held


def test_the_version_is_told_alike_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "alfgraph/__init__.py"
    released = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    assert released[0] == alfgraph.__version__
    assert version("alfgraph") == alfgraph.__version__
