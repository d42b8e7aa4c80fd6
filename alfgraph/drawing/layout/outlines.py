"""Outlines of open nested boards, where their chips lie together."""

from dataclasses import dataclass

from alfgraph.drawing.layout.bands import Band
from alfgraph.drawing.layout.layout import Layout
from alfgraph.drawing.layout.shapes import GRID, Chip

MARGIN = 2 * GRID


@dataclass(frozen=True, slots=True)
class Outline:
    """A frame around the chips of one nested board in one phase."""

    board: str
    x: int
    y: int
    width: int
    height: int


def outlines(layout: Layout) -> list[Outline]:
    """Finds the nested boards whose chips no other chip stands between, outer ones first."""
    found = []
    for band in layout.bands:
        for board in dict.fromkeys(_boards(band)):
            inside = [c for c in band.chips if _is_inside(c, board)]
            outside = [c for c in band.chips if not _is_inside(c, board)]
            outline = _around(board, inside)
            if outside and len(inside) > 1 and not any(_meets(outline, c) for c in outside):
                found.append(outline)
    return sorted(found, key=lambda outline: (outline.board.count("."), outline.y, outline.x))


def _boards(band: Band) -> list[str]:
    return [chip.node.board for chip in band.chips if chip.node.board]


def _is_inside(chip: Chip, board: str) -> bool:
    return chip.node.board == board or chip.node.board.startswith(board + ".")


def _around(board: str, chips: list[Chip]) -> Outline:
    left = min(chip.x for chip in chips) - MARGIN - GRID
    top = min(chip.y for chip in chips) - MARGIN - GRID
    right = max(chip.x + chip.width for chip in chips) + MARGIN + GRID
    bottom = max(chip.y + chip.height for chip in chips) + 2 * MARGIN
    return Outline(board, left, top, right - left, bottom - top)


def _meets(outline: Outline, chip: Chip) -> bool:
    return (
        outline.x < chip.x + chip.width
        and chip.x < outline.x + outline.width
        and outline.y < chip.y + chip.height
        and chip.y < outline.y + outline.height
    )
