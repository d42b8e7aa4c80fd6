"""Geometric facts that hold on every board: what a reader of a schematic relies on."""

import time
from itertools import combinations, pairwise

import pytest

from alfgraph.render.bundle import bundle
from alfgraph.render.drawing import Chip, Net, Point
from alfgraph.render.layout import Layout, lay_out
from alfgraph.render.view import BoardView
from tests.render.boards import actor_critic
from tests.render.ppo_board import ppo
from tests.render.random_boards import random_board

Segment = tuple[Point, Point]


def segments(net: Net) -> set[Segment]:
    """The level and upright pieces of a net."""
    return {(min(a, b), max(a, b)) for sink in net.sinks for a, b in pairwise(sink.path)}


def boxes_meet(first: Chip, second: Chip) -> bool:
    return (
        first.x < second.x + second.width
        and second.x < first.x + first.width
        and first.y < second.y + second.height
        and second.y < first.y + first.height
    )


def on_segment(point: Point, segment: Segment) -> bool:
    (x1, y1), (x2, y2) = segment
    return x1 <= point[0] <= x2 and y1 <= point[1] <= y2


def enters(segment: Segment, chip: Chip) -> bool:
    """Whether a segment runs through the inside of a chip."""
    (x1, y1), (x2, y2) = segment
    return x1 < chip.x + chip.width and x2 > chip.x and y1 < chip.y + chip.height and y2 > chip.y


def check_geometry(layout: Layout) -> None:
    for band in layout.bands:
        for first, second in combinations(band.chips, 2):
            assert not boxes_meet(first, second), (first.title, second.title)
        for chip in band.chips:
            assert band.x < chip.x and chip.x + chip.width < band.x + band.width
            assert band.y < chip.y and chip.y + chip.height < band.y + band.height
    for upper, lower in pairwise(layout.bands):
        assert upper.y + upper.height < lower.y
    for net in layout.nets:
        for sink in net.sinks:
            assert sink.path[0] == net.source.anchor
            assert sink.path[-1] == sink.pin.anchor
            for (x1, y1), (x2, y2) in pairwise(sink.path):
                assert (x1 == x2) != (y1 == y2), "a wire that is neither level nor upright"
            for x, y in sink.path:
                assert 0 < x < layout.width and 0 < y < layout.height
    check_nets(layout)


def check_nets(layout: Layout) -> None:
    pieces = {net: segments(net) for net in layout.nets}
    lines: dict[tuple[int, int], list[tuple[int, int, Net]]] = {}
    for net, own in pieces.items():
        for a, b in own:
            for chip in layout.chips:
                assert not enters((a, b), chip), f"{net.source.chip.title} runs into {chip.title}"
            along = 1 if a[0] == b[0] else 0
            lines.setdefault((along, a[1 - along]), []).append((a[along], b[along], net))
    for same_line in lines.values():
        for (start, end, first), (start2, end2, second) in combinations(same_line, 2):
            shared = min(end, end2) - max(start, start2)
            assert first is second or shared <= 0, (first.source.name, second.source.name)
    for first, second in combinations(layout.nets, 2):
        for one, other in ((first, second), (second, first)):
            corners = {p for sink in one.sinks for p in sink.path}
            for corner in corners:
                assert not any(on_segment(corner, s) for s in pieces[other]), corner


@pytest.mark.parametrize("view", [actor_critic(), ppo(), ppo(failing=True)], ids=lambda v: v.name)
def test_geometry_of_written_boards(view: BoardView) -> None:
    check_geometry(lay_out(bundle(view)))


@pytest.mark.parametrize("block", range(10))
def test_geometry_of_random_boards(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        check_geometry(lay_out(bundle(random_board(seed))))


def test_geometry_of_a_large_board() -> None:
    check_geometry(lay_out(bundle(random_board(5, chips=120, phases=4))))


def test_a_large_board_is_laid_out_within_a_second() -> None:
    view = bundle(random_board(7, chips=120, phases=3))
    start = time.process_time()  # not of other processes on this machine
    lay_out(view)
    assert time.process_time() - start < 1.0


def test_the_same_board_is_laid_out_the_same_way() -> None:
    first, second = lay_out(bundle(ppo())), lay_out(bundle(ppo()))
    assert [s.path for n in first.nets for s in n.sinks] == [
        s.path for n in second.nets for s in n.sinks
    ]
