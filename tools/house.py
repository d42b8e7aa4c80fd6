"""The house in numbers: floors, circles, chains, sizes. Prints one figure a line.

Usage:
    python tools/house.py            the figures
    python tools/house.py --chain    the longest import chain, module by module
    python tools/house.py --over     what is longer than its kind may be
"""

from __future__ import annotations

import argparse
import ast
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


@dataclass(frozen=True)
class Import:
    """One import of a module of ours by another, and where it stands."""

    source: str
    target: str
    line: int
    in_function: bool
    for_types: bool
    names: tuple[str, ...] = ()


def source_files(root: Path = ROOT) -> dict[str, Path]:
    """Every module of alfgraph, components included, by its dotted name."""
    found: dict[str, Path] = {}
    parts_bin = (root / "alfgraph" / "components").resolve()  # a link, walked once
    for folder, prefix in ((root / "alfgraph", "alfgraph"), (parts_bin, "components")):
        for path in sorted(folder.rglob("*.py")):
            below = path.relative_to(folder)
            if prefix == "alfgraph" and below.parts[0] == "components":
                continue
            parts = (prefix, *below.with_suffix("").parts)
            name = ".".join(p for p in parts if p != "__init__")
            found[name if prefix == "alfgraph" else f"alfgraph.{name}"] = path
    return found


def imports_of(name: str, path: Path, known: frozenset[str]) -> Iterator[Import]:
    """The imports of our own modules in a file, wherever they stand."""

    def targets(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            return
        below = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (module for module in below if module in known)
        if any(module not in known for module in below):
            yield str(node.module)

    def names_in(node: ast.Import | ast.ImportFrom) -> tuple[str, ...]:
        return tuple(alias.name for alias in node.names if isinstance(node, ast.ImportFrom))

    def visit(node: ast.AST, in_function: bool, for_types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                yield from (
                    Import(name, target, child.lineno, in_function, for_types, names_in(child))
                    for target in targets(child)
                    if target in known
                )
            yield from visit(
                child,
                in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef),
                for_types
                or (
                    isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
                ),
            )

    yield from visit(ast.parse(path.read_text("utf-8")), False, False)


def statements_in_functions(path: Path) -> int:
    """Import statements inside functions, of whatever they import."""
    tree = ast.parse(path.read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lines = {
        inner.lineno
        for function in functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    }
    return len(lines)


def longest_chain(found: list[Import]) -> list[str]:
    """The longest way through imports at module level."""
    board = nx.DiGraph((i.source, i.target) for i in found if not i.in_function and not i.for_types)
    board.remove_edges_from(list(nx.selfloop_edges(board)))
    return [str(name) for name in nx.dag_longest_path(board)]


def room_of(module: str) -> str:
    """The folder, or the loose file, of alfgraph/ that a module stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "alfgraph"


def circles(found: list[Import]) -> list[list[str]]:
    """Files that import each other in a circle, all imports counted."""
    board = nx.DiGraph((i.source, i.target) for i in found if i.source != i.target)
    return [sorted(g) for g in nx.strongly_connected_components(board) if len(g) > 1]


def function_lengths(paths: list[Path]) -> dict[str, int]:
    """Lines of every function, by file and name."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or 0)
        - node.lineno
        + 1
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def main() -> None:
    """Measure, and print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chain", action="store_true")
    parser.add_argument("--over", action="store_true")
    options = parser.parse_args()
    files = source_files()
    known = frozenset(files)
    found = [i for name, path in files.items() for i in imports_of(name, path, known)]
    chain = longest_chain(found)
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in files.values()}
    functions = function_lengths(list(files.values()))
    if options.chain:
        print("\n".join(chain))
        return
    if options.over:
        long_files = {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > LONGEST_FILE}
        long_functions = {f: n for f, n in functions.items() if n > LONGEST_FUNCTION}
        print("\n".join(f"{n:4} {what}" for what, n in (long_files | long_functions).items()))
        return
    rooms = nx.DiGraph((room_of(i.source), room_of(i.target)) for i in found)
    rooms.remove_edges_from(list(nx.selfloop_edges(rooms)))
    any_count = sum(len(re.findall(r"\bAny\b", p.read_text("utf-8"))) for p in files.values())
    in_functions = sum(statements_in_functions(path) for path in files.values())
    print(f"files                   {len(files)}")
    print(f"lines                   {sum(lengths.values())}")
    print(f"rooms of alfgraph/      {rooms.number_of_nodes()}")
    print(f"circles of files        {len(circles(found))}  {circles(found) or ''}")
    print(f"imports in functions    {in_functions}")
    print(f"longest import chain    {len(chain)}")
    print(f"longest file            {max(lengths.values())}")
    print(f"longest function        {max(functions.values())}")
    print(f"median function         {statistics.median(functions.values()):g}")
    print(f"Any in the sources      {any_count}")


if __name__ == "__main__":
    main()
