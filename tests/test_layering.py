"""The house: floors (import-linter's contracts in pyproject.toml), circles, privacy and budgets.

Everything is read from the syntax trees, nothing is imported. What import-linter cannot say is
measured by tools/house.py.
"""

import ast
import importlib.util
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]

LONGEST_FILE = 400
LONGEST_TEST = 500  # a file of cases may be longer than one of ideas
LONGEST_FUNCTION = 50
MEDIAN_FUNCTION = 8
LONGEST_CHAIN = 31

# Imports inside functions are for start-up time, or of what an extra installs. The dearest, in
# milliseconds of CPU that `alfgraph check` does without:
#   runtime/run          live.live_page                             157
#   drawing/rendering    drawing.writers                            110
#   monitor/writers      tensorboard's record writer, its protobufs 110
#   monitor/display      monitor.live_panel, with rich               53
#   cli/tables           rich                                        26
#   envs/gym_env         envs.batch                                  17
#   evaluation/filming   imageio                                     15
IMPORTS_IN_FUNCTIONS = 40


def loaded(path: Path) -> ModuleType:
    """Import a script that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


house = loaded(ROOT / "tools" / "house.py")
FILES: dict[str, Path] = house.source_files()


def imports(files: dict[str, Path]) -> list["house.Import"]:  # type: ignore[name-defined]
    """List every import of an alfgraph module by an alfgraph module, wherever it stands."""
    known = frozenset(files)
    return [i for name, path in files.items() for i in house.imports_of(name, path, known)]


def family(module: str) -> str:
    """Name the folder (or the file) of components/ a module belongs to."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 else ""


def private_imports(files: dict[str, Path]) -> Iterator[str]:
    """Name each import of something private to another family of components."""
    for i in imports(files):
        if not i.target.startswith("alfgraph.components") or family(i.source) == family(i.target):
            continue
        words = [*i.target.split("."), *i.names]
        if any(w.startswith("_") and not w.endswith("__") for w in words):
            names = ", ".join(i.names)
            yield (
                f"{i.source}:{i.line} imports {i.target} {names}: "
                f"private to the family {family(i.target)}"
            )


def floors(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the alfgraph of a folder."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    environment = {"PYTHONPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_files_import_only_lower_floors() -> None:
    done = floors(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_runs_in_a_circle() -> None:
    assert house.circles(imports(FILES)) == []


def test_components_keep_out_of_each_others_internals() -> None:
    assert list(private_imports(FILES)) == []


@pytest.mark.parametrize("folder", ["runtime", "live", "cli"])
def test_a_plan_is_all_that_a_run_sees_of_the_compiler(folder: str) -> None:
    files = list((ROOT / "alfgraph" / folder).rglob("*.py"))
    assert files
    read = {
        f"{file}:{node.lineno}": node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert {at: name for at, name in read.items() if name in {"compiled", "draft", "lowered"}} == {}


@pytest.mark.parametrize("folder", ["alfgraph", "components", "graphs", "tests", "tools"])
def test_no_file_has_two_ideas(folder: str) -> None:
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in (ROOT / folder).rglob("*.py")}
    longest = LONGEST_TEST if folder == "tests" else LONGEST_FILE
    assert {p: n for p, n in lengths.items() if n > longest} == {}


def test_functions_are_short() -> None:
    lengths = house.function_lengths(list(FILES.values()))
    assert {f: n for f, n in lengths.items() if n > LONGEST_FUNCTION} == {}
    assert statistics.median(lengths.values()) <= MEDIAN_FUNCTION


def test_few_imports_stand_in_functions() -> None:
    assert sum(map(house.statements_in_functions, FILES.values())) <= IMPORTS_IN_FUNCTIONS


def test_no_chain_of_imports_is_long() -> None:
    chain = house.longest_chain(imports(FILES))
    assert len(chain) <= LONGEST_CHAIN, "\n".join(chain)


def plant(root: Path, **sources: str) -> Path:
    """Make a small alfgraph whose files hold these sources; `__` in a name stands for a slash."""
    for name, source in sources.items():
        path = root / "alfgraph" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    for folder in [path for path in root.rglob("*") if path.is_dir()]:
        (folder / "__init__.py").touch()
    return root


# Every floor of pyproject.toml, empty.
EMPTY = dict.fromkeys(
    (
        *("boards", "compiler", "diagnostics", "distributions", "drawing", "execution", "live"),
        *("monitor", "overrides", "program", "runtime", "testing"),
    ),
    "",
)


def test_an_upward_import_is_found_wherever_it_stands(tmp_path: Path) -> None:
    sources = EMPTY | {
        "specs": "def width():\n    from alfgraph.runtime import session\n",
        "compiler": "from .specs import width\nimport alfgraph.components.networks.mlp\n",
        "cli": "from alfgraph.components.networks.mlp import MLP\n",
        "families": "import alfgraph.components.networks.mlp\n",
        "components__networks__mlp": "import alfgraph.wiring\nfrom alfgraph import boards\n",
        "wiring": "",
        "sundries": "",
    }
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    said = floors(plant(tmp_path, **sources)).stdout
    assert "alfgraph.specs -> alfgraph.runtime (l.2)" in said
    assert "alfgraph.families -> alfgraph.components.networks.mlp (l.1)" in said
    assert "alfgraph.components.networks.mlp -> alfgraph.boards (l.2)" in said
    assert "alfgraph.compiler -> alfgraph.components.networks.mlp (l.2)" in said
    assert "sundries" in said
    assert "alfgraph.cli ->" not in said
    assert "alfgraph.compiler -> alfgraph.specs" not in said
    assert "-> alfgraph.wiring" not in said


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        ports="from alfgraph.wires import Wire\n",
        wires="from alfgraph.records import Record\n",
        records="def late():\n    import alfgraph.ports\n    import alfgraph.specs\n",
        specs="import math\n",
    )
    found = house.circles(imports(house.source_files(root)))
    assert found == [["alfgraph.ports", "alfgraph.records", "alfgraph.wires"]]


def test_private_names_of_another_family_are_found(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        components__losses__ppo="from alfgraph.components.networks.mlp import MLP, _widths\n",
        components__networks__value="from alfgraph.components.networks.mlp import _widths\n",
        components__networks__mlp="",
    )
    (message,) = private_imports(house.source_files(root))
    assert message == (
        "alfgraph.components.losses.ppo:1 imports alfgraph.components.networks.mlp MLP, _widths: "
        "private to the family networks"
    )
