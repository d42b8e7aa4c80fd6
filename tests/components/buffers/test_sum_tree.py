"""Sum trees: places by hand, equality with cumulative sums, no zero is ever found."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alfgraph.components.buffers.sum_tree import WIDTH, SumTree


def filled(numbers: list[float]) -> SumTree:
    tree = SumTree(len(numbers))
    tree.set(np.arange(len(numbers)), np.array(numbers))
    return tree


def test_places_of_parts() -> None:
    """1 | 0 | 2 | 4: the sum is 7; parts from 1 up to 3 are at place 2."""
    tree = filled([1.0, 0.0, 2.0, 4.0])
    assert tree.total == 7.0
    parts = np.array([0.0, 0.99, 1.0, 2.99, 3.0, 6.99, 7.0])
    assert tree.find(parts).tolist() == [0, 0, 2, 2, 3, 3, 3]


def test_a_place_given_twice_keeps_the_last_number() -> None:
    tree = filled([1.0, 1.0])
    tree.set(np.array([0, 0]), np.array([5.0, 3.0]))
    assert (tree.total, tree.numbers.tolist()) == (4.0, [3.0, 1.0])


def test_sums_are_over_several_levels() -> None:
    size = WIDTH * WIDTH + 5
    tree = filled([1.0] * size)
    assert [len(level) for level in tree.levels] == [(WIDTH + 1) * WIDTH, 2 * WIDTH, WIDTH]
    assert tree.total == size
    places = [0, WIDTH - 1, WIDTH, WIDTH * WIDTH, size - 1]
    assert tree.find(np.array(places) + 0.5).tolist() == places


@given(
    st.integers(1, 3 * WIDTH), st.integers(0, 2**31),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=9),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_it_equals_a_cumulative_sum(size: int, seed: int, shares: list[float]) -> None:
    """Whole numbers, so that no sum is rounded; a third of them 0."""
    drawn = np.random.default_rng(seed)
    numbers = drawn.integers(0, 9, size) * (drawn.random(size) < 0.7)
    numbers[drawn.integers(size)] = 3
    tree = filled([7.0] * size)
    for places in np.array_split(drawn.permutation(size), 4):
        if places.size:
            tree.set(places, numbers[places].astype(float))
    parts = np.floor(np.array(shares) * numbers.sum())
    expected = np.searchsorted(numbers.cumsum(), parts, side="right")
    assert tree.find(parts).tolist() == expected.tolist()
    other = SumTree(size)
    other.load(numbers.astype(float))
    assert all((a == b).all() for a, b in zip(tree.levels, other.levels, strict=True))


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=200), st.floats(0, 1))
@settings(max_examples=80, deadline=None)
def test_rounding_never_finds_a_zero(numbers: list[float], share: float) -> None:
    tree = filled([*numbers, 0.5, 0.0])
    found = int(tree.find(np.array([share * tree.total]))[0])
    assert tree.numbers[found] > 0.0
