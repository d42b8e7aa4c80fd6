"""Files stand on floors and import only lower ones; imports never run in a circle.

Everything is read from the syntax trees, nothing is imported. An import counts wherever it stands,
inside functions too.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 500

# Bottom floor first; a name is a file or a folder of alfgraph/. Files of one floor may use each
# other, as far as no circle arises; the files of a folder stand on the folder's floor.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("faces", "diagnostics", "distributions"),
    ("specs", "monitor"),
    ("wiring",),
    ("overrides",),
    ("families", "execution", "faces"),
    ("boards",),
    ("compiler",),
    ("program", "drawing"),
    ("runtime", "live"),
    ("cli",),
)

# Components see floors up to this one.
COMPONENTS_SEE_UP_TO = "families"

# The board knows no component; only these hand parts to it.
KNOW_COMPONENTS = ("alfgraph.cli", "alfgraph.__main__")


@dataclass(frozen=True)
class Import:
    """One import statement's target, and where it stands."""

    source: str
    target: str
    names: tuple[str, ...]
    line: int
    scope: str

    def __str__(self) -> str:
        """Name the importing module and line as an error message would."""
        return f"{self.source}:{self.line} imports {self.target}"


def module_files(root: Path) -> dict[str, Path]:
    """Map the dotted name of every module of alfgraph, components included, to its file."""
    package = root / "alfgraph"
    # The link is walked under the name it is imported by, and only once.
    own = [p for p in package.rglob("*.py") if p.relative_to(package).parts[0] != "components"]
    parts = (package / "components").resolve()
    files = {("alfgraph", *p.relative_to(package).with_suffix("").parts): p for p in own}
    for path in parts.rglob("*.py"):
        files["alfgraph", "components", *path.relative_to(parts).with_suffix("").parts] = path
    return {".".join(n[:-1] if n[-1] == "__init__" else n): path for n, path in files.items()}


class ImportCollector(ast.NodeVisitor):
    """Collect the imports of alfgraph's own modules from one syntax tree."""

    def __init__(self, source: str, is_package: bool, modules: frozenset[str]) -> None:
        self.source = source
        self.package = source if is_package else source.rpartition(".")[0]
        self.modules = modules
        self.scope: list[str] = []
        self.found: list[Import] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.scope.append(node.name)
        self.generic_visit(node)
        self.scope.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.append(node.name)
        self.generic_visit(node)
        self.scope.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        for_types = ast.unparse(node.test).endswith("TYPE_CHECKING")
        self.scope += ["TYPE_CHECKING"] if for_types else []
        self.generic_visit(node)
        if for_types:
            self.scope.pop()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name, (), node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parents = self.package.split(".")[: len(self.package.split(".")) - node.level + 1]
            base = ".".join([*parents, base]) if base else ".".join(parents)
        names = [alias.name for alias in node.names]
        submodules = [name for name in names if f"{base}.{name}" in self.modules]
        for name in submodules:
            self.add(f"{base}.{name}", (), node.lineno)
        if rest := tuple(name for name in names if name not in submodules):
            self.add(base, rest, node.lineno)

    def add(self, target: str, names: tuple[str, ...], line: int) -> None:
        if target in self.modules:
            self.found.append(Import(self.source, target, names, line, ".".join(self.scope)))


def imports(root: Path) -> list[Import]:
    """List every import of an alfgraph module by an alfgraph module, wherever it stands."""
    files = module_files(root)
    found: list[Import] = []
    for module, path in sorted(files.items()):
        collector = ImportCollector(module, path.name == "__init__.py", frozenset(files))
        collector.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
        found += collector.found
    return found


def cycles(found: list[Import]) -> list[list[str]]:
    """List the groups of modules that import each other in a circle."""
    board = nx.DiGraph([(i.source, i.target) for i in found])
    groups = [sorted(group) for group in nx.strongly_connected_components(board)]
    loops = [[node] for node in board if board.has_edge(node, node)]
    return sorted([group for group in groups if len(group) > 1] + loops)


