"""Channels: the upright trunks between two columns, one per net, on tracks of their own."""

from dataclasses import dataclass, field

from alfgraph.drawing.layout.ordering import least_cost_order
from alfgraph.drawing.layout.shapes import GRID, Net

FAR = 10**6
FORBIDDEN = 10_000
NEAR = GRID
APART = 2 * GRID


@dataclass(slots=True, eq=False)
class Trunk:
    """An upright piece of a net in one channel.

    Attributes:
        net: whose it is.
        lefts: the heights at which it is entered from the left.
        rights: the heights at which it is left to the right.
        up: whether it goes on upwards, to a lane above the chips.
        down: whether it goes on downwards, to a lane below them.
        track: its place in the channel, counted from the left.
        x: where that is.
        before: the trunk that leads to this one, where one net needs two.
    """

    net: Net
    lefts: list[int] = field(default_factory=list)
    rights: list[int] = field(default_factory=list)
    up: bool = False
    down: bool = False
    track: int = 0
    x: int = 0
    before: "Trunk | None" = None

    @property
    def top(self) -> int:
        """The upper end."""
        return -FAR if self.up else min(self.lefts + self.rights)

    @property
    def bottom(self) -> int:
        """The lower end."""
        return FAR if self.down else max(self.lefts + self.rights)

    @property
    def straight(self) -> bool:
        """Whether nothing but a level line is needed."""
        return not (self.up or self.down) and len(set(self.lefts + self.rights)) <= 1


def assign_tracks(trunks: list[Trunk], straight: set[int]) -> tuple[list[Trunk], int]:
    """Gives every trunk of a channel a track, so that no two nets lie on each other.

    Args:
        trunks: the trunks that need a track.
        straight: the heights of nets that pass level; a second trunk of a net avoids them.

    Returns:
        The trunks, with second trunks where two nets change places, and the number of tracks.
    """
    trunks = list(trunks)
    for _ in range(len(trunks) + 1):
        trunks = least_cost_order(trunks, cost)
        blocked = _blocked(trunks)
        if blocked is None:
            break
        trunks = _with_second_trunk(trunks, blocked, straight)
    for index, trunk in enumerate(trunks):
        trunk.track = max(
            (other.track + 1 for other in trunks[:index] if _conflict(other, trunk)), default=0
        )
    return trunks, max((trunk.track + 1 for trunk in trunks), default=0)


def cost(first: Trunk, second: Trunk) -> int:
    """What it costs to have `first` left of `second`: crossings, and overlaps, which are forbidden.

    The level line that leaves `first` to the right crosses `second`; the one that enters `second`
    from the left crosses `first`. Level lines overlap where `first` is left at the height at
    which `second` is entered.
    """
    crossings = sum(second.top < y < second.bottom for y in first.rights)
    crossings += sum(first.top < y < first.bottom for y in second.lefts)
    if first.net is second.net:
        return crossings
    overlaps = sum(abs(a - b) < NEAR for a in first.rights for b in second.lefts)
    return (
        4 * crossings
        + FORBIDDEN * overlaps
        + 2 * sum(abs(a - b) == NEAR for a in first.rights for b in second.lefts)
    )


def _conflict(first: Trunk, second: Trunk) -> bool:
    """Whether two trunks must stay in order on different tracks."""
    if first.top <= second.bottom + APART and second.top <= first.bottom + APART:
        return True
    return cost(first, second) != cost(second, first)


def _blocked(trunks: list[Trunk]) -> Trunk | None:
    """A trunk that lies on another whatever their order."""
    for index, first in enumerate(trunks):
        for second in trunks[index + 1 :]:
            if cost(first, second) >= FORBIDDEN:
                return second if second.before is None and second.lefts else first
    return None


def _with_second_trunk(trunks: list[Trunk], blocked: Trunk, straight: set[int]) -> list[Trunk]:
    """Lets a net leave its height early, for a free one, on a trunk of its own."""
    used = sorted(straight | {y for trunk in trunks for y in trunk.lefts + trunk.rights})
    start = blocked.lefts[0] if blocked.lefts else blocked.rights[0]
    free = next(
        y
        for step in range(1, 10_000)
        for y in (start + step * GRID, start - step * GRID)
        if all(abs(y - other) > NEAR for other in used)
    )
    if blocked.lefts:
        before = Trunk(blocked.net, lefts=blocked.lefts, rights=[free], before=blocked.before)
        blocked.lefts, blocked.before = [free], before
        return [before, *trunks]
    ends = list(blocked.rights)
    before = Trunk(blocked.net, rights=[free], up=blocked.up, down=blocked.down)
    blocked.up = blocked.down = False
    blocked.lefts, blocked.rights, blocked.before = [free], ends, before
    return [before, *trunks]
