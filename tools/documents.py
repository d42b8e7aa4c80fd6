"""Write what the documents quote: the README's picture and the program in docs/program.md."""

from pathlib import Path

import alfgraph
from alfgraph.boards.loading import load

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {"docs/ac_cart_pole.svg": "graphs/ac_cart_pole.py"}
PROGRAM = "graphs/ppo_cart_pole.py"


def with_program(text: str, code: str) -> str:
    """The text with the last Python block replaced."""
    before, fence, rest = text.rpartition("```python\n")
    if not fence:
        raise SystemExit("docs/program.md has no Python block to write the program to")
    return f"{before}{fence}{code}{rest[rest.index('```') :]}"


def main() -> None:
    """Write all of it."""
    for picture, graph in PICTURES.items():
        alfgraph.render(load(ROOT / graph), ROOT / picture)
    quoted = ROOT / "docs" / "program.md"
    code = alfgraph.plan(load(ROOT / PROGRAM)).code
    quoted.write_text(with_program(quoted.read_text("utf-8"), code), "utf-8")


if __name__ == "__main__":
    main()
