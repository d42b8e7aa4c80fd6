"""Nets as SVG: casing below, copper above, dots, arrowheads, registers, diodes and labels."""

from alfgraph.drawing.layout.bands import LABEL_ADVANCE, labels, note_width
from alfgraph.drawing.layout.layout import Layout
from alfgraph.drawing.layout.shapes import GRID, Net, Point, Sink
from alfgraph.drawing.layout.traces import (
    REGISTER_WIDTH,
    Copper,
    Look,
    Uprights,
    chamfered,
    etch,
    free_place,
    upright_pieces,
)
from alfgraph.drawing.svg.element import element, tooltip, words

LABEL_HEIGHT = 12


def draw_wires(layout: Layout) -> tuple[str, str]:
    """Draws all nets.

    Returns:
        The parameter layer and the copper layer; the first lies below.
    """
    coppers = etch(layout)
    compared = any(_changes(net) for net in layout.nets)
    compared = compared or any(chip.node.change for chip in layout.chips)
    uprights = upright_pieces(layout.nets)
    drawn = [(c.net, _net(c, compared, uprights)) for c in coppers]
    second = "".join(text for net, text in drawn if _is_parameters(net))
    first = "".join(text for net, text in drawn if not _is_parameters(net))
    return second, first


def _changes(net: Net) -> bool:
    return any(sink.change for sink in net.sinks)


def _is_parameters(net: Net) -> bool:
    return net.layer in ("trains", "tracks")


def _net(copper: Copper, compared: bool, uprights: Uprights) -> str:
    """One net, told apart by its number; what is wrong is drawn last."""
    net = copper.net
    traces = sorted(copper.traces, key=lambda trace: (trace.look.failing, trace.look.wide))
    paths = [(chamfered(trace.points), trace.look) for trace in traces]
    casing = [element("path", d=d, class_="casing" + (" wide" if k.wide else "")) for d, k in paths]
    lines = [element("path", d=d, class_=_classes(k)) for d, k in paths]
    lines += [element("path", d=d, class_="shine") for d, k in paths if k.wide]
    dots = [
        element("circle", cx=x, cy=y, r=4.2 if k.wide else 3.2, class_="joint " + _color(k))
        for (x, y), k in copper.dots
    ]
    ends = [_end(net, sink) for sink in net.sinks]
    registers = [_register(point) for point in copper.registers]
    source = net.source
    told = f"{source.chip.title}.{source.name} → " + ", ".join(
        f"{sink.pin.chip.title}.{sink.pin.name}" for sink in net.sinks
    )
    hit = [element("path", d=d, class_="hit") for d, _ in paths]
    return element(
        "g",
        tooltip(told + (f"\n{source.spec}" if source.spec else ""))
        + "".join([*casing, *lines, *dots, *ends, *registers, _source_label(net, uprights), *hit]),
        class_=f"net {net.layer}" + (" same" if compared and not _changes(net) else ""),
        data_net=net.number,
        data_from=source.chip.number,
        data_to=" ".join(dict.fromkeys(str(sink.pin.chip.number) for sink in net.sinks)),
    )


def _color(look: Look) -> str:
    if look.failing:
        return "failing"
    if look.change:
        return look.change
    return look.layer if look.layer in ("trains", "tracks") else f"f-{look.family}"


def _classes(look: Look) -> str:
    return (
        f"copper {_color(look)}"
        + (" wide" if look.wide else "")
        + (" late" if look.delayed else "")
    )


def _end(net: Net, sink: Sink) -> str:
    """An arrowhead at the pin; before it a diode, if no gradient flows back."""
    x, y = sink.pin.anchor
    color = "failing" if sink.failing else f"f-{sink.family}"
    if sink.change:
        color = sink.change
    if _is_parameters(net):
        color = net.layer
    size = 5 if net.layer == "bus" or sink.family == "record" else 4
    mark = element("path", d=f"M{x} {y}l{-2 * size} {-size}v{2 * size}z", class_=f"tip {color}")
    if sink.detached:
        mark += draw_diode(x - 2 * size - 1, y, color)
    return mark


def draw_diode(x: float, y: float, color: str) -> str:
    """Values pass, gradients do not."""
    return element("path", d=f"M{x} {y - 5}v10M{x} {y}l-9 -5v10z", class_=f"diode {color}")


def _register(point: Point) -> str:
    """The z⁻¹ box on a wire that is read at the next tick."""
    x, y = point
    width = REGISTER_WIDTH
    box = element("rect", x=x - width / 2, y=y - 9, width=width, height=18, rx=4, class_="register")
    return box + element(
        "text",
        'z<tspan dy="-4.5" font-size="8">−1</tspan>',
        x=x,
        y=y + 4,
        class_="rt",
    )


def _source_label(net: Net, uprights: Uprights) -> str:
    """The spec, above the trace where it leaves its pin: as much of it as there is room for."""
    x, y = net.source.anchor
    room = _level_run(net, uprights) - 2 * GRID
    texts = labels(net.source)
    text = next((t for t in texts if len(t) * LABEL_ADVANCE <= room), texts[-1])
    return words(text, x + GRID, y - (6 if net.is_record else 4), "sp") if text else ""


def _level_run(net: Net, uprights: Uprights) -> int:
    """How far a net goes level from its pin until something upright passes above the line."""
    x, y = net.source.anchor
    end = max(sink.path[1][0] for sink in net.sinks)
    high = y - LABEL_HEIGHT
    crossing = [at for _, at, top, low in uprights if at > x and top <= y - 4 and low >= high]
    return min([end, *crossing]) - x


def draw_notes(layout: Layout) -> str:
    """Plates on wires: the buffer on a crossing bus, and why a wire does not fit."""
    uprights = upright_pieces(layout.nets)
    plates = []
    for net in layout.nets:
        if net.layer == "bus":
            text = " + ".join(dict.fromkeys(sink.spec for sink in net.sinks))
            x, y = free_place(net.sinks[0].path, net, uprights, note_width(text))
            plates.append(_plate(text, x, y, "bus"))
        for sink in net.sinks:
            if sink.failing:
                x, y = sink.pin.anchor
                plates.append(
                    _plate(sink.failing, x - GRID - note_width(sink.failing) / 2, y, "bad")
                )
    return "".join(plates)


def _plate(text: str, x: float, y: float, class_: str) -> str:
    width = note_width(text)
    box = element(
        "rect", x=x - width / 2, y=y - 8, width=width, height=16, rx=3, class_=f"plate {class_}"
    )
    return element("g", box + words(text, x, y + 3.5, f"pt {class_}"), class_="told")
