"""The layout of a board: bands below each other, lanes and risers between, a path for every wire.

Nothing here knows colours or formats; `lay_out` is deterministic and works in whole pixels.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import get_args

from alfgraph.drawing.layout.bands import (
    Band,
    enter,
    leave,
    make_band,
    make_room_for_note,
    set_across,
    set_tracks,
)
from alfgraph.drawing.layout.channels import Trunk
from alfgraph.drawing.layout.chips import build_chips, build_nets
from alfgraph.drawing.layout.lanes import PITCH, Lane, stack
from alfgraph.drawing.layout.rows import WIDEST, rows_of
from alfgraph.drawing.layout.shapes import GRID, Chip, Layer, Net, Point, Sink
from alfgraph.drawing.picture.complaints import complaints
from alfgraph.drawing.picture.view import BoardView

EDGE = 8 * GRID
HEAD = 12 * GRID
FOOT = 15 * GRID
COMPLAINT = 3 * GRID
BAND_PAD = 5 * GRID
ROW_PAD = 2 * GRID
FEEDBACK_PITCH = 4 * GRID
BETWEEN = 3 * GRID
LEAST_WIDTH = 190 * GRID
SCREEN = 16, 9
"""The sides of a window, about."""


@dataclass(slots=True, eq=False)
class Exit:
    """How a net travels between columns that are not neighbours: trunk, lane, riser, lane, trunk.

    Attributes:
        net: whose it is.
        band: where it starts.
        trunk: the trunk that leaves the source's column.
        gap: the space between bands it goes to; None for the lane of its own band.
        ends: for every sink the trunk that enters its column, its band and its space.
        riser: where it changes between spaces.
    """

    net: Net
    band: Band
    trunk: Trunk
    gap: int | None
    ends: list[tuple[Sink, Trunk, Band, int | None]] = field(default_factory=list)
    riser: int | None = None
    lanes: dict[int | None, Lane] = field(default_factory=dict)


@dataclass(slots=True)
class Layout:
    """A drawn board: everything has its place."""

    view: BoardView
    chips: list[Chip]
    nets: list[Net]
    bands: list[Band]
    width: int
    height: int

    @property
    def frames(self) -> list[tuple[Band, Band]]:
        """The first and the last row of every phase."""
        first = [band for band in self.bands if band.row == 0]
        starts = [*(band.index for band in first), len(self.bands)]
        return [(self.bands[a], self.bands[b - 1]) for a, b in pairwise(starts)]


def lay_out_for_screen(view: BoardView) -> Layout:
    """The layout that is largest on a screen: of wide rows and of many, what fits it best."""
    width, height = SCREEN
    layouts = [lay_out(view, times * WIDEST) for times in (1, 2, 3)]
    return min(layouts, key=lambda made: max(made.width * height, made.height * width))


def lay_out(view: BoardView, widest: int = WIDEST) -> Layout:
    """Places chips and wires of a board (with its records bundled already).

    Args:
        view: the board.
        widest: where a phase is broken into rows.
    """
    chips = build_chips(view)
    nets = build_nets(view, chips)
    bands = _bands(view, chips, nets, widest)
    exits = _exits(nets, bands)
    for band in bands:
        set_tracks(band)
    risers = _risers(exits)
    inner = max([LEAST_WIDTH, *(band.width for band in bands)])
    x = EDGE + len(risers["bus"]) * PITCH
    for band in bands:
        set_across(band, x, inner)
    right = _place_risers(risers, x, x + inner)
    for band in bands:
        band.width += len(risers["wire"]) * PITCH
    bottom = _place_down(bands, exits, HEAD + len(complaints(view)) * COMPLAINT)
    _draw_paths(nets, bands, exits)
    return Layout(view, chips, nets, bands, right + EDGE, bottom + FOOT)


def _bands(view: BoardView, chips: list[Chip], nets: list[Net], widest: int) -> list[Band]:
    """Arranges every phase in one row, or in several."""
    bands: list[Band] = []
    for phase in view.phases:
        own = [chip for chip in chips if chip.node.phase == phase.name]
        starting = [net for net in nets if net.source.chip.node.phase == phase.name]
        for row, members in enumerate(rows_of(own, starting, widest)):
            inside = set(members)
            here = [net for net in starting if net.source.chip in inside]
            bands.append(make_band(len(bands), row, phase, members, here))
    band_of = {chip: band for band in bands for chip in band.chips}
    for net in nets:
        for sink in net.sinks:
            if sink.failing:
                make_room_for_note(band_of[sink.pin.chip], sink)
    return bands


def _exits(nets: list[Net], bands: list[Band]) -> list[Exit]:
    """Decides for every net that leaves its columns which spaces it runs through."""
    band_of = {chip: band for band in bands for chip in band.chips}
    exits = []
    for net in nets:
        band = band_of[net.source.chip]
        far = [sink for sink in net.sinks if sink not in band.columns.forward]
        back = [s for s in far if net.layer == "wire" and band_of[s.pin.chip] is band]
        away = [sink for sink in far if sink not in back]
        if back:
            exit_ = Exit(net, band, leave(band, net, up=True), None)
            exit_.ends = [(sink, enter(band, net, sink, up=True), band, None) for sink in back]
            exits.append(exit_)
        if away:
            exits.append(_away(net, band, away, band_of))
    return exits


def _away(net: Net, band: Band, sinks: list[Sink], band_of: dict[Chip, Band]) -> Exit:
    """The way through the spaces between bands, to other bands or to other parameters."""
    gap = band.index + (min(band_of[sink.pin.chip].index for sink in sinks) > band.index)
    exit_ = Exit(net, band, leave(band, net, up=gap == band.index), gap)
    for sink in sinks:
        target = band_of[sink.pin.chip]
        space = target.index + (target.index < gap)
        trunk = enter(target, net, sink, up=space == target.index)
        exit_.ends.append((sink, trunk, target, space))
    return exit_


def first_trunk(trunk: Trunk) -> Trunk:
    """The trunk a line meets first when it comes from a lane."""
    while trunk.before is not None:
        trunk = trunk.before
    return trunk


def _spaces(exit_: Exit) -> list[int]:
    """The spaces between bands that a net uses."""
    spaces = {space for _, _, _, space in exit_.ends} | {exit_.gap}
    return sorted(space for space in spaces if space is not None)


def _risers(exits: list[Exit]) -> dict[Layer, list[Exit]]:
    """The nets that change spaces, the short ones first."""
    rising = [exit_ for exit_ in exits if len(_spaces(exit_)) > 1]
    rising.sort(key=lambda exit_: _spaces(exit_)[-1] - _spaces(exit_)[0])
    layers: tuple[Layer, ...] = get_args(Layer)
    return {layer: [e for e in rising if e.net.layer == layer] for layer in layers}


def _place_risers(risers: dict[Layer, list[Exit]], left: int, right: int) -> int:
    """Sets where nets rise: wires inside the frames, buses left of them, parameters on the right.

    Returns:
        The right edge of all.
    """
    for exit_ in risers["bus"]:
        left -= PITCH
        exit_.riser = left
    for exit_ in (*risers["wire"], *risers["trains"], *risers["tracks"]):
        right += PITCH
        exit_.riser = right
    return right


def _place_down(bands: list[Band], exits: list[Exit], head: int) -> int:
    """Sets every vertical position below `head`; returns the bottom of the last space."""
    for exit_ in exits:
        _make_lanes(exit_)
    y = head
    for space in range(len(bands) + 1):
        lanes = [exit_.lanes[space] for exit_ in exits if space in exit_.lanes]
        count = stack(lanes)
        for lane in lanes:
            lane.y = y + BETWEEN + lane.number * PITCH
        y += BETWEEN + (count * PITCH + BETWEEN - PITCH // 2 if count else 0)
        y = -(-y // GRID) * GRID
        if space == len(bands):
            break
        band = bands[space]
        own = [e.lanes[None] for e in exits if None in e.lanes and e.band is band]
        above = BAND_PAD if band.row == 0 else ROW_PAD
        below = ROW_PAD if _goes_on(bands, space) else BAND_PAD
        band.y, band.lanes = y, stack(own)
        for lane in own:
            lane.y = y + above + lane.number * FEEDBACK_PITCH
        band.content_top = y + above + (band.lanes * FEEDBACK_PITCH + GRID if own else 0)
        band.height = max(band.content_top - y + band.content_height + below, 16 * GRID)
        for chip in band.chips:
            chip.y += band.content_top
        y += band.height
    return y


def _goes_on(bands: list[Band], index: int) -> bool:
    """Whether the phase of a band has another row below."""
    return index + 1 < len(bands) and bands[index + 1].row > 0


def _make_lanes(exit_: Exit) -> None:
    """The lanes of a net, each with the lines that meet it."""

    def meet(space: int | None, x: int, from_above: bool) -> None:
        lane = exit_.lanes.setdefault(space, Lane(exit_.net))
        points = lane.above if from_above else lane.below
        if x not in points:
            points.append(x)

    meet(exit_.gap, exit_.trunk.x, exit_.gap == exit_.band.index + 1)
    for _, trunk, band, space in exit_.ends:
        meet(space, first_trunk(trunk).x, space == band.index + 1)
    spaces = _spaces(exit_)
    if exit_.riser is not None:
        for space in spaces:
            if space != spaces[0]:
                meet(space, exit_.riser, True)
            if space != spaces[-1]:
                meet(space, exit_.riser, False)


def _draw_paths(nets: list[Net], bands: list[Band], exits: list[Exit]) -> None:
    """Gives every sink the corners of its wire, from source to sink."""
    band_of = {chip: band for band in bands for chip in band.chips}
    for net in nets:
        band = band_of[net.source.chip]
        for sink in net.sinks:
            if sink in band.columns.forward:
                sink.path = simplified(_forward_path(band, net, sink))
    for exit_ in exits:
        for sink, trunk, band, space in exit_.ends:
            path = [exit_.net.source.anchor]
            _follow(path, exit_.trunk, exit_.band, exit_.lanes[exit_.gap].y)
            if space != exit_.gap and exit_.riser is not None:
                path += [(exit_.riser, exit_.lanes[exit_.gap].y)]
                path += [(exit_.riser, exit_.lanes[space].y)]
            path.append((first_trunk(trunk).x, exit_.lanes[space].y))
            _follow(path, trunk, band, sink.pin.anchor[1])
            sink.path = simplified([*path, sink.pin.anchor])


def _forward_path(band: Band, net: Net, sink: Sink) -> list[Point]:
    """From column to column."""
    path = [net.source.anchor]
    end = band.columns.place[sink.pin.chip]
    for column in range(band.columns.place[net.source.chip] + 1, end + 1):
        item = band.passing.get((net, column)) if column < end else None
        y = band.content_top + item.y if item else sink.pin.anchor[1]
        trunk = band.channels[column].trunks[net, ""]
        if not trunk.straight:
            _follow(path, trunk, band, y)
    return [*path, sink.pin.anchor]


def _follow(path: list[Point], trunk: Trunk, band: Band, y: int) -> None:
    """Goes along a trunk, and the ones before it, to a height."""
    chain = [trunk]
    while chain[0].before is not None:
        chain.insert(0, chain[0].before)
    for piece in chain:
        target = y if piece is trunk else band.content_top + piece.rights[0]
        path += [(piece.x, path[-1][1]), (piece.x, target)]


def simplified(path: list[Point]) -> list[Point]:
    """Leaves out repeated points and points in the middle of a straight line."""
    result: list[Point] = []
    for point in path:
        if result and result[-1] == point:
            continue
        while len(result) > 1 and (
            result[-2][0] == result[-1][0] == point[0] or result[-2][1] == result[-1][1] == point[1]
        ):
            result.pop()
        result.append(point)
    return result
