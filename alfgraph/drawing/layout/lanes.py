"""Lanes: the level pieces of nets above the chips of a band, and in the spaces between bands."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from alfgraph.drawing.layout.ordering import least_cost_order
from alfgraph.drawing.layout.shapes import GRID, Net

PITCH = 3 * GRID
APART = 4 * GRID


@dataclass(slots=True, eq=False)
class Lane:
    """A level piece of a net, with the upright lines that meet it.

    Attributes:
        net: whose it is.
        above: where lines come from above.
        below: where lines come from below.
        number: its place, counted from the top.
        y: where that is.
    """

    net: Net
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    number: int = 0
    y: int = 0

    @property
    def left(self) -> int:
        """The left end."""
        return min(self.above + self.below)

    @property
    def right(self) -> int:
        """The right end."""
        return max(self.above + self.below)


def stack(lanes: Iterable[Lane]) -> int:
    """Numbers lanes from the top so that few lines cross; returns how many heights they need."""
    ordered = least_cost_order(list(lanes), _cost)
    for index, lane in enumerate(ordered):
        lane.number = max(
            (other.number + 1 for other in ordered[:index] if _conflict(other, lane)), default=0
        )
    return max((lane.number + 1 for lane in ordered), default=0)


def _cost(upper: Lane, lower: Lane) -> int:
    """How many lines cross if one lane lies above the other."""
    crossings = sum(lower.left < x < lower.right for x in upper.below)
    return crossings + sum(upper.left < x < upper.right for x in lower.above)


def _conflict(upper: Lane, lower: Lane) -> bool:
    apart = upper.right + APART < lower.left or lower.right + APART < upper.left
    return not apart or _cost(upper, lower) != _cost(lower, upper)
