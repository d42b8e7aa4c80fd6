"""Names of parts and variables in the emitted program: short, from the field, unique."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator

from alfgraph.compiler.lowering.author_names import author_name, shared_name
from alfgraph.wiring.component import Component
from alfgraph.wiring.trace import Node, Value

RESERVED = {
    "torch",
    "episodes",
    "log",
    "registers",
    "counters",
    "rows",
    "detached",
    "t",
    "epoch",
    "start",
    "random_action",
    "iteration",
    "unroll",
    "prepare",
    "update",
    "predict",
    "batch",
    "running",
    "state",
    "collect",
    *dir(builtins),
}
"""Names the program uses itself, and Python's."""


def snake(name: str) -> str:
    """`ObservationNormalizer` -> `observation_normalizer`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


def identifier(text: str) -> str:
    """A Python name close to the text."""
    name = re.sub(r"\W+", "_", text).strip("_") or "value"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) else name


def part_names(
    parts: Iterable[Component], taken: Iterable[str] = (), ports: Iterable[str] = ()
) -> dict[str, str]:
    """A name for every part by its path; tracked copies have their own.

    Args:
        parts: the parts of the program.
        taken: names of its functions.
        ports: names of outputs: a part does not take them from the variables, so that the part
            plugged into `loss` is `ppo_loss` and its result `loss`.
    """
    wanted = {part.socket_path: part for part in parts}
    names: dict[str, str] = {}
    used = set(taken) | RESERVED | set(ports)
    for path, part in wanted.items():
        name = next(n for n in _candidates(path, part) if n not in used)
        used.add(name)
        names[path] = name
    return names


def _candidates(path: str, part: Component) -> Iterator[str]:
    tracked = re.fullmatch(r"(.*)\.of\((.*)\)", path)
    if tracked:
        target, source = (p.rpartition(".")[2] for p in tracked.groups())
        yield identifier(f"{target}_{source}")
    segments = [s for s in re.split(r"[.()]", path) if s]
    last = segments[-1] if segments else snake(type(part).__name__)
    if not last.isdigit():
        yield identifier(last)
    yield snake(type(part).__name__)
    for count in range(2, len(segments) + 1):
        yield identifier("_".join(segments[-count:]))
    for number in range(2, 1000):
        yield identifier(f"{last}_{number}")


class Variables:
    """Names of values within one function."""

    def __init__(self, parts: Iterable[str], values: Iterable[Value]) -> None:
        """No value has a name yet.

        Args:
            parts: what parts are called.
            values: those of the function: what authors named comes before what others might be.
        """
        self.parts = set(parts)  # `actor = self.actor(step)` names what the program calls a part
        self.taken = self.parts | RESERVED
        self.authored = {value: name for value in values if (name := self._authored(value))}
        self.claimed = set(self.authored.values())
        self.names: dict[Value, str] = {}

    def name(self, value: Value) -> str:
        """The variable of a value; chosen at the first call."""
        if value not in self.names:
            authored = self.authored.get(value)
            wanted = [n for n in _value_candidates(value) if n not in self.claimed]
            self.names[value] = self.fresh(*([authored] if authored else wanted or ["value"]))
        return self.names[value]

    def _authored(self, value: Value) -> str | None:
        given = author_name(value)
        name = identifier(given) if given else ""
        return name if name and name not in self.parts else None

    def fresh(self, *wanted: str) -> str:
        """A new name, the first of those wanted that is free."""
        for name in wanted:
            if name not in self.taken:
                self.taken.add(name)
                return name
        base = wanted[0]
        number = next(n for n in range(2, 10_000) if f"{base}_{n}" not in self.taken)
        self.taken.add(f"{base}_{number}")
        return f"{base}_{number}"


def _value_candidates(value: Value) -> list[str]:
    """Names for a value whose author gave it none, best first."""
    node: Node = value.node
    last = value.name.rpartition(".")[2]
    hints = [identifier(h) for h in value.hints if h not in {"x", "y", "self", "other", "out"}]
    part = snake(type(node.component).__name__) if node.component is not None else node.call
    short = node.path.rpartition(".")[2]
    owner = part if short.isdigit() or node.component is None else identifier(short)
    if node.kind == "math" and node.call in {"slice", "index"}:
        return [*hints, *_row_candidates(node)]
    named = [identifier(last)] if last not in {"out", "state"} else []
    if last == "out":
        return [*hints, owner, f"{owner}_out"]
    shared = shared_name(value)
    if shared:
        whole = identifier(shared)
        return [*hints[:1], *named, *hints[1:], f"{whole}_{identifier(last)}", whole]
    qualified = f"{owner}_value" if owner.endswith(f"_{last}") else f"{owner}_{identifier(last)}"
    return [*hints[:1], *named, *hints[1:], qualified, owner]


def _row_candidates(node: Node) -> list[str]:
    """Rows of `observation`: `next_observation` is `[1:]`, `observation_now` is `[:-1]`."""
    value = next(iter(node.inputs.values()))
    base = _value_candidates(value)[0]
    match node.settings:
        case {"start": 1, "stop": None}:
            return [f"next_{base}"]
        case {"start": None, "stop": -1}:
            return [f"{base}_now"]
        case {"index": 0}:
            return [f"first_{base}"]
    return [f"{base}_rows"]
