"""Chips as SVG: body, header with temperature, settings, pins with gold pads."""

from alfgraph.drawing.layout.chips import HEADER, LINE, ROW
from alfgraph.drawing.layout.shapes import PAD, Chip, Pin
from alfgraph.drawing.svg.element import element, tooltip, words
from alfgraph.drawing.svg.links import Link

PAD_HEIGHT = 8
BAR_WIDTH = 5
CHANGED = {"added": "a", "removed": "r", "changed": "c"}
"""The header classes of a comparison."""


def draw_chip(chip: Chip, heat: bool, link: Link | None) -> str:
    """Draws one chip; `heat` colours headers by temperature."""
    body = _pill(chip) if chip.pill else _package(chip, heat)
    drawing = tooltip(_summary(chip)) + body + "".join(_pin(pin) for pin in chip.pins.values())
    address = link(chip.part) if link and chip.part and chip.part.source_file else None
    if address:
        drawing = element("a", drawing, href=address, target="_blank")
    return element(
        "g",
        drawing,
        class_=" ".join(_classes(chip)),
        data_chip=chip.node.id,
        data_number=chip.number,
        data_part=chip.node.part,
        data_board=chip.node.board or None,
    )


def _classes(chip: Chip) -> list[str]:
    change = [chip.node.change] if chip.node.change else []
    return ["chip", *change, *["small"] * chip.pill, *["bad"] * bool(chip.wrong)]


def _summary(chip: Chip) -> str:
    """What a screen reader or a hovering mouse is told."""
    lines = [f"{chip.title} · {chip.subtitle}" if chip.subtitle else chip.title]
    lines += [f"  {line}" for line in chip.lines]
    if chip.part and chip.part.num_parameters:
        owner = f", trained by {chip.part.trained_by}" if chip.part.trained_by else ""
        lines.append(f"  {chip.part.num_parameters:,} parameters{owner}")
    return "\n".join(lines)


def _box(chip: Chip, class_: str, grow: int = 0, down: int = 0, radius: int = 5) -> str:
    return element(
        "rect",
        x=chip.x - grow,
        y=chip.y - grow + down,
        width=chip.width + 2 * grow,
        height=chip.height + 2 * grow,
        rx=radius,
        class_=class_,
    )


def _pill(chip: Chip) -> str:
    """A small chip: a label, centred, in the colour of its kind."""
    radius = min(12, chip.height // 2)
    named = any(pin.shows_name for pin in chip.pins.values() if pin.layer == "wire")
    y = chip.y + (13 if named else chip.height / 2 + 4)
    label = words(chip.title, chip.x + chip.width / 2, y, f"pl k-{chip.node.kind}")
    return (
        _box(chip, "shadow", down=3, radius=radius)
        + _box(chip, f"body pill k-{chip.node.kind}", radius=radius)
        + label
    )


def _package(chip: Chip, heat: bool) -> str:
    """A chip with header."""
    part = chip.part
    temperature = part.temperature if part and heat else None
    shade = "n" if temperature is None else str(temperature)
    shade = CHANGED[chip.node.change] if chip.node.change else shade
    x, y, right = chip.x, chip.y, chip.x + chip.width
    header = element(
        "path",
        d=f"M{x} {y + HEADER}V{y + 5}Q{x} {y} {x + 5} {y}H{right - 5}Q{right} {y} {right} {y + 5}"
        f"V{y + HEADER}Z",
        class_=f"h{shade}",
    )
    texts = [
        element("circle", cx=x + 13, cy=y + HEADER / 2, r=3, class_=f"dot t{shade}"),
        words(chip.title, x + 24, y + HEADER / 2 + 4.5, f"ti t{shade}"),
        words(chip.subtitle, x + 12, y + HEADER + 14, "su"),
    ]
    texts += [
        words(line, x + 12, y + HEADER + ROW + 8 + index * LINE, "se")
        for index, line in enumerate(chip.lines)
    ]
    meter = "" if temperature is None else _meter(right - 42, y + 7, temperature)
    count = part.num_parameters if part else 0
    if count:
        texts.append(words(_short(count), right - 10, y + HEADER + 14, "th"))
    return (
        _box(chip, "shadow", down=3)
        + _box(chip, "body")
        + header
        + meter
        + "".join(texts)
        + words(chip.designator, x + 2, y - 5, "rd")
        + _box(chip, "edge")
        + (words(f"✗ {chip.wrong}", right - 2, y - 5, "wrong e") if chip.wrong else "")
    )


def _meter(x: float, y: float, temperature: int) -> str:
    """Five bars, as many filled as it is warm: readable without colour."""
    return "".join(
        element(
            "rect",
            x=x + step * (BAR_WIDTH + 1.5),
            y=y + 7 - 1.5 * step,
            width=BAR_WIDTH,
            height=3.5 + 1.5 * step,
            class_=f"{'on' if step <= temperature else 'off'} t{temperature}",
        )
        for step in range(5)
    )


def _short(count: int) -> str:
    """A number of parameters in few characters."""
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= limit:
            return f"θ {count / limit:.3g}{unit}"
    return f"θ {count}"


def _pin(pin: Pin) -> str:
    """A pad, and the pin's name inside the chip."""
    chip = pin.chip
    y = chip.y + pin.dy
    left = chip.x - PAD if pin.side == "in" else chip.x + chip.width
    color = pin.layer if pin.layer in ("trains", "tracks") else f"f-{pin.family}"
    if pin.layer in ("trains", "tracks") and not pin.connected:
        return ""
    pad = element(
        "rect",
        x=left - 1,
        y=y - PAD_HEIGHT / 2,
        width=PAD + 2,
        height=PAD_HEIGHT,
        rx=1.5,
        class_=f"pad {color}" + ("" if pin.connected else " open"),
    )
    name = ""
    if pin.shows_name:
        inside = chip.x + 12 if pin.side == "in" else chip.x + chip.width - 12
        end = " e" if pin.side == "out" else ""
        faint = "" if pin.connected else " faint"
        name = words(_pin_text(pin), inside, y + 4, "pn" + end + faint)
    told = tooltip(f"{pin.name}: {pin.spec}" if pin.spec else pin.name.strip())
    return element("g", told + pad + name, class_="pin", data_pin=f"{pin.side}:{pin.name}")


def _pin_text(pin: Pin) -> str:
    name = pin.name.strip()
    return name if pin.default is None else f"{name}={pin.default}"
