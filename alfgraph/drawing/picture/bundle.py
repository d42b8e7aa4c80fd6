"""Records as buses: pins called `step.reward`, `step.discount`, … become one thick pin `step`."""

from collections.abc import Iterable

from alfgraph.drawing.picture.view import BoardView, NodeView, PinRef, PinView, WireView


def bundle(view: BoardView) -> BoardView:
    """Gathers the fields of records into buses, as a schematic does.

    Outputs whose names share the part before the first dot become one pin. Inputs do where two or
    more of them come from the same bus; the others stay pins of their own. A wire that takes one
    field out of a bus keeps the field's spec and colour.

    Args:
        view: a board whose record pins are named `record.field`.

    Returns:
        The same board with fewer pins and wires.
    """
    sources = {
        (node.id, pin.name): (node.id, _record(pin.name) or pin.name)
        for node in view.nodes
        for pin in node.outputs
    }
    targets = _bundled_inputs(view, sources)
    nodes = tuple(
        node.model_copy(
            update={
                "inputs": _gathered(node, node.inputs, targets),
                "outputs": _gathered(node, node.outputs, sources),
            }
        )
        for node in view.nodes
    )
    wires = _gathered_wires(view.wires, sources, targets)
    return view.model_copy(update={"nodes": nodes, "wires": wires})


def _record(pin: str) -> str | None:
    """The record a pin's name says it is a field of."""
    head, dot, _ = pin.partition(".")
    return head if dot and head else None


def _bundled_inputs(view: BoardView, sources: dict[PinRef, PinRef]) -> dict[PinRef, PinRef]:
    """Input pins that become one: fields of one record, two or more, from the same bus."""
    fields: dict[tuple[str, str, PinRef], set[PinRef]] = {}
    for wire in view.wires:
        node, pin = wire.target
        record, bus = _record(pin), sources[wire.source]
        if record and bus != wire.source and not (wire.failing or wire.latched):
            fields.setdefault((node, record, bus), set()).add(wire.target)
    bundled: dict[PinRef, PinRef] = {}
    taken: set[PinRef] = set()
    for (node, record, _), pins in fields.items():
        if len(pins) > 1 and (node, record) not in taken:
            taken.add((node, record))
            bundled |= {pin: (node, record) for pin in pins}
    return bundled


def _gathered(
    node: NodeView, pins: Iterable[PinView], bundled: dict[PinRef, PinRef]
) -> tuple[PinView, ...]:
    """The node's pins with every bundled group as one pin, where its first field stood."""
    groups: dict[str, list[PinView]] = {}
    for pin in pins:
        groups.setdefault(bundled.get((node.id, pin.name), ("", pin.name))[1], []).append(pin)
    return tuple(_bus_pin(node.id, name, group) for name, group in groups.items())


def _bus_pin(node: str, name: str, group: list[PinView]) -> PinView:
    if [pin.name for pin in group] == [name]:
        return group[0]
    fields = ", ".join(f"{pin.name.partition('.')[2] or pin.name}: {pin.spec}" for pin in group)
    stands_for = tuple(ref for pin in group for ref in pin.stands_for or ((node, pin.name),))
    return PinView(name=name, spec="{" + fields + "}", dtype_family="record", stands_for=stands_for)


def _gathered_wires(
    wires: tuple[WireView, ...], sources: dict[PinRef, PinRef], targets: dict[PinRef, PinRef]
) -> tuple[WireView, ...]:
    """The wires between the gathered pins; those that carry one whole record become one."""
    result: dict[tuple[PinRef, PinRef], WireView] = {}
    for wire in wires:
        source, target = sources[wire.source], targets.get(wire.target, wire.target)
        moved = wire.model_copy(update={"source": source, "target": target})
        if (source, target) in result:
            moved = result[source, target].model_copy(
                update={"dtype_family": "record", "spec": "", "failing": wire.failing}
            )
        result[source, target] = moved
    return tuple(result.values())
