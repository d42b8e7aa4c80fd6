"""The tree of components: what is plugged into what."""

from __future__ import annotations

from alfgraph.wiring.component import Component


def parts_below(component: Component) -> list[Component]:
    """Every component plugged below this one, itself first, shared ones once."""
    found: dict[str, Component] = {}

    def visit(part: Component) -> None:
        if part.socket_path in found:
            return
        found[part.socket_path] = part
        for _, child in sockets_of(part):
            visit(child)

    visit(component)
    return list(found.values())


def sockets_of(component: Component) -> list[tuple[str, Component]]:
    """`(socket, component)` of everything plugged into a component; tuples as `name.0`."""
    found: list[tuple[str, Component]] = []
    for name in type(component).model_fields:
        value = getattr(component, name)
        if isinstance(value, Component):
            found.append((name, value))
        elif isinstance(value, tuple | list):
            found += [
                (f"{name}.{i}", entry)
                for i, entry in enumerate(value)
                if isinstance(entry, Component)
            ]
        elif isinstance(value, dict):
            found += [(f"{name}.{k}", v) for k, v in value.items() if isinstance(v, Component)]
    return found
