"""Orders, tracks and heights: the steps of the layout, against plain enumeration."""

import random
from functools import partial
from itertools import pairwise, permutations, product

from alfgraph.drawing.layout.channels import FORBIDDEN, Trunk, assign_tracks, cost
from alfgraph.drawing.layout.columns import Item, Link
from alfgraph.drawing.layout.heights import _settle_column, gap
from alfgraph.drawing.layout.ordering import least_cost_order
from alfgraph.drawing.layout.shapes import Chip, Net, Pin
from alfgraph.drawing.picture.view import NodeView


def total(order: tuple[int, ...], table: list[list[int]]) -> int:
    return sum(table[a][b] for i, a in enumerate(order) for b in order[i + 1 :])


def entry(table: list[list[int]], row: int, column: int) -> int:
    return table[row][column]


def test_a_chain_of_preferences_is_followed() -> None:
    order = least_cost_order([3, 1, 2], lambda a, b: int(a > b))
    assert order == [1, 2, 3]


def test_orders_are_as_good_as_single_moves_make_them_and_mostly_best() -> None:
    draw, best = random.Random(0), 0
    for _ in range(100):
        table = [[draw.randint(0, 5) for _ in range(5)] for _ in range(5)]
        found = least_cost_order(range(5), partial(entry, table))
        least = min(total(order, table) for order in permutations(range(5)))
        best += total(tuple(found), table) == least
    assert best >= 90


def a_net(number: int) -> Net:
    chip = Chip(NodeView(id=str(number), phase="p", label=""), None, True, "")
    return Net(number, Pin(chip, "out", "x", 0, "", "float"))


def test_nets_that_change_places_get_a_second_trunk() -> None:
    upper, lower = Trunk(a_net(0), [0], [60]), Trunk(a_net(1), [60], [0])
    assert cost(upper, lower) >= FORBIDDEN and cost(lower, upper) >= FORBIDDEN
    trunks, tracks = assign_tracks([upper, lower], set())
    assert len(trunks) == tracks == 3
    second = next(trunk for trunk in trunks if trunk.before)
    assert second.before is not None and second.before.rights == second.lefts


def test_trunks_apart_share_a_track() -> None:
    _, tracks = assign_tracks([Trunk(a_net(0), [0], [30]), Trunk(a_net(1), [90], [120])], set())
    assert tracks == 1


def column_of(draw: random.Random) -> list[Item]:
    """Passing nets, each pulled by one or two fixed neighbours."""
    column = []
    for number in range(3):
        item = Item(column=1, net=a_net(number))
        for _ in range(draw.randint(1, 2)):
            fixed = Item(column=0, net=item.net, y=12 * draw.randint(0, 4))
            assert item.net is not None
            item.left.append(Link(item.net, fixed, 0, item, 0))
        column.append(item)
    return column


def test_heights_of_a_column_are_the_best_there_are() -> None:
    draw = random.Random(1)
    for _ in range(50):
        column = column_of(draw)
        _settle_column(column, left=True, right=False)

        def bend(heights: tuple[int, ...], column: list[Item] = column) -> int:
            pairs = zip(heights, column, strict=True)
            return sum(abs(y - link.left.y) for y, item in pairs for link in item.left)

        spacing = gap(column[0], column[1])
        allowed = (
            heights
            for heights in product(range(-60, 109, 6), repeat=3)
            if all(b - a >= spacing for a, b in pairwise(heights))
        )
        assert bend(tuple(item.y for item in column)) == min(map(bend, allowed))
