"""From a board view to chips and nets: what is written on a chip, its size, what is wired."""

import math
from itertools import count

from alfgraph.drawing.layout.shapes import GRID, Chip, Layer, Net, Pin, Side, Sink
from alfgraph.drawing.picture.complaints import codes_of
from alfgraph.drawing.picture.crossing import crossings
from alfgraph.drawing.picture.view import BoardView, NodeView, ParameterView, PartView, PinView

HEADER = 4 * GRID
ROW = 3 * GRID
LINE = 2 * GRID
TITLE_ADVANCE = 7.9
TEXT_ADVANCE = 6.3
SMALL_ADVANCE = 5.75
LONGEST_SETTING = 30
METER_WIDTH = 46
GIVES, TAKES = " gives parameters", " parameters from"
MOST_TAKEN = 3
BUS = " rows"
"""The pin of the bus between phases; no port's name begins with a space."""


def build_chips(view: BoardView) -> list[Chip]:
    """Makes a chip of every node, with its pins, in the order of the nodes."""
    givers, takers = _parameter_ends(view)
    crossing = crossings(view)
    writing, reading = {c.source for c in crossing}, {c.target for c in crossing}
    designators = _designators(view)
    parts = {part.path: part for part in view.parts}
    chips: list[Chip] = []
    for node in view.nodes:
        part = parts.get(node.part) if node.part is not None else None
        chip = _labelled(node, part)
        chip.designator = designators.get(node.part or "", "")
        chip.wrong = codes_of(view, node.part)
        _add_pins(chip, node, node.id in writing, node.id in reading)
        if node.part in givers:
            _add_pin(chip, "out", PinView(name=GIVES), HEADER // 2, givers[node.part])
        for row, (giver, layer) in enumerate(takers.get(node.part or "", ())):
            pin = PinView(name=f"{TAKES} {giver}")
            _add_pin(chip, "in", pin, HEADER // 2 + row * 2 * GRID, layer)
        _measure(chip)
        chip.number = len(chips)
        chips.append(chip)
    return chips


def _designators(view: BoardView) -> dict[str, str]:
    """Numbers the parts, so that the same part is recognised in several phases."""
    applied = dict.fromkeys(node.part for node in view.nodes if node.part is not None)
    return {path: f"U{number}" for number, path in enumerate(applied, 1)}


def build_nets(view: BoardView, chips: list[Chip]) -> list[Net]:
    """Gathers the wires, the buffers' crossings and the parameter lines into nets."""
    pins = {(pin.chip.node.id, *key): pin for chip in chips for key, pin in chip.pins.items()}
    numbers = count()
    no_grad = {phase.name for phase in view.phases if phase.gradient == "no grad"}
    nets: dict[Pin, Net] = {}
    for wire in view.wires:
        source = pins[wire.source[0], "out", wire.source[1]]
        target = pins[wire.target[0], "in", wire.target[1]]
        net = nets.setdefault(source, Net(len(nets), source))
        net.sinks.append(
            Sink(
                pin=target,
                spec=wire.spec,
                family=wire.dtype_family,
                latched=wire.latched,
                detached=wire.detached and target.chip.node.phase not in no_grad,
                failing=wire.failing,
                change=wire.change,
            )
        )
        source.connected = target.connected = True
    others = [*_crossing_nets(view, chips), *_parameter_lines(view, chips)]
    result = [*nets.values(), *(net for net in others if net.sinks)]
    for net in result:
        net.number = next(numbers)
    return result


def _crossing_nets(view: BoardView, chips: list[Chip]) -> list[Net]:
    """One bus from every write of a buffer to its reads in other phases."""
    by_id = {chip.node.id: chip for chip in chips}
    nets: dict[str, Net] = {}
    for crossing in crossings(view):
        source = by_id[crossing.source].pins["out", BUS]
        target = by_id[crossing.target].pins["in", BUS]
        net = nets.setdefault(crossing.source, Net(0, source, "bus"))
        name = crossing.buffer.rpartition(".")[2]
        note = f"{name} · {crossing.gradient}" if crossing.gradient else name
        net.sinks.append(Sink(pin=target, spec=note, family="record", change=crossing.change))
        source.connected = target.connected = True
    return list(nets.values())


def _parameter_ends(
    view: BoardView,
) -> tuple[dict[str | None, Layer], dict[str, list[tuple[str, Layer]]]]:
    """Which parts change others' parameters, and by whom each part's are changed.

    An optimizer gives to what it trains; what is tracked gives to its target.
    """
    givers: dict[str | None, Layer] = {}
    takers: dict[str, list[tuple[str, Layer]]] = {}
    for line in view.parameters:
        giver, taker = line.direction
        givers.setdefault(giver, _layer(line))
        lines = takers.setdefault(taker, [])
        if (giver, _layer(line)) not in lines and len(lines) < MOST_TAKEN:
            lines.append((giver, _layer(line)))
    return givers, takers


def _layer(line: ParameterView) -> Layer:
    return "trains" if line.relation == "trains" else "tracks"


def _parameter_lines(view: BoardView, chips: list[Chip]) -> list[Net]:
    """From every giver of parameters to a chip of each part that takes them.

    What is trained is drawn where it first acts; what is tracked, beside its target if it is there.
    """
    nets: dict[Pin, Net] = {}
    for line in view.parameters:
        giver, taker = line.direction
        target = _first_pin(chips, taker, "in", f"{TAKES} {giver}")
        if target is None:
            continue
        phase = target.chip.node.phase if _layer(line) == "tracks" else ""
        near = [chip for chip in chips if chip.node.phase == phase]
        source = _first_pin([*near, *chips], giver, "out", GIVES)
        if source is None or source.chip is target.chip:
            continue
        net = nets.setdefault(source, Net(0, source, source.layer))
        if all(sink.pin is not target for sink in net.sinks):
            net.sinks.append(Sink(pin=target, spec=f"{line.relation} {line.count:,} parameters"))
            source.connected = target.connected = True
    return list(nets.values())


def _first_pin(chips: list[Chip], path: str, side: Side, name: str) -> Pin | None:
    """The pin on the first chip of a part, that is in the earliest phase."""
    return next(
        (c.pins[side, name] for c in chips if c.node.part == path and (side, name) in c.pins), None
    )


def _labelled(node: NodeView, part: PartView | None) -> Chip:
    """What is written on a chip."""
    if part is None:
        return Chip(node=node, part=None, pill=True, title=node.label, subtitle=node.note)
    settings = [f"{name}={s.value}" for name, s in part.settings.items() if not s.default]
    settings += [f"every {node.every}"] if node.every > 1 else []
    settings += [node.note] if node.note else []
    return Chip(
        node=node,
        part=part,
        pill=False,
        title=node.label,
        subtitle=part.kind,
        lines=tuple(_shortened(line, LONGEST_SETTING) for line in settings),
    )


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _add_pins(chip: Chip, node: NodeView, writes: bool, reads: bool) -> None:
    """Puts the pins in rows below the text; buses come in at the top and leave at the bottom."""
    top = _text_height(chip)
    inputs, outputs = node.inputs, node.outputs
    bus = PinView(name=BUS, dtype_family="record")
    above: list[tuple[PinView, Layer]] = [(bus, "bus")] if reads else []
    below: list[tuple[PinView, Layer]] = [(bus, "bus")] if writes else []
    sides: list[tuple[Side, list[tuple[PinView, Layer]]]] = [
        ("in", [*above, *((pin, "wire") for pin in inputs)]),
        ("out", [*((pin, "wire") for pin in outputs), *below]),
    ]
    for side, shown in sides:
        for row, (pin, layer) in enumerate(shown):
            _add_pin(chip, side, pin, top + row * ROW + 2 * GRID, layer)
    chip.pinned_left = reads and not inputs
    if chip.pill and max(len(inputs), len(outputs)) <= 1 + (node.kind == "math"):
        _center_single_pins(chip)


def _center_single_pins(chip: Chip) -> None:
    """A pill with one pin a side shows its label between them, and no pin names."""
    rows = max(sum(pin.side == side for pin in chip.pins.values()) for side in ("in", "out"))
    for side in ("in", "out"):
        pins = [pin for pin in chip.pins.values() if pin.side == side]
        shift = (rows - len(pins)) * ROW // 2 // GRID * GRID
        for row, pin in enumerate(pins):
            pin.dy = 2 * GRID + row * ROW + shift
            pin.shows_name = False


def _add_pin(chip: Chip, side: Side, pin: PinView, dy: int, layer: Layer) -> None:
    chip.pins[side, pin.name] = Pin(
        chip=chip,
        side=side,
        name=pin.name,
        dy=dy,
        spec=pin.spec,
        family=pin.dtype_family,
        layer=layer,
        shows_name=layer in ("wire", "bus"),
        default=pin.default,
        stands_for=pin.stands_for or ((chip.node.id, pin.name),),
    )


def _text_height(chip: Chip) -> int:
    if chip.pill:
        return ROW
    return HEADER + ROW + LINE * len(chip.lines) + (GRID if chip.lines else 0)


def _count_room(chip: Chip) -> int:
    """The characters that the number of parameters takes beside the class name."""
    return 8 if chip.part and chip.part.num_parameters else 0


def _measure(chip: Chip) -> None:
    """Sets the size so that all text fits, in a fixed-width face."""
    pins = [pin for pin in chip.pins.values() if pin.layer in ("wire", "bus")]
    bottom = max((pin.dy for pin in pins), default=_text_height(chip) - GRID) + 2 * GRID
    chip.height = max(bottom, 4 * GRID)
    named = [pin for pin in pins if pin.shows_name]
    left = max((len(pin.name) for pin in named if pin.side == "in"), default=0)
    right = max((len(pin.name) for pin in named if pin.side == "out"), default=0)
    widths = [(left + right) * TEXT_ADVANCE + (44 if left and right else 30)]
    if chip.pill:
        widths += [len(chip.title) * TEXT_ADVANCE + 28]
    else:
        widths += [
            len(chip.title) * TITLE_ADVANCE + METER_WIDTH + 30,
            (len(chip.subtitle) + _count_room(chip)) * TEXT_ADVANCE + 24,
            max((len(line) for line in chip.lines), default=0) * SMALL_ADVANCE + 24,
            108,
        ]
    chip.width = math.ceil(max(widths) / (2 * GRID)) * 2 * GRID
