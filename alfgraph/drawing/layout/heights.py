"""Heights: moves the items of ordered columns up and down until wires run straight.

Every column is settled exactly, given its neighbours: the least total bend under the order and the
distances kept is an isotonic regression in the L1 norm, solved by pooling adjacent violators with
weighted medians. Medians of grid points are grid points, so pins meet exactly.

Source: Best, Chakravarti (1990), Active set algorithms for isotonic regression.
"""

from itertools import pairwise

from alfgraph.drawing.layout.columns import Item, Link
from alfgraph.drawing.layout.shapes import GRID

CHIP_GAP = 6 * GRID
NET_GAP = 3 * GRID
SIDE_GAP = 3 * GRID
ROUNDS = 14
ONE_SIDED_ROUNDS = 4

Pull = tuple[int, int]
"""A wished position and its weight."""


def settle(columns: list[list[Item]]) -> int:
    """Sets `y` of every item, from 0 down.

    Returns:
        The height of the lowest edge.
    """
    for column in columns:
        _stack(column)
    best, least = _heights(columns), _bend(columns)
    for turn in range(ROUNDS):
        rightward, both = turn % 2 == 0, turn >= ONE_SIDED_ROUNDS
        for column in columns if rightward else columns[::-1]:
            _settle_column(column, left=rightward or both, right=not rightward or both)
        _shift_straight_groups(columns)
        bend = _bend(columns)
        if bend < least:
            best, least = _heights(columns), bend
    for column, heights in zip(columns, best, strict=True):
        for item, y in zip(column, heights, strict=True):
            item.y = y
    for column in columns:
        _gather(column)
    top = min((item.y for column in columns for item in column), default=0)
    for column in columns:
        for item in column:
            item.y -= top
    return max((item.y + item.height for column in columns for item in column), default=0)


def _gather(column: list[Item]) -> None:
    """Puts what nothing is wired to beside its neighbour, which wires may have moved away."""
    first = next((n for n, item in enumerate(column) if not _is_loose(item)), 0)
    for upper, lower in pairwise(column[first:]):
        if _is_loose(lower):
            lower.y = upper.y + upper.height + gap(upper, lower)
    for lower, upper in pairwise(column[first::-1]):
        upper.y = lower.y - upper.height - gap(upper, lower)


def _is_loose(item: Item) -> bool:
    return not (item.left or item.right)


def _heights(columns: list[list[Item]]) -> list[list[int]]:
    return [[item.y for item in column] for column in columns]


def _bend(columns: list[list[Item]]) -> int:
    """The total bend of all links, the heavier ones counting more, and a little for every bend."""
    total = 0
    for column in columns:
        for item in column:
            for link in item.right:
                bend = abs(_right_end(link) - _left_end(link))
                total += _weight(link) * (bend + (2 * GRID if bend else 0))
    return total


def _left_end(link: Link) -> int:
    return link.left.y + link.left_dy


def _right_end(link: Link) -> int:
    return link.right.y + link.right_dy


def _weight(link: Link) -> int:
    """Long wires should be straight first, buses before thin wires."""
    passing = (link.left.chip is None) + (link.right.chip is None)
    return (2, 3, 8)[passing] + (2 if link.net.is_record else 0)


def gap(upper: Item, lower: Item) -> int:
    """The least distance between two neighbours of a column."""
    if upper.chip and lower.chip:
        return CHIP_GAP
    return SIDE_GAP if upper.chip or lower.chip else NET_GAP


def _stack(column: list[Item]) -> None:
    y = 0
    for previous, item in zip([None, *column], column, strict=False):
        if previous is not None:
            y += previous.height + gap(previous, item)
        item.y = y


def _settle_column(column: list[Item], left: bool, right: bool) -> None:
    """Moves a column's items to the positions of least bend."""
    offsets, offset = [], 0
    for previous, item in zip([None, *column], column, strict=False):
        if previous is not None:
            offset += previous.height + gap(previous, item)
        offsets.append(offset)
    blocks: list[tuple[list[Pull], int, int]] = []
    for item, offset in zip(column, offsets, strict=True):
        pulls = [(y - offset, weight) for y, weight in _pulls(item, left, right)]
        block = (pulls, _median(pulls), 1)
        while blocks and blocks[-1][1] > block[1]:
            above = blocks.pop()
            joined = above[0] + block[0]
            block = (joined, _median(joined), above[2] + block[2])
        blocks.append(block)
    positions = [median for _, median, size in blocks for _ in range(size)]
    for item, offset, position in zip(column, offsets, positions, strict=True):
        item.y = position + offset


def _pulls(item: Item, left: bool, right: bool) -> list[Pull]:
    """Where its links want an item to be; without any, where it is."""
    pulls = []
    if left:
        pulls += [(_left_end(link) - link.right_dy, 2 * _weight(link)) for link in item.left]
    if right:
        pulls += [(_right_end(link) - link.left_dy, 2 * _weight(link)) for link in item.right]
    return pulls or [(item.y, 1)]


def _median(pulls: list[Pull]) -> int:
    """The lower weighted median."""
    ordered = sorted(pulls)
    half = sum(weight for _, weight in ordered) / 2
    passed = 0
    for position, weight in ordered:
        passed += weight
        if passed >= half:
            return position
    return ordered[-1][0]


def _shift_straight_groups(columns: list[list[Item]]) -> None:
    """Moves whole straight stretches at once, which single columns cannot do."""
    for group in _straight_groups(columns):
        members = set(group)
        wishes = sorted(
            {_left_end(k) - _right_end(k) for i in group for k in i.left if k.left not in members}
            | {
                _right_end(k) - _left_end(k)
                for i in group
                for k in i.right
                if k.right not in members
            }
        )
        low, high = _slack(columns, group, members)
        best, least = 0, _group_bend(group, members, 0)
        for wish in wishes:
            if low <= wish <= high:
                bend = _group_bend(group, members, wish)
                if bend < least:
                    best, least = wish, bend
        for item in group:
            item.y += best


def _straight_groups(columns: list[list[Item]]) -> list[list[Item]]:
    """Items connected by straight links."""
    seen: set[Item] = set()
    groups = []
    for root in (item for column in columns for item in column):
        if root in seen:
            continue
        seen.add(root)
        group = [root]
        for item in group:
            straight = [k for k in (*item.left, *item.right) if _left_end(k) == _right_end(k)]
            for other in (end for k in straight for end in (k.left, k.right)):
                if other not in seen:
                    seen.add(other)
                    group.append(other)
        groups.append(group)
    return groups


def _slack(columns: list[list[Item]], group: list[Item], members: set[Item]) -> tuple[int, int]:
    """How far a group can move up and down."""
    low, high = -(10**6), 10**6
    for item in group:
        column = columns[item.column]
        place = item.order
        if place and column[place - 1] not in members:
            above = column[place - 1]
            low = max(low, above.y + above.height + gap(above, item) - item.y)
        if place + 1 < len(column) and column[place + 1] not in members:
            below = column[place + 1]
            high = min(high, below.y - item.y - item.height - gap(item, below))
    return low, high


def _group_bend(group: list[Item], members: set[Item], shift: int) -> int:
    total = 0
    for item in group:
        for link in item.left:
            if link.left not in members:
                bend = abs(_right_end(link) + shift - _left_end(link))
                total += _weight(link) * (bend + (2 * GRID if bend else 0))
        for link in item.right:
            if link.right not in members:
                bend = abs(_left_end(link) + shift - _right_end(link))
                total += _weight(link) * (bend + (2 * GRID if bend else 0))
    return total
