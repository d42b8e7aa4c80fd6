"""Columns and their order: which chip stands how far to the right, and above which other.

The layered method of Sugiyama, Tagawa and Toda (1981), with one place per net and column, because
all branches of a net share one trunk, and with crossings counted at the height of the pins.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

from alfgraph.drawing.layout.shapes import Chip, Net, Sink

SWEEPS = 10


@dataclass(slots=True, eq=False)
class Item:
    """What stands in a column: a chip, or the place where a net passes it."""

    column: int
    chip: Chip | None = None
    net: Net | None = None
    order: int = 0
    y: int = 0
    left: list["Link"] = field(default_factory=list)
    right: list["Link"] = field(default_factory=list)

    @property
    def height(self) -> int:
        """In pixels; a passing net has none."""
        return self.chip.height if self.chip else 0


@dataclass(slots=True, eq=False)
class Link:
    """A net between two neighbouring columns, `dy` below the tops of what it connects."""

    net: Net
    left: Item
    left_dy: int
    right: Item
    right_dy: int


@dataclass(slots=True)
class Columns:
    """A band as columns of items; `forward` are the sinks reached from column to column."""

    columns: list[list[Item]]
    links: list[Link]
    forward: set[Sink]
    place: dict[Chip, int]


def arrange(chips: list[Chip], nets: list[Net]) -> Columns:
    """Puts the chips of one band into ordered columns.

    Args:
        chips: the chips of the band, in the order of execution.
        nets: the wires between them; latched sinks and loops are left to the lanes above.
    """
    forward = _forward_sinks(chips, nets)
    place = _places(chips, forward, nets)
    result = _items(chips, nets, forward, place)
    _order(result.columns)
    _sort_inputs(result.columns)
    return result


def places(chips: list[Chip], nets: list[Net]) -> dict[Chip, int]:
    """The columns that `arrange` would give the chips."""
    return _places(chips, _forward_sinks(chips, nets), nets)


def _forward_sinks(chips: list[Chip], nets: list[Net]) -> set[Sink]:
    """The sinks that come after their source, in the same row.

    That is all but latched ones and those that close a loop.
    """
    edges = _edges(chips, nets)
    forward: set[Sink] = set()
    state: dict[Chip, int] = {}
    for root in chips:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(edges[root]))]
        while stack:
            chip, rest = stack[-1]
            for target, sink in rest:
                if state.get(target) == 1:
                    continue  # closes a loop: a broken board, drawn all the same
                forward.add(sink)
                if target not in state:
                    state[target] = 1
                    stack.append((target, iter(edges[target])))
                    break
            else:
                state[chip] = 2
                stack.pop()
    return forward


def _edges(chips: list[Chip], nets: list[Net]) -> dict[Chip, list[tuple[Chip, Sink]]]:
    """From every chip to the others of its row that its wires lead to, latched ones left out."""
    edges: dict[Chip, list[tuple[Chip, Sink]]] = {chip: [] for chip in chips}
    for net in nets:
        source = net.source.chip
        for sink in net.sinks:
            within = sink.pin.chip in edges and sink.pin.chip is not source
            if net.layer == "wire" and within and not sink.latched:
                edges[source].append((sink.pin.chip, sink))
    return edges


def _places(chips: list[Chip], forward: set[Sink], nets: list[Net]) -> dict[Chip, int]:
    """Longest path from the left, then moves that shorten the wires."""
    ahead: dict[Chip, list[Chip]] = {chip: [] for chip in chips}
    behind: dict[Chip, list[Chip]] = {chip: [] for chip in chips}
    own: dict[Chip, list[Net]] = {chip: [] for chip in chips}
    for net in nets:
        for sink in net.sinks:
            if sink in forward:
                ahead[net.source.chip].append(sink.pin.chip)
                behind[sink.pin.chip].append(net.source.chip)
                own[sink.pin.chip].append(net)
                own[net.source.chip].append(net)
    place: dict[Chip, int] = {}
    waiting = {chip: len(behind[chip]) for chip in chips}
    ready = [chip for chip in chips if not waiting[chip]]
    for chip in ready:
        place[chip] = max((place[other] + 1 for other in behind[chip]), default=0)
        for target in ahead[chip]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for _ in range(4):
        for chip in reversed(ready):
            if not chip.pinned_left and ahead[chip]:
                _slide(chip, place, ahead, behind, own, forward)
    return place


def _slide(
    chip: Chip,
    place: dict[Chip, int],
    ahead: dict[Chip, list[Chip]],
    behind: dict[Chip, list[Chip]],
    own: dict[Chip, list[Net]],
    forward: set[Sink],
) -> None:
    """Moves a chip to the column where its nets are shortest, the leftmost of several."""
    first = max((place[other] + 1 for other in behind[chip]), default=place[chip])
    last = min(place[other] for other in ahead[chip]) - 1
    best, least = place[chip], None
    for column in range(first, last + 1):
        place[chip] = column
        length = sum(
            max(place[sink.pin.chip] for sink in net.sinks if sink in forward)
            - place[net.source.chip]
            for net in dict.fromkeys(own[chip])
        )
        if least is None or length < least:
            best, least = column, length
    place[chip] = best


def _items(
    chips: list[Chip], nets: list[Net], forward: set[Sink], place: dict[Chip, int]
) -> Columns:
    """Makes the items, and links every net from column to column along one trunk."""
    width = max(place.values(), default=-1) + 1
    columns: list[list[Item]] = [[] for _ in range(width)]
    of_chip: dict[Chip, Item] = {}
    for chip in chips:
        of_chip[chip] = Item(column=place[chip], chip=chip)
        columns[place[chip]].append(of_chip[chip])
    links: list[Link] = []
    for net in nets:
        sinks = [sink for sink in net.sinks if sink in forward]
        if not sinks:
            continue
        at, dy = of_chip[net.source.chip], net.source.dy
        for column in range(at.column + 1, max(place[s.pin.chip] for s in sinks) + 1):
            for sink in sinks:
                if place[sink.pin.chip] == column:
                    links.append(Link(net, at, dy, of_chip[sink.pin.chip], sink.pin.dy))
            if any(place[s.pin.chip] > column for s in sinks):
                passing = Item(column=column, net=net)
                columns[column].append(passing)
                links.append(Link(net, at, dy, passing, 0))
                at, dy = passing, 0
    for link in links:
        link.left.right.append(link)
        link.right.left.append(link)
    return Columns(columns, links, forward, place)


def _order(columns: list[list[Item]]) -> None:
    """Orders every column so that few wires cross: sweeps by the mean of neighbours, then swaps."""
    _number(columns)
    best, least = [list(column) for column in columns], _crossings(columns)
    for sweep in range(SWEEPS):
        rightward = sweep % 2 == 0
        for column in columns if rightward else reversed(columns):
            keys = {item: _mean_place(item, rightward) for item in column}
            column.sort(key=keys.__getitem__)
            _number([column])
        _swap_neighbours(columns)
        crossings = _crossings(columns)
        if crossings < least:
            best, least = [list(column) for column in columns], crossings
        if least == 0:
            break
    for column, ordered in zip(columns, best, strict=True):
        column[:] = ordered
    _number(columns)


def _sort_inputs(columns: list[list[Item]]) -> None:
    """Puts the inputs of every chip in the order in which their wires arrive, where that helps.

    A chip's inputs have names, so their order says nothing; fewer crossings do. Inputs without a
    wire from the left, such as latched ones, keep their rows.
    """
    for item in (item for column in columns for item in column):
        links = sorted(item.left, key=lambda k: k.right_dy)
        arriving = sorted(links, key=lambda k: (k.left.order, k.left_dy))
        if item.chip is None or arriving == links:
            continue
        rows = [link.right_dy for link in links]
        pins = {pin.dy: pin for pin in item.chip.pins.values() if pin.side == "in"}
        moved = [pins[link.right_dy] for link in arriving]
        for link, pin, dy in zip(arriving, moved, rows, strict=True):
            link.right_dy = pin.dy = dy


def _number(columns: list[list[Item]]) -> None:
    for column in columns:
        for order, item in enumerate(column):
            item.order = order


def _mean_place(item: Item, rightward: bool) -> float:
    """The mean height of what an item is linked to on one side, else where it is."""
    ends = _ends(item, rightward)
    if not ends:
        return float(item.order)
    return sum(order + dy / 1000 for order, dy in ends) / len(ends)


def _ends(item: Item, on_left: bool) -> list[tuple[int, int]]:
    """Where the links of one side end, as comparable heights."""
    if on_left:
        return [(link.left.order, link.left_dy) for link in item.left]
    return [(link.right.order, link.right_dy) for link in item.right]


def _crossings(columns: list[list[Item]]) -> int:
    """How many pairs of links cross, at the height of the pins."""
    total = 0
    for column in columns:
        links = [link for item in column for link in item.right]
        links.sort(key=lambda k: (k.left.order, k.left_dy, k.right.order, k.right_dy))
        seen: list[tuple[int, int]] = []
        for link in links:
            end = (link.right.order, link.right_dy)
            total += len(seen) - bisect_left(seen, (end[0], end[1] + 1))
            insort(seen, end)
    return total


def _swap_neighbours(columns: list[list[Item]]) -> None:
    """Swaps neighbours in a column as long as that removes crossings."""
    for _ in range(4):
        improved = False
        for column in columns:
            for i in range(len(column) - 1):
                upper, lower = column[i], column[i + 1]
                gain = sum(
                    _inversions(_ends(upper, side), _ends(lower, side))
                    - _inversions(_ends(lower, side), _ends(upper, side))
                    for side in (True, False)
                )
                if gain > 0:
                    column[i], column[i + 1] = lower, upper
                    lower.order, upper.order = i, i + 1
                    improved = True
        if not improved:
            return


def _inversions(upper: list[tuple[int, int]], lower: list[tuple[int, int]]) -> int:
    return sum(a > b for a in upper for b in lower)
