"""Rows: a phase too wide for one line goes on in the next, like a text.

It is broken between two columns, where the rows become about equally wide and few nets have to
change rows. Each row is then arranged by itself; the nets between rows run in the space between.
"""

import math
from collections.abc import Iterator

from alfgraph.drawing.layout.bands import channel_width, label_width
from alfgraph.drawing.layout.columns import places
from alfgraph.drawing.layout.shapes import GRID, Chip, Net

WIDEST = 330 * GRID
"""What a row may measure without its heading; drawn 1500 pixels wide its text is still read."""
UNEVENNESS = 60
"""So many pixels by which a row misses its share weigh as much as a net that changes rows."""


def rows_of(chips: list[Chip], nets: list[Net], widest: int = WIDEST) -> list[list[Chip]]:
    """Breaks the chips of a phase into rows, in the order in which data flow.

    Args:
        chips: the chips of the phase, in the order of execution.
        nets: the nets that start in it.
        widest: what a row may measure, about.
    """
    place = places(chips, nets)
    starts = _starts(chips, nets, place)
    if starts[-1] <= widest:
        return [chips]
    count = math.ceil(starts[-1] / widest)
    share = starts[-1] * (count // 2) / count
    wires = [net for net in nets if net.layer == "wire"]

    def cost(column: int) -> float:
        changing = sum(_changes(net, place, column) for net in wires)
        return changing + abs(starts[column] - share) / UNEVENNESS

    best = min(range(1, len(starts) - 1), key=cost, default=0)
    first = [chip for chip in chips if place[chip] < best]
    second = [chip for chip in chips if place[chip] >= best]
    return [row for part in (first, second) if part for row in _again(part, chips, nets, widest)]


def _again(
    part: list[Chip], whole: list[Chip], nets: list[Net], widest: int
) -> Iterator[list[Chip]]:
    """Breaks a part further, as long as it becomes smaller."""
    if len(part) == len(whole):
        yield part
        return
    inside = set(part)
    yield from rows_of(part, [net for net in nets if net.source.chip in inside], widest)


def _starts(chips: list[Chip], nets: list[Net], place: dict[Chip, int]) -> list[int]:
    """About where every column starts when all stand in one row; last, where the row ends."""
    count = max(place.values(), default=-1) + 1
    widths, labels, bends = [0] * count, [0] * (count + 1), [0] * (count + 1)
    for chip in chips:
        column = place[chip]
        widths[column] = max(widths[column], chip.width)
        for pin in chip.pins.values():
            if pin.side == "out" and pin.connected:
                labels[column + 1] = max(labels[column + 1], label_width(pin))
    for net in nets:
        for column in {place[sink.pin.chip] for sink in net.sinks if sink.pin.chip in place}:
            bends[column] += 1
    starts, at = [], 0
    for column, width in enumerate(widths):
        at += channel_width(labels[column], bends[column] // 2, 0)
        starts.append(at)
        at += width
    return [*starts, at]


def _changes(net: Net, place: dict[Chip, int], column: int) -> bool:
    """Whether a net has ends on both sides of a break."""
    ends = [place[s.pin.chip] for s in net.sinks if s.pin.chip in place] + [place[net.source.chip]]
    return min(ends) < column <= max(ends)
