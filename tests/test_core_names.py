"""The core knows no component, by name either: what it needs of one, the component tells it.

Read are the texts in the core's code; docstrings may give examples, and so may the explanations of
codes, which are prose around boards that a user could have written.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from alfgraph import components

ROOT = Path(__file__).resolve().parents[1]
ABOVE = {"components", "cli", "__init__.py", "__main__.py"}
EXAMPLES = "diagnostics/codes/"
EVERYDAY = {"lr", "clip", "gamma", "tau", "hidden", "kwargs", "vectorization", "momentum"}
"""Settings of one word that the core has no other use for; of more words, all are looked for."""

EXPORTED = [getattr(components, name) for name in components.__all__]
OURS = [kind for kind in EXPORTED if kind.__module__.startswith("alfgraph.components.")]
CLASSES = {kind.__name__ for kind in OURS}


@functools.cache
def settings_of_the_bin_alone() -> set[str]:
    """Settings of components that no class of the core has."""
    of = {kind: set(getattr(kind, "model_fields", ())) for kind in EXPORTED}
    core = {name for kind in EXPORTED if kind not in OURS for name in of[kind]}
    found = {name for kind in OURS for name in of[kind]}
    return {name for name in found - core if "_" in name.strip("_") or name in EVERYDAY}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file and their lines, docstrings and other bare texts left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def core_files() -> list[Path]:
    """The files below the command line."""
    package = ROOT / "alfgraph"
    return sorted(
        path
        for folder in package.iterdir()
        if folder.name not in ABOVE
        for path in ([folder] if folder.suffix == ".py" else folder.rglob("*.py"))
    )


def named_in(text: str) -> set[str]:
    """What a text names of the parts bin: classes, settings, the folder."""
    words = set(re.findall(r"\w+", text))
    settings = {text} & settings_of_the_bin_alone()
    is_folder = re.search(r"components[/:.]\w|[/.]components|^components/?$", text)
    return words & CLASSES | settings | ({"components"} if is_folder else set())


def test_the_search_finds_what_it_is_for() -> None:
    assert {"lr", "entropy_weight", "gradient_clipping", "num_envs"} <= settings_of_the_bin_alone()
    assert "mini_batch_size" not in settings_of_the_bin_alone()
    assert named_in("only GymEnv can") == {"GymEnv"}
    assert named_in("alfgraph.components") == named_in("/components/") == {"components"}
    assert named_in("these components are frozen") == set()
    assert len(core_files()) > 150


@pytest.mark.parametrize("path", core_files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_text_of_the_core_names_a_component(path: Path) -> None:
    if EXAMPLES in path.as_posix():
        pytest.skip("explains codes by examples")
    found = {line: named_in(text) for line, text in texts(path) if named_in(text)}
    assert found == {}
