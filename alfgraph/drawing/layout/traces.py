"""Traces: the wires of a net joined into one tree of copper, cut where its look changes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from alfgraph.drawing.layout.layout import Layout, simplified
from alfgraph.drawing.layout.shapes import Layer, Net, Point, Sink
from alfgraph.drawing.picture.view import DtypeFamily

REGISTER_WIDTH = 36
CHAMFER = 6
PASSING = 2
"""Where so many pieces meet, a line passes; where more do, it branches."""

Segment = tuple[Point, Point]
Uprights = list[tuple[Net, int, int, int]]


@dataclass(frozen=True, slots=True)
class Look:
    """How a piece of copper is drawn."""

    family: DtypeFamily
    layer: Layer
    wide: bool
    failing: bool = False
    delayed: bool = False
    change: str | None = None


@dataclass(slots=True)
class Trace:
    """A piece of a net between junctions: its corners, and how it looks."""

    points: list[Point]
    look: Look


@dataclass(slots=True)
class Copper:
    """A net as copper: traces, the dots where three or more meet, and its registers."""

    net: Net
    traces: list[Trace] = field(default_factory=list)
    dots: list[tuple[Point, Look]] = field(default_factory=list)
    registers: list[Point] = field(default_factory=list)


def etch(layout: Layout) -> list[Copper]:
    """Joins the paths of every net's sinks and places the registers."""
    uprights = upright_pieces(layout.nets)
    for net in layout.nets:
        for sink in net.sinks:
            if sink.latched:
                sink.register = free_place(sink.path, net, uprights, REGISTER_WIDTH)
    return [_join(net) for net in layout.nets]


def upright_pieces(nets: Iterable[Net]) -> Uprights:
    """The upright pieces of nets: whose they are, x, top and bottom."""
    return [
        (net, a[0], min(a[1], b[1]), max(a[1], b[1]))
        for net in nets
        for sink in net.sinks
        for a, b in pairwise(sink.path)
        if a[0] == b[0]
    ]


