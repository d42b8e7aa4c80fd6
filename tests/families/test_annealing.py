"""Annealings are pure functions of progress."""

from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alfgraph.components import Adam
from alfgraph.diagnostics.errors import SettingError, UsageError
from alfgraph.families.annealing import (
    Annealing,
    ConstantAnnealing,
    CyclicalAnnealing,
    ExponentialAnnealing,
    LinearAnnealing,
    PiecewiseAnnealing,
    Progress,
    StepAnnealing,
    current,
)


def at_fractions(annealing: Annealing, fractions: Sequence[float]) -> list[float]:
    return [annealing.at(Progress(fraction=fraction)) for fraction in fractions]


def at_iterations(annealing: Annealing, count: int) -> list[float]:
    return [annealing.at(Progress(iteration=iteration)) for iteration in range(count)]


def test_constant() -> None:
    assert at_fractions(ConstantAnnealing(value=3e-4), [0.0, 0.5, 1.0]) == [3e-4] * 3


def test_linear_over_the_whole_run() -> None:
    assert at_fractions(LinearAnnealing(start=1.0, end=0.0), [0.0, 0.25, 1.0]) == [1.0, 0.75, 0.0]


def test_linear_is_held_outside_its_range() -> None:
    annealing = LinearAnnealing(start=1.0, end=0.5, over=(0.2, 0.4))
    assert at_fractions(annealing, [0.0, 0.2, 0.4, 1.0]) == [1.0, 1.0, 0.5, 0.5]
    assert at_fractions(annealing, [0.3]) == pytest.approx([0.75])


def test_linear_by_environment_steps() -> None:
    annealing = LinearAnnealing(start=0.0, end=10.0, over=(100, 200), by="env_steps")
    assert [annealing.at(Progress(env_steps=n)) for n in (0, 100, 130, 200, 10**6)] == [
        0.0,
        0.0,
        3.0,
        10.0,
        10.0,
    ]


def test_piecewise() -> None:
    annealing = PiecewiseAnnealing(points=((0.0, 0.0), (0.5, 1.0), (1.0, 0.5)))
    assert at_fractions(annealing, [0.0, 0.25, 0.5, 0.75, 1.0]) == [0.0, 0.5, 1.0, 0.75, 0.5]


def test_piecewise_with_one_point_is_constant() -> None:
    assert at_fractions(PiecewiseAnnealing(points=((0.5, 2.0),)), [0.0, 1.0]) == [2.0, 2.0]


def test_step() -> None:
    annealing = StepAnnealing(periods=((0.5, 1.0), (0.75, 0.1), (1.0, 0.01)))
    fractions = [0.0, 0.49, 0.5, 0.74, 0.75, 1.0]
    assert at_fractions(annealing, fractions) == [1.0, 1.0, 0.1, 0.1, 0.01, 0.01]


def test_step_with_warm_up() -> None:
    annealing = StepAnnealing(periods=((2, 1.0), (8, 0.5)), by="iterations", warm_up=4)
    assert at_iterations(annealing, 6) == [0.0, 0.25, 0.25, 0.375, 0.5, 0.5]


def test_exponential() -> None:
    annealing = ExponentialAnnealing(start=8.0, rate=0.5, time=2, by="iterations")
    assert at_iterations(annealing, 5) == pytest.approx([8.0, 8 * 0.5**0.5, 4.0, 8 * 0.5**1.5, 2.0])


def test_cyclical_has_alfs_numbers() -> None:
    linear = CyclicalAnnealing(low=0.0, high=1.0, half_cycle=2)
    step = CyclicalAnnealing(low=0.0, high=1.0, half_cycle=2, shape="step")
    assert at_iterations(linear, 10) == [0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    assert at_iterations(step, 10) == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]


ANNEALINGS = [
    ConstantAnnealing(value=1.0),
    LinearAnnealing(start=1.0, end=0.1),
    PiecewiseAnnealing(points=((0.1, 0.1), (0.4, 1.0), (0.9, 0.5))),
    StepAnnealing(periods=((0.3, 1.0), (0.6, 0.5)), warm_up=0.2),
    ExponentialAnnealing(start=1.0, rate=0.1, time=0.5),
    CyclicalAnnealing(low=0.0, high=1.0, half_cycle=0.2, by="fraction"),
]


@pytest.mark.parametrize("annealing", ANNEALINGS, ids=lambda a: type(a).__name__)
@given(first=st.floats(0, 1), then=st.floats(0, 1))
def test_values_do_not_depend_on_what_was_asked_before(
    annealing: Annealing, first: float, then: float
) -> None:
    fresh = annealing.model_copy().at(Progress(fraction=then))
    annealing.at(Progress(fraction=first))
    assert annealing.at(Progress(fraction=then)) == fresh
    assert 0.0 <= fresh <= 1.0


def test_going_back_gives_the_value_of_then() -> None:
    """ALF's LinearScheduler extrapolated to a negative learning rate here."""
    annealing = PiecewiseAnnealing(points=((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)))
    assert at_fractions(annealing, [0.9, 0.1]) == pytest.approx([0.1, 0.9])


def test_annealings_round_trip_through_json_and_are_frozen() -> None:
    for annealing in ANNEALINGS:
        assert type(annealing).model_validate_json(annealing.model_dump_json()) == annealing
        assert hash(annealing) == hash(annealing.model_copy())
    with pytest.raises(ValidationError, match="frozen"):
        ANNEALINGS[0].value = 2.0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinearAnnealing(start=1, end=0, over=(0.5, 0.5)), "positions must ascend"),
        (lambda: LinearAnnealing(start=1, end=0, over=(0, 1000)), 'by="iterations"'),
        (lambda: PiecewiseAnnealing(points=((0.5, 1.0), (0.2, 0.0))), "positions must ascend"),
        (lambda: PiecewiseAnnealing(points=()), "at least 1 item"),
        (lambda: StepAnnealing(periods=((-1.0, 1.0), (0.2, 0.0))), "lie in"),
        (lambda: CyclicalAnnealing(low=0, high=1, half_cycle=0), "greater than 0"),
        (lambda: ConstantAnnealing(value=float("nan")), "finite number"),
        (lambda: LinearAnnealing(start=1, end=0, until=3), "has no setting `until`"),  # type: ignore[call-arg]
    ],
)
def test_wrong_settings_are_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(SettingError, match=message) as refused:
        make()
    assert refused.value.diagnostics[0].source is not None


def test_current_takes_numbers_only() -> None:
    assert current(0.5) == 0.5
    with pytest.raises(
        UsageError, match=r"LinearAnnealing has no value without a progress.*\.at\("
    ):
        current(LinearAnnealing(start=1.0, end=0.0))


def test_a_subclass_must_define_at() -> None:
    class Forgotten(Annealing):
        pass

    with pytest.raises(SettingError, match=r"(?s)`Forgotten`.*a subclass must\s+define at"):
        Forgotten()
    with pytest.raises(SettingError, match=r"`Adam\.lr`"):
        Adam(lr=cast("float", {}))  # no annealing, nor anything that becomes one
