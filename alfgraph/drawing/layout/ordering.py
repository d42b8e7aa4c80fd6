"""The order of things side by side, when every pair has its own preference: which costs least."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
ROUNDS = 40


def least_cost_order(things: Sequence[T], cost: Callable[[T, T], int]) -> list[T]:
    """Orders things by moving single ones until no move helps.

    Args:
        things: what to order.
        cost: what it costs to have the first anywhere before the second.

    Returns:
        An order that no move of a single thing improves; the same for the same input.
    """
    count = len(things)
    table = [[cost(a, b) if a is not b else 0 for b in things] for a in things]
    order = list(range(count))
    for _ in range(ROUNDS):
        improved = False
        for thing in list(order):
            place = order.index(thing)
            target = _best_place(order, thing, place, table)
            if target != place:
                order.insert(target, order.pop(place))
                improved = True
        if not improved:
            break
    return [things[index] for index in order]


def _best_place(order: list[int], thing: int, place: int, table: list[list[int]]) -> int:
    """Where in the order a thing costs least, its own place if nothing is better."""
    best, least = place, 0
    change = 0
    for other in range(place - 1, -1, -1):
        change += table[thing][order[other]] - table[order[other]][thing]
        if change < least:
            best, least = other, change
    change = 0
    for other in range(place + 1, len(order)):
        change += table[order[other]][thing] - table[thing][order[other]]
        if change < least:
            best, least = other, change
    return best
