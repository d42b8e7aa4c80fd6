"""Writing boards to draw in few words."""

from typing import Any

from alfgraph.drawing.picture.view import (
    BoardView,
    NodeView,
    PartView,
    PhaseView,
    PinView,
    SettingView,
    WireView,
)


def family_of(spec: str) -> Any:
    """The colour of a spec."""
    if spec.startswith(("int", "uint")):
        return "int"
    if spec.startswith("bool"):
        return "bool"
    if spec.startswith(("Categorical", "Normal")):
        return "distribution"
    return "float" if spec.startswith("float") else "record"


def part(path: str, kind: str, family: str, temperature: int = 1, **more: Any) -> PartView:
    """A component; settings are given as `settings={"lr": "0.001"}`."""
    settings = {
        name: SettingView(value=value, origin="ppo_cart_pole.py:7")
        for name, value in more.pop("settings", {}).items()
    }
    more.setdefault("parent", path.rpartition(".")[0])
    more.setdefault("doc", f"The {path} of the board.")
    more.setdefault("source_file", f"components/{family}s/{kind.lower()}.py")
    more.setdefault("source_line", 12)
    return PartView(
        path=path, kind=kind, family=family, temperature=temperature, settings=settings, **more
    )


class Wiring:
    """Collects nodes and wires: `node(...)` returns its id, inputs name where they come from."""

    def __init__(self) -> None:
        self.nodes: list[NodeView] = []
        self.wires: list[WireView] = []

    def node(
        self,
        phase: str,
        label: str,
        outputs: dict[str, str] | None = None,
        inputs: dict[str, tuple[str, str]] | None = None,
        **more: Any,
    ) -> str:
        """Adds a node; every input is `pin=(source node, source pin)`."""
        count = sum(n.phase == phase and n.label == label for n in self.nodes)
        identity = f"{phase}/{label}" + (f"#{count + 1}" if count else "")
        pins = []
        for pin, source in (inputs or {}).items():
            found = self._output(*source)
            pins.append(PinView(name=pin, spec=found.spec, dtype_family=found.dtype_family))
            self.wires.append(
                WireView(
                    source=source,
                    target=(identity, pin),
                    spec=found.spec,
                    dtype_family=found.dtype_family,
                )
            )
        self.nodes.append(
            NodeView(
                id=identity,
                phase=phase,
                label=label,
                inputs=tuple(pins),
                outputs=tuple(
                    PinView(name=name, spec=spec, dtype_family=family_of(spec))
                    for name, spec in (outputs or {}).items()
                ),
                **more,
            )
        )
        return identity

    def _output(self, node: str, pin: str) -> PinView:
        owner = next(n for n in self.nodes if n.id == node)
        return next(p for p in owner.outputs if p.name == pin)

    def feed(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Wires an output to a latched input, which the target node must gain."""
        found = self._output(*source)
        index = next(i for i, n in enumerate(self.nodes) if n.id == target[0])
        node = self.nodes[index]
        pin = PinView(name=target[1], spec=found.spec, dtype_family=found.dtype_family)
        self.nodes[index] = node.model_copy(update={"inputs": (*node.inputs, pin)})
        self.wires.append(
            WireView(
                source=source,
                target=target,
                spec=found.spec,
                dtype_family=found.dtype_family,
                latched=True,
            )
        )


def board(w: Wiring, parts: tuple[PartView, ...], *phases: PhaseView) -> BoardView:
    """A board of what was wired."""
    return BoardView(
        name="small", phases=phases, parts=parts, nodes=tuple(w.nodes), wires=tuple(w.wires)
    )
