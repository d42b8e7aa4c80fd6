"""What a drawing is made of: chips with pins, and nets between pins. Positions in whole pixels."""

from dataclasses import dataclass, field
from typing import Literal

from alfgraph.drawing.picture.view import DtypeFamily, NodeView, PartView, PinRef

GRID = 6
"""Everything a wire touches lies on this grid, so that lines are equal or clearly apart."""

PAD = 6
"""How far a pin's pad stands out from the chip."""

Side = Literal["in", "out"]
Layer = Literal["wire", "bus", "trains", "tracks"]
Point = tuple[int, int]


@dataclass(slots=True, eq=False)
class Chip:
    """An application as it is drawn.

    Attributes:
        node: what it stands for.
        part: the component applied, if any.
        pill: a small chip without header, for arithmetic and the methods of distributions.
        title: the name in the header.
        subtitle: the class name.
        lines: the settings, already broken into lines.
        width: of the body, without pads.
        height: of the body.
        pins: by side and name.
        pinned_left: it reads a buffer, which comes from the left.
        number: counts the chips of the drawing; nets name them by it.
        designator: the part's number, the same wherever the part is applied.
        wrong: the codes of errors about it.
    """

    node: NodeView
    part: PartView | None
    pill: bool
    title: str
    subtitle: str = ""
    lines: tuple[str, ...] = ()
    width: int = 0
    height: int = 0
    pins: dict[tuple[Side, str], "Pin"] = field(default_factory=dict)
    x: int = 0
    y: int = 0
    pinned_left: bool = False
    designator: str = ""
    wrong: str = ""
    number: int = 0


@dataclass(slots=True, eq=False)
class Pin:
    """A pad of a chip, `dy` below the chip's top edge; it may stand for pins of the board."""

    chip: Chip
    side: Side
    name: str
    dy: int
    spec: str
    family: DtypeFamily
    layer: Layer = "wire"
    shows_name: bool = True
    connected: bool = False
    default: str | None = None
    stands_for: tuple[PinRef, ...] = ()

    @property
    def anchor(self) -> Point:
        """Where wires meet the pad."""
        edge = self.chip.x - PAD if self.side == "in" else self.chip.x + self.chip.width + PAD
        return edge, self.chip.y + self.dy


@dataclass(slots=True, eq=False)
class Sink:
    """One end of a net, with what is particular about the wire to it."""

    pin: Pin
    spec: str = ""
    family: DtypeFamily = "float"
    latched: bool = False
    detached: bool = False
    failing: str | None = None
    change: str | None = None
    path: list[Point] = field(default_factory=list)
    register: Point | None = None


@dataclass(slots=True, eq=False)
class Net:
    """Everything one output pin is connected to."""

    number: int
    source: Pin
    layer: Layer = "wire"
    sinks: list[Sink] = field(default_factory=list)

    @property
    def is_record(self) -> bool:
        """Whether it is drawn as a thick bus."""
        return self.source.family == "record" or self.layer == "bus"
