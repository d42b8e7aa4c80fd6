from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import Field

from alfgraph.diagnostics.value_text import shown, type_name
from alfgraph.families.annealing import Annealing, LinearAnnealing


def named() -> None:
    """A function to show."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("tanh", "tanh"),
        ("17", '"17"'),
        ("", '""'),
        ("null", '"null"'),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        (1e-3, "0.001"),
        ((128, 128), "[128, 128]"),
        ({"a": "b", "c": [1]}, '{"a": b, "c": [1]}'),
        (Path("x/y"), "x/y"),
        (named, "named"),
        (Annealing, "Annealing"),
        (LinearAnnealing(start=1, end=0).over, "[0.0, 1.0]"),
    ],
)
def test_values_are_shown_as_they_are_typed(value: Any, text: str) -> None:
    show: Callable[[Any], str] = shown
    assert show(value) == text


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int | None, "int | null"),
        (tuple[int, ...], "tuple[int, ...]"),
        (dict[str, Any], "dict[str, any]"),
        (Callable[[int], int], "function"),
        (float, "float"),
        (Literal["relu", "tanh"], "relu | tanh"),
        (Optional[Annotated[int, Field(ge=1)]], "int ≥ 1 | null"),  # noqa: UP045  (as pydantic keeps it)
        (tuple[Annotated[float, Field(ge=0, lt=1)], ...], "tuple[float ≥ 0 < 1, ...]"),
        (float | Annealing, "float | Annealing"),
    ],
)
def test_types_are_written_as_people_do(annotation: Any, text: str) -> None:
    assert type_name(annotation) == text
