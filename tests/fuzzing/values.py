"""Random values for settings: some that a setting takes, some that it cannot."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from alfgraph.components import (
    Annealing,
    ConstantAnnealing,
    CyclicalAnnealing,
    ExponentialAnnealing,
    LinearAnnealing,
    PiecewiseAnnealing,
    StepAnnealing,
)

_WRONG: tuple[Any, ...] = (
    None,
    -1,
    0,
    1.5,
    math.nan,
    math.inf,
    "x",
    "",
    "1",
    True,
    (),
    (0,),
    (-1, 2),
    ("a",),
    {},
    {"a": 1},
    [[]],
    print,
    int,
)


def random_value(annotation: Any, random: Random) -> Any:
    """A value for a setting of this type; one in four is of any type."""
    if random.random() < 0.25:
        return random.choice(_WRONG)
    return _of_type(annotation, random)


def _of_type(annotation: Any, random: Random) -> Any:
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Annotated:
            return _of_type(arguments[0], random)
        case origin if origin in {Union, types.UnionType}:
            return _of_type(random.choice(arguments), random)
        case origin if origin is Literal:
            return random.choice(arguments)
        case origin if origin in {tuple, list}:
            entry = arguments[0] if arguments else int
            return tuple(_of_type(entry, random) for _ in range(random.randrange(4)))
    return _plain(annotation, random)


def _plain(annotation: Any, random: Random) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Annealing):
        return _annealing(random)
    draw = _DRAWS.get(annotation)
    return draw(random) if draw is not None else random.choice(_WRONG)


def _annealing(random: Random) -> Annealing:
    return random.choice(_ANNEALINGS)()


_ANNEALINGS: tuple[Callable[[], Annealing], ...] = (
    lambda: LinearAnnealing(start=0.5, end=0.1),
    lambda: LinearAnnealing(start=0.1, end=0.2, over=(0.2, 0.4)),
    lambda: LinearAnnealing(start=-1.0, end=2.0, over=(0.0, 8.0), by="env_steps"),
    lambda: ConstantAnnealing(value=0.1),
    lambda: ExponentialAnnealing(start=0.5, rate=0.5, time=0.3),
    lambda: StepAnnealing(periods=((0.5, 0.1), (1.0, 0.01))),
    lambda: CyclicalAnnealing(low=0.01, high=0.1, half_cycle=1),
    lambda: PiecewiseAnnealing(points=((0.0, 0.1), (1.0, 0.2))),
)

_DRAWS: dict[Any, Callable[[Random], Any]] = {
    bool: lambda random: random.random() < 0.5,
    int: lambda random: random.choice([1, 1, 2, 2, 3, 3, 4, 5, 7, 0, -1]),
    float: lambda random: random.choice([0.5, 0.1, 0.9, 1.0, 2.0, 0.0, 1e-3, 1e-8, 3, -1.0]),
    str: lambda random: random.choice(["x", "relu", "tanh", "normal", "CartPole-v1", "time"]),
    type(None): lambda random: None,
}