def place(module: str) -> str | None:
    """Name the entry of FLOORS a module of the board belongs to; None for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


FLOOR_OF = {name: height for height, floor in enumerate(FLOORS) for name in floor}


def height(module: str) -> int:
    """Return the floor a module stands on; components and the public face have special ones."""
    name = place(module)
    if name == "components":
        return FLOOR_OF[COMPONENTS_SEE_UP_TO]
    # The roof: alfgraph/__init__.py, which re-exports, __main__, and what is listed nowhere.
    return FLOOR_OF.get(name or "", len(FLOORS))


def unlisted(modules: list[str]) -> list[str]:
    """Say of each file or folder of alfgraph/ that stands on no floor where to list it."""
    known = {None, "__main__", "components", *FLOOR_OF}
    names = sorted({name for name in map(place, modules) if name is not None} - known)
    return [
        f"alfgraph/{name} stands on no floor: list it in FLOORS of tests/test_layering.py"
        for name in names
    ]


def upward_imports(found: list[Import]) -> Iterator[str]:
    """Name each import of a higher floor, and each of a component by the board."""
    for i in found:
        if place(i.target) == "components":
            knows = any(i.source == k or i.source.startswith(f"{k}.") for k in KNOW_COMPONENTS)
            if not knows and place(i.source) != "components":
                yield f"{i}: only {', '.join(KNOW_COMPONENTS)} may know components"
        elif height(i.target) > height(i.source):
            yield f"{i}, which stands on a higher floor"


def family(module: str) -> str:
    """Name the folder (or the file) of components/ a module belongs to."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 else ""


def private_imports(found: list[Import]) -> Iterator[str]:
    """Name each import of something private to another family of components."""
    for i in found:
        if place(i.target) != "components" or family(i.source) == family(i.target):
            continue
        words = [*i.target.split("."), *i.names]
        if any(w.startswith("_") and not w.endswith("__") for w in words):
            yield f"{i} {', '.join(i.names)}: private to the family {family(i.target)}"


def test_every_file_stands_on_a_floor() -> None:
    assert unlisted(list(module_files(ROOT))) == []


def test_files_import_only_lower_floors() -> None:
    assert list(upward_imports(imports(ROOT))) == []


def test_no_import_runs_in_a_circle() -> None:
    assert cycles(imports(ROOT)) == []


def test_runs_are_watched_through_one_door() -> None:
    """`run` hands the live page in; nothing else of the runtime knows it, and it knows no run."""
    found = imports(ROOT)
    assert [i for i in found if (place(i.source), place(i.target)) == ("live", "runtime")] == []
    knows = {i.source for i in found if (place(i.source), place(i.target)) == ("runtime", "live")}
    assert knows == {"alfgraph.runtime.run"}


def test_components_keep_out_of_each_others_internals() -> None:
    assert list(private_imports(imports(ROOT))) == []


@pytest.mark.parametrize("folder", ["alfgraph", "components", "graphs", "tests", "tools"])
def test_no_file_has_two_ideas(folder: str) -> None:
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in (ROOT / folder).rglob("*.py")}
    assert {p: n for p, n in lengths.items() if n > LONGEST_FILE} == {}


def plant(root: Path, **sources: str) -> Path:
    """Make a small alfgraph whose files hold these sources; `__` in a name stands for a slash."""
    for name, source in sources.items():
        path = root / "alfgraph" / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return root


def test_an_upward_import_is_found_wherever_it_stands(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        specs="def width():\n    from alfgraph.compiler import order\n",
        compiler__order="from ..specs import width\n",
        cli="from alfgraph.components.networks.mlp import MLP\n",
        families="import alfgraph.components.networks.mlp\n",
        components__networks__mlp="from alfgraph.wiring import G\nfrom alfgraph import boards\n",
        wiring="",
        boards="",
    )
    assert list(upward_imports(imports(root))) == [
        "alfgraph.components.networks.mlp:2 imports alfgraph.boards, "
        "which stands on a higher floor",
        "alfgraph.families:1 imports alfgraph.components.networks.mlp: "
        "only alfgraph.cli, alfgraph.__main__ may know components",
        "alfgraph.specs:2 imports alfgraph.compiler.order, which stands on a higher floor",
    ]


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        ports="from alfgraph.wires import Wire\n",
        wires="from alfgraph.records import Record\n",
        records="import alfgraph.ports\nimport alfgraph.specs\n",
        specs="import math\n",
    )
    assert cycles(imports(root)) == [["alfgraph.ports", "alfgraph.records", "alfgraph.wires"]]


def test_private_names_of_another_family_are_found(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        components__losses__ppo="from alfgraph.components.networks.mlp import MLP, _widths\n",
        components__networks__value="from alfgraph.components.networks.mlp import _widths\n",
        components__networks__mlp="",
    )
    (message,) = private_imports(imports(root))
    assert message == (
        "alfgraph.components.losses.ppo:1 imports alfgraph.components.networks.mlp MLP, _widths: "
        "private to the family networks"
    )


def test_an_unlisted_file_is_told_where_to_go(tmp_path: Path) -> None:
    root = plant(tmp_path, specs="", sundries="")
    (message,) = unlisted(list(module_files(root)))
    assert message.startswith("alfgraph/sundries stands on no floor: list it in FLOORS of ")
