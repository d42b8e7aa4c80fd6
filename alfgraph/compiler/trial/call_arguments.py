"""The arguments of a call, in the order its function takes them."""

from __future__ import annotations

from typing import Any

from alfgraph.wiring.component import Component, pins_of
from alfgraph.wiring.trace import Node


def assemble_arguments(node: Node, part: Component, read: Any, module_of: Any) -> list[Any]:
    """The arguments of a call in the order of the ports: tensors, records, modules, defaults."""
    from alfgraph.wiring.records import Record, build_record

    arguments: list[Any] = []
    for port in pins_of(node).input_ports():
        if port.takes_component:
            parts = tuple(module_of(p) for p in node.parts.get(port.name, ()))
            arguments.append(parts if port.many else (parts[0] if parts else None))
        elif port.name in node.inputs:
            arguments.append(read(node.inputs[port.name], port.name))
        elif isinstance(port.kind, type) and issubclass(port.kind, Record):
            prefix = f"{port.name}."
            leaves = {
                name.removeprefix(prefix): read(value, name)
                for name, value in node.inputs.items()
                if name.startswith(prefix)
            }
            arguments.append(build_record(port.kind, leaves) if leaves else None)
        else:
            arguments.append(port.default)
    return arguments
