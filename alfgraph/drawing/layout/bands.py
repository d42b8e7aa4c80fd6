"""Bands: one phase each, its chips in columns and its trunks in the channels between them."""

import math
import re
from dataclasses import dataclass, field

from alfgraph.drawing.layout.channels import Trunk, assign_tracks
from alfgraph.drawing.layout.columns import Columns, Item, arrange
from alfgraph.drawing.layout.heights import settle
from alfgraph.drawing.layout.shapes import GRID, Chip, Net, Pin, Sink
from alfgraph.drawing.picture.view import PhaseView

TRACK_PITCH = 2 * GRID
HEADING = 25 * GRID
STUB = 4 * GRID
LABEL_ADVANCE = 5.5
LONGEST_LABEL = 24
BOUNDS = re.compile(r" in [\[(][^\])]*[\])]")
DISTRIBUTION = re.compile(r"^(\w+)\(\w+(\[[^\]]*\]).*\)$")
"""`Categorical(int64[T, B] in [0, 2))` reads `Categorical[T, B]`."""
FIELD = re.compile(r"([\w.]+): ")
MOST_STRETCH = 20 * GRID


@dataclass(slots=True)
class Channel:
    """The space left of a column, and one right of the last.

    From the left: room for the labels of `labels` pixels, tracks, room for notes before the pins.
    """

    trunks: dict[tuple[Net, str], Trunk] = field(default_factory=dict)
    drawn: list[Trunk] = field(default_factory=list)
    tracks: int = 0
    labels: int = 0
    notes: int = 0
    x: int = 0
    width: int = 0


@dataclass(slots=True, eq=False)
class Band:
    """A phase on the board, or one row of it; its chips lie within `x`, `y`, `width`, `height`.

    Attributes:
        index: counts the bands from the top.
        row: counts the rows of its phase.
    """

    index: int
    row: int
    phase: PhaseView
    chips: list[Chip]
    columns: Columns
    channels: list[Channel]
    passing: dict[tuple[Net, int], Item]
    content_height: int
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    content_top: int = 0
    lanes: int = 0


def make_band(index: int, row: int, phase: PhaseView, chips: list[Chip], nets: list[Net]) -> Band:
    """Places the chips of a row relative to each other; `nets` are those that start in it."""
    columns = arrange(chips, nets)
    height = settle(columns.columns)
    for column in columns.columns:
        _level(column)
        for item in column:
            if item.chip:
                item.chip.y = item.y
    passing = {
        (item.net, item.column): item
        for column in columns.columns
        for item in column
        if item.net is not None
    }
    channels = [Channel() for _ in range(len(columns.columns) + 1)]
    band = Band(index, row, phase, chips, columns, channels, passing, height)
    _add_forward_trunks(band)
    for chip in chips:
        channel = channels[columns.place[chip] + 1]
        for pin in chip.pins.values():
            if pin.side == "out" and pin.connected:
                channel.labels = max(channel.labels, label_width(pin))
    return band


def make_room_for_note(band: Band, sink: Sink) -> None:
    """Keeps room before a pin for what is wrong with its wire."""
    channel = band.channels[band.columns.place[sink.pin.chip]]
    channel.notes = max(channel.notes, note_width(sink.failing or "") + 2 * GRID)


def note_width(text: str) -> int:
    """How wide a plate with a text is."""
    return math.ceil(len(text) * LABEL_ADVANCE * 1.05) + 14


def label_width(pin: Pin) -> int:
    """The room that is kept for the label of a pin."""
    return math.ceil(len(label(pin)) * LABEL_ADVANCE)


def label(pin: Pin) -> str:
    """The shortest of `labels`, for which there is always room."""
    return labels(pin)[-1]


def labels(pin: Pin) -> list[str]:
    """What can be printed above a trace where it leaves its pin, the longest first."""
    if pin.layer != "wire":
        return [""]
    text = DISTRIBUTION.sub(r"\1\2", pin.spec)
    if text.startswith("{"):
        return _record_labels(text)
    short = BOUNDS.sub("", text)
    short = short if len(short) <= LONGEST_LABEL else short[: LONGEST_LABEL - 1] + "…"
    return [text, short] if len(text) > LONGEST_LABEL else [text]


def _record_labels(spec: str) -> list[str]:
    """Of one field its spec; of several their names, or how many they are."""
    names = FIELD.findall(spec)
    if len(names) == 1:
        inner = spec.partition(": ")[2].removesuffix("}")
        return [inner, f"{inner[: LONGEST_LABEL - 1]}…" if len(inner) > LONGEST_LABEL else inner]
    return [f"{{{', '.join(names)}}}", f"{{{len(names)} fields}}"]


