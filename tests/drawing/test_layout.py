"""Geometric facts that hold on every board: what a reader of a schematic relies on."""

import time
from itertools import combinations, pairwise

import pytest

from alfgraph.drawing.layout.layout import Layout, lay_out, lay_out_for_screen
from alfgraph.drawing.layout.rows import WIDEST
from alfgraph.drawing.layout.shapes import Chip, Net, Point
from alfgraph.drawing.picture.bundle import bundle
from alfgraph.drawing.picture.view import BoardView, PhaseView
from tests.drawing.boards import actor_critic
from tests.drawing.ppo_board import ppo
from tests.drawing.random_boards import random_board
from tests.drawing.sac_board import sac
from tests.drawing.wiring import Wiring, board

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


@pytest.mark.parametrize(
    "view", [actor_critic(), ppo(), ppo(failing=True), sac()], ids=lambda v: v.name
)
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


def chain(length: int) -> BoardView:
    """Chips one after the other; the last feeds the first, and the first is read by the last."""
    w = Wiring()
    w.node("unroll", "chip0", {"out": "float32[B]"})
    for number in range(1, length):
        inputs = {"x": (f"unroll/chip{number - 1}", "out")}
        if number == length - 1:
            inputs["skipped"] = ("unroll/chip0", "out")
        w.node("unroll", f"chip{number}", {"out": "float32[B]"}, inputs)
    w.feed((f"unroll/chip{length - 1}", "out"), ("unroll/chip0", "late"))
    return board(w, (), PhaseView(name="unroll", rate="every step"))


@pytest.mark.parametrize(("length", "rows"), [(8, [8]), (12, [6, 6]), (36, [9, 9, 9, 9])])
def test_a_long_phase_goes_on_in_the_next_row(length: int, rows: list[int]) -> None:
    layout = lay_out(chain(length))
    check_geometry(layout)
    assert [len(band.chips) for band in layout.bands] == rows
    assert [band.row for band in layout.bands] == list(range(len(rows)))
    assert len(layout.frames) == 1
    order = [chip.title for band in layout.bands for chip in sorted(band.chips, key=lambda c: c.x)]
    assert order == [f"chip{number}" for number in range(length)]


def test_on_a_screen_what_is_high_already_stays_in_one_row() -> None:
    w = Wiring()
    for line in range(16):
        w.node("unroll", f"{line}.0", {"out": "float32[B]"})
        for number in range(1, 12):
            inputs = {"x": (f"unroll/{line}.{number - 1}", "out")}
            w.node("unroll", f"{line}.{number}", {"out": "float32[B]"}, inputs)
    view = board(w, (), PhaseView(name="unroll"))
    assert [len(lay_out(view).bands), len(lay_out_for_screen(view).bands)] == [2, 1]
    assert len(lay_out_for_screen(chain(36)).bands) == 4
    check_geometry(lay_out_for_screen(view))


@pytest.mark.parametrize("seed", range(5))
def test_no_row_is_much_wider_than_a_page(seed: int) -> None:
    layout = lay_out(bundle(random_board(seed, chips=120, phases=2)))
    wide = [band for band in layout.bands if len(band.columns.columns) > 2]
    assert all(band.width < 1.5 * WIDEST for band in wide)


def test_what_is_wired_to_nothing_stands_beside_its_neighbour() -> None:
    w = Wiring()
    for number in range(4):
        w.node("unroll", f"source{number}", {"out": "float32[B]"})
        w.node("unroll", f"sink{number}", {}, {"x": (f"unroll/source{number}", "out")})
        w.node("unroll", f"loose{number}", {"out": "float32[B]"})
    layout = lay_out(board(w, (), PhaseView(name="unroll")))
    check_geometry(layout)
    column = sorted((c for c in layout.chips if c.title[1] in "ou"), key=lambda c: c.y)
    gaps = [lower.y - upper.y - upper.height for upper, lower in pairwise(column)]
    assert gaps == [36] * 7


def test_the_same_board_is_laid_out_the_same_way() -> None:
    first, second = lay_out(bundle(ppo())), lay_out(bundle(ppo()))
    assert [s.path for n in first.nets for s in n.sinks] == [
        s.path for n in second.nets for s in n.sinks
    ]