def free_place(
    path: list[Point],
    net: Net,
    uprights: Uprights,
    width: int,
) -> Point:
    """Finds the middle of a level stretch of a path that no other net crosses.

    Args:
        path: the corners of a wire.
        net: the net it belongs to.
        uprights: the upright segments of all nets as (net, x, top, bottom).
        width: how much room is needed.

    Returns:
        The middle of the widest free stretch, or of the longest level segment if all are narrow.
    """
    best: tuple[int, Point] | None = None
    level = [(min(a[0], b[0]), max(a[0], b[0]), a[1]) for a, b in pairwise(path) if a[1] == b[1]]
    for left, right, y in level:
        inside = {
            x for other, x, top, bottom in uprights if top <= y <= bottom and left < x < right
        }
        for a, b in pairwise(sorted({left, right} | inside)):
            if best is None or b - a > best[0]:
                best = (b - a, ((a + b) // 2, y))
    if best is not None and best[0] >= width + 12:
        return best[1]
    if level:
        left, right, y = max(level, key=lambda piece: piece[1] - piece[0])
        return (left + right) // 2, y
    return path[0]


def _join(net: Net) -> Copper:
    """Cuts all paths of a net into shared pieces, and joins these to the longest traces."""
    vertices = {point for sink in net.sinks for point in sink.path}
    vertices |= {sink.register for sink in net.sinks if sink.register}
    users: dict[Segment, list[Sink]] = {}
    delayed: dict[Segment, bool] = {}
    for sink in net.sinks:
        passed = False
        for a, b in _cut(sink.path, vertices):
            segment = (a, b) if a <= b else (b, a)
            passed = passed or a == sink.register
            users.setdefault(segment, []).append(sink)
            delayed[segment] = delayed.get(segment, True) and passed
    looks = {s: _look(net, sinks, delayed[s]) for s, sinks in users.items()}
    copper = Copper(net)
    copper.registers = list(dict.fromkeys(s.register for s in net.sinks if s.register))
    _chain(copper, looks)
    return copper


def _cut(path: list[Point], vertices: set[Point]) -> Iterator[Segment]:
    """The segments of a path, cut where the net has a corner or an end on them."""
    for a, b in pairwise(path):
        on = sorted(
            p
            for p in vertices
            if (p[0] == a[0] == b[0] and min(a[1], b[1]) < p[1] < max(a[1], b[1]))
            or (p[1] == a[1] == b[1] and min(a[0], b[0]) < p[0] < max(a[0], b[0]))
        )
        if a > b:
            on.reverse()
        yield from pairwise([a, *on, b])


def _look(net: Net, sinks: list[Sink], delayed: bool) -> Look:
    """A bus is thick where it carries more than one field; a single field has its own colour."""
    families = {sink.family for sink in sinks}
    pins = {sink.pin for sink in sinks}
    wide = net.layer == "bus" or (net.is_record and (len(pins) > 1 or "record" in families))
    changes = {sink.change for sink in sinks}
    return Look(
        family="record" if wide else sinks[0].family,
        layer=net.layer,
        wide=wide,
        failing=all(sink.failing for sink in sinks),
        delayed=delayed,
        change=changes.pop() if len(changes) == 1 else None,
    )


@dataclass(slots=True)
class _Tree:
    """The pieces of a net's copper, and which meet at a point."""

    looks: dict[Segment, Look]
    around: dict[Point, list[Segment]] = field(default_factory=dict)

    def goes_on(self, point: Point, look: Look) -> bool:
        """Whether a trace passes a point: two pieces meet there that look the same."""
        meeting = self.around[point]
        return len(meeting) == PASSING and all(self.looks[s] == look for s in meeting)

    def ends(self) -> list[Point]:
        """Where traces begin and end."""
        return [
            point
            for point, segments in sorted(self.around.items())
            if not all(self.goes_on(point, self.looks[s]) for s in segments)
        ]


def _chain(copper: Copper, looks: dict[Segment, Look]) -> None:
    """Follows pieces of equal look through corners, from junction to junction."""
    tree = _Tree(looks)
    for segment in looks:
        for point in segment:
            tree.around.setdefault(point, []).append(segment)
    left = dict(looks)
    for start in tree.ends():
        for segment in sorted(tree.around[start]):
            if segment in left:
                copper.traces.append(_follow(tree, start, segment, left))
    for point, segments in sorted(tree.around.items()):
        if len(segments) > PASSING:
            wide = next((looks[s] for s in segments if looks[s].wide), looks[segments[0]])
            copper.dots.append((point, wide))


def _follow(tree: _Tree, start: Point, segment: Segment, left: dict[Segment, Look]) -> Trace:
    """Takes pieces out of `left` as long as the trace goes on."""
    look = left.pop(segment)
    points = [start, segment[1] if segment[0] == start else segment[0]]
    while tree.goes_on(points[-1], look):
        following = next((s for s in tree.around[points[-1]] if s in left), None)
        if following is None:
            break
        del left[following]
        points.append(following[1] if following[0] == points[-1] else following[0])
    return Trace(simplified(points), look)


def chamfered(points: list[Point]) -> str:
    """SVG path data of a trace, its corners cut at 45°."""
    data = [f"M{points[0][0]} {points[0][1]}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        cut = min(CHAMFER, _length(before, corner) // 2, _length(corner, after) // 2)
        x1, y1 = _towards(corner, before, cut)
        x2, y2 = _towards(corner, after, cut)
        data.append(f"L{x1} {y1}L{x2} {y2}")
    data.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(data)


def _length(a: Point, b: Point) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(corner: Point, other: Point, by: int) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    return corner[0] + by * ((dx > 0) - (dx < 0)), corner[1] + by * ((dy > 0) - (dy < 0))