def _level(column: list[Item]) -> None:
    """Chips of a column that are nearly as wide become equally wide."""
    chips = [item.chip for item in column if item.chip]
    widest = max((chip.width for chip in chips), default=0)
    for chip in chips:
        if not chip.pill and chip.width * 5 >= widest * 3:
            chip.width = widest


def _add_forward_trunks(band: Band) -> None:
    """A trunk in every channel a net crosses."""
    for link in band.columns.links:
        trunk = _trunk(band, link.right.column, link.net, "")
        entered, left = link.left.y + link.left_dy, link.right.y + link.right_dy
        if entered not in trunk.lefts:
            trunk.lefts.append(entered)
        if left not in trunk.rights:
            trunk.rights.append(left)


def _trunk(band: Band, channel: int, net: Net, role: str) -> Trunk:
    return band.channels[channel].trunks.setdefault((net, role), Trunk(net))


def leave(band: Band, net: Net, up: bool) -> Trunk:
    """Leads a net out of its column, up or down to a lane."""
    chip = net.source.chip
    trunk = _trunk(band, band.columns.place[chip] + 1, net, "")
    height = chip.y + net.source.dy
    if height not in trunk.lefts:
        trunk.lefts.append(height)
    trunk.up, trunk.down = trunk.up or up, trunk.down or not up
    return trunk


def enter(band: Band, net: Net, sink: Sink, up: bool) -> Trunk:
    """Leads a net from a lane above (`up`) or below into a column."""
    chip = sink.pin.chip
    trunk = _trunk(band, band.columns.place[chip], net, "up" if up else "down")
    height = chip.y + sink.pin.dy
    if height not in trunk.rights:
        trunk.rights.append(height)
    trunk.up, trunk.down = trunk.up or up, trunk.down or not up
    return trunk


def set_tracks(band: Band) -> None:
    """Gives the trunks of every channel their tracks, and the channel its natural width."""
    for channel in band.channels:
        straight = {t.lefts[0] for t in channel.trunks.values() if t.straight and t.lefts}
        bent = [trunk for trunk in channel.trunks.values() if not trunk.straight]
        channel.drawn, channel.tracks = assign_tracks(bent, straight)
        channel.width = channel_width(channel.labels, channel.tracks, channel.notes)
    band.width = HEADING + sum(channel.width for channel in band.channels) + _chip_widths(band)


def channel_width(labels: int, tracks: int, notes: int) -> int:
    """How wide a channel must be for its labels, tracks and notes."""
    return _whole(labels + 3 * GRID + tracks * TRACK_PITCH + STUB + notes)


def _whole(width: float) -> int:
    """Rounds up to the pitch of tracks, on which the parity of bands depends."""
    return math.ceil(width / TRACK_PITCH) * TRACK_PITCH


def _column_widths(band: Band) -> list[int]:
    return [
        max((item.chip.width for item in column if item.chip), default=0)
        for column in band.columns.columns
    ]


def _chip_widths(band: Band) -> int:
    return sum(_column_widths(band))


def set_across(band: Band, x: int, width: int) -> None:
    """Sets every horizontal position; a narrow band is stretched, within reason.

    Tracks of neighbouring bands lie on different columns of the grid, so that lines that go on
    into the space between two bands never meet there.
    """
    spare = max(width - band.width, 0)
    stretch = min(spare // max(len(band.channels), 1), MOST_STRETCH) // TRACK_PITCH * TRACK_PITCH
    band.x, band.width = x, width
    at = x + HEADING
    for number, channel in enumerate(band.channels):
        channel.x = at
        channel.width += stretch
        tracks = channel.tracks * TRACK_PITCH
        first = at + channel.labels + 3 * GRID
        last = at + channel.width - STUB - channel.notes - tracks + GRID
        base = first if number == len(band.channels) - 1 else (first + max(last, first)) // 2
        base = _whole(base) + (GRID if band.index % 2 else 0)
        if base > max(last, first):
            base -= TRACK_PITCH
        for trunk in channel.drawn:
            trunk.x = base + trunk.track * TRACK_PITCH
        at += channel.width
        if number < len(band.columns.columns):
            at += _place_column(band.columns.columns[number], at)


def _place_column(column: list[Item], at: int) -> int:
    """Centres the chips of a column; returns how wide it is."""
    width = max((item.chip.width for item in column if item.chip), default=0)
    for item in column:
        if item.chip:
            item.chip.x = at + (width - item.chip.width) // 2
    return width
