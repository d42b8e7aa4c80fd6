"""Mutants: good boards changed in one to three random places."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from alfgraph import components
from alfgraph.components import Epochs, GymEnv, Offline, OffPolicy, OnPolicy, Transform
from alfgraph.families.graph import Graph
from alfgraph.overrides.addressing import socket_families
from alfgraph.overrides.swaps import set_values, swap
from alfgraph.wiring.component import Component
from alfgraph.wiring.ports import In, Out, Port
from tests.fuzzing.rewiring import rewire
from tests.fuzzing.starts import STARTS, paths_of, shrink
from tests.fuzzing.values import random_value
from tests.fuzzing.worlds import WORLDS

UNTOUCHED = {
    "trainer.device",  # what a machine has is not a property of the board
    "trainer.num_threads",  # changes the process the mutants run in
    "trainer.progress",
    "env.vectorization",  # worker processes
    "env.wrappers",
    "env.timeout",
}
"""Settings left alone, and why."""

PHASES = ("unroll", "prepare", "update", "predict", "forward", "apply", "replay")


@dataclass(frozen=True)
class Mutant:
    """A changed board.

    Attributes:
        number: from which everything else follows.
        start: the good board it was made from.
        changes: in words.
        graph: the board; None where the last change was refused.
        refusal: what refused it.
    """

    number: int
    start: str
    changes: tuple[str, ...]
    graph: Any
    refusal: BaseException | None = None


def mutant(number: int) -> Mutant:
    """The mutant of a number: the same on every machine."""
    random = Random(number)
    start = random.choice(list(STARTS))
    graph: Any = shrink(STARTS[start]())
    changes: list[str] = []
    wanted = random.choice([1, 1, 1, 2, 2, 3])
    while len(changes) < wanted:
        change = random.choices(list(_MUTATIONS), weights=list(_MUTATIONS.values()))[0]
        told: list[str] = []
        try:
            graph = change(graph, random, told.append) or graph
        except Exception as error:  # the judge says whether it was refused as it should be
            return Mutant(number, start, (*changes, *(told or [change.__name__])), None, error)
        changes += told
    return Mutant(number, start, tuple(changes), graph)


Tell = Callable[[str], None]


def _some_part(graph: Any, random: Random, kind: type = Component) -> tuple[str, Any] | None:
    found = [(path, part) for path, part in paths_of(graph).items() if isinstance(part, kind)]
    return random.choice(found) if found else None


def _change_setting(graph: Any, random: Random, tell: Tell) -> Any:
    chosen = _some_part(graph, random)
    assert chosen is not None
    path, part = chosen
    fields = {
        name: field.annotation
        for name, field in type(part).model_fields.items()
        if not socket_families(field.annotation) and f"{path}.{name}" not in UNTOUCHED
    }
    if not fields:
        return None
    name = random.choice(list(fields))
    value = random_value(fields[name], random)
    where = f"{path}.{name}".lstrip(".")
    if name == "make":
        value = random.choice(WORLDS)
    tell(f"{where} = {value!r}")
    return set_values(graph, {where: value})


def _catalogue() -> list[type[Component]]:
    kinds = [getattr(components, name) for name in components.__all__]
    return [k for k in kinds if isinstance(k, type) and issubclass(k, Component)]


def _made(random: Random, family: tuple[type, ...] = (Component,)) -> Component | None:
    """A component of the parts bin with its default settings."""
    kinds = [kind for kind in _catalogue() if issubclass(kind, family)]
    if not kinds:
        return None
    kind = random.choice(kinds)
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    annotations = {name: kind.model_fields[name].annotation for name in required}
    return kind(**{name: random_value(a, random) for name, a in annotations.items()})


def _swap_component(graph: Any, random: Random, tell: Tell) -> Any:
    chosen = _some_part(graph, random)
    assert chosen is not None
    path, part = chosen
    sockets = {
        name: socket_families(field.annotation)
        for name, field in type(part).model_fields.items()
        if socket_families(field.annotation)
    }
    if not sockets:
        return None
    name = random.choice(list(sockets))
    fitting = random.random() < 0.8
    new = _made(random, sockets[name] if fitting else (Component,))
    if random.random() < 0.1:
        new = None
    where = f"{path}.{name}".lstrip(".")
    tell(f"{where} <- {new!r:.60}")
    return shrink(swap(graph, {where: new}))


def _change_world(graph: Any, random: Random, tell: Tell) -> Any:
    world = random.choice(WORLDS)
    tell(f"env <- {world.__name__}")
    keys = random.choice([(), (), ("height",), ("missing",)])
    return swap(graph, {"env": GymEnv(make=world, num_envs=random.choice([1, 2]), info_keys=keys)})


def _add_transform(graph: Any, random: Random, tell: Tell) -> Any:
    if "transforms" not in type(graph).model_fields:
        return None
    new = _made(random, (Transform,))
    tell(f"transforms += {new!r:.60}")
    before = graph.transforms
    assert isinstance(new, Component)
    after = (*before, new) if random.random() < 0.5 else (new, *before)
    return swap(graph, {"transforms": after})


def _change_schedule(graph: Any, random: Random, tell: Tell) -> Any:
    kind: Any = random.choice([OnPolicy, Epochs, OffPolicy, Offline])
    values: dict[str, float] = {
        name: random.choice([1, 2, 3, 4, 8])
        for name in kind.model_fields
        if random.random() < 0.5 and name != "random_actions"
    }
    if kind is OffPolicy:
        values["unroll_length"] = random.choice([0.25, 0.5, 1, 1.5, 2, 3])
    schedule = kind(**values)
    path = random.choice(["schedule", "algorithm.schedule"])
    tell(f"{path} <- {kind.__name__}({values})")
    return swap(graph, {path: schedule})


def _methods(part: Any) -> list[str]:
    names = [n for n in dir(type(part)) if not n.startswith("_") and n not in dir(Component)]
    wanted = {*PHASES, *(n for n in names if n not in dir(Graph))}
    return [n for n in sorted(wanted) if inspect.isfunction(getattr(type(part), n, None))]


def _rewire_phase(graph: Any, random: Random, tell: Tell) -> Any:
    chosen = _some_part(graph, random, Graph)
    return _with_method(graph, chosen, random, tell) if chosen is not None else None


def _rewire_forward(graph: Any, random: Random, tell: Tell) -> Any:
    leaves = {
        path: part
        for path, part in paths_of(graph).items()
        if type(part).has_forward() and not isinstance(part, Graph)
    }
    if not leaves:
        return None
    return _with_method(graph, random.choice(list(leaves.items())), random, tell)


def _with_method(graph: Any, chosen: tuple[str, Any], random: Random, tell: Tell) -> Any:
    path, part = chosen
    names = _methods(part) if isinstance(part, Graph) else ["forward"]
    if not names:
        return None
    name = random.choice(names)
    kind = rewire(type(part), name, random)
    if kind is None:
        return None
    tell(f"{path or 'board'}.{name} rewired")
    return _with_class(graph, path, part, kind)


def _with_class(graph: Any, path: str, part: Any, kind: type) -> Any:
    """The board with one part of another class and the same settings."""
    given = {name: getattr(part, name) for name in part.model_fields_set}
    new = kind(**given)
    if isinstance(part, Graph):
        for name in ("_replaced", "_with_grad", "_configured"):
            setattr(new, name, getattr(part, name))
    return swap(graph, {path: new}) if path else new


def _redeclare(graph: Any, random: Random, tell: Tell) -> Any:
    """Another spec at one port of one part."""
    chosen = _some_part(graph, random)
    assert chosen is not None
    path, part = chosen
    ports = [port for port in type(part).ports() if port.spec is not None]
    if not ports:
        return None
    port = random.choice(ports)
    text = _respelt(str(port.spec), random)
    tell(f"{path or 'board'}.{port.name}: {text}")
    kind = type(type(part).__name__, (type(part),), {port.name: _declared(port, text)})
    return _with_class(graph, path, part, kind)


def _declared(port: Port, text: str) -> Any:
    kind: Any = port.kind
    declare: Any = In if port.direction == "in" else Out
    if port.direction == "state":
        from alfgraph.wiring.ports import State

        return State(text, initial=port.initial)
    options: dict[str, Any] = {"role": port.role} if kind is None else {}
    if port.direction == "in":
        options |= {"detach": port.detach, "optional": port.optional}
    return declare(*([kind] if kind is not None else []), text, **options)


def _respelt(text: str, random: Random) -> str:
    """A spec with one thing changed."""
    dtype, _, rest = text.partition("[")
    choices = [
        f"int64[{rest}" if dtype != "int64" else f"float32[{rest}",
        f"float64[{rest}",
        f"?[{rest}",
        f"{dtype}[*batch]",
        f"{dtype}[*batch, 3]",
        f"{dtype}[*batch, z]",
        f"{dtype}[T, *batch]",
        f"{dtype}[]",
        f"{dtype}[{rest} in [0, 2)",
        text.replace("batch", "other"),
        text.replace("]", ", 1]"),
        text.replace("*batch", "B"),
        text.replace("[", "[["),
        "anything[*batch]",
    ]
    return random.choice(choices)


def _configure(graph: Any, random: Random, tell: Tell) -> Any:
    kind: type[Component] = random.choice(_catalogue())
    fields = list(kind.model_fields) or ["nothing"]
    name = random.choice([*fields, "typo"])
    value = random_value(getattr(kind.model_fields.get(name), "annotation", int), random)
    tell(f"configure({kind.__name__}, {name}={value!r})")
    return graph.configure(kind, **{name: value})


def _share(graph: Any, random: Random, tell: Tell) -> Any:
    """One part plugged into a second socket."""
    one, other = _some_part(graph, random), _some_part(graph, random)
    assert one is not None
    assert other is not None
    if not (one[0] and other[0]):
        return None
    tell(f"{other[0]} <- the part in {one[0]}")
    return swap(graph, {other[0]: one[1]})


_MUTATIONS: dict[Callable[[Any, Random, Tell], Any], int] = {
    _change_setting: 8,
    _swap_component: 6,
    _change_world: 4,
    _add_transform: 2,
    _change_schedule: 3,
    _rewire_phase: 12,
    _rewire_forward: 3,
    _redeclare: 3,
    _configure: 1,
    _share: 1,
}
