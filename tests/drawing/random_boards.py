"""As many boards as a test wants, each from a number."""

import random

from alfgraph.drawing.picture.view import BoardView, ParameterView, PartView, PhaseView
from tests.drawing.wiring import Wiring, part

SPECS = (
    "float32[B, 4]",
    "float32[B]",
    "int64[B] in [0, 2)",
    "bool[B]",
    "Categorical[B, 2]",
    "Experience[B]",
)


def random_board(seed: int, chips: int | None = None, phases: int | None = None) -> BoardView:
    """A board with random chips, wires, feedback, buffers, parameters and failures."""
    draw = random.Random(seed)
    names = ("unroll", "prepare", "update", "auxiliary")[: phases or draw.randint(1, 4)]
    total = chips or draw.randint(len(names), 40)
    w = Wiring()
    parts = [part("optimizer", "Adam", "optimizer")]
    for number in range(total):
        _random_node(draw, w, names[number * len(names) // total], number, parts)
    for _ in range(draw.randint(0, 4)):
        _random_feedback(draw, w)
    _random_buffers(draw, w, names, parts)
    last = names[-1]
    outputs = [(n.id, p.name) for n in w.nodes if n.phase == last for p in n.outputs]
    optimizer_inputs = {"loss": draw.choice(outputs)} if outputs else {}
    w.node(last, "optimizer", {}, optimizer_inputs, kind="effect", part="optimizer")
    networks = [p.path for p in parts if p.family == "network"]
    wires = tuple(
        wire.model_copy(update={"failing": "gives a ≠ expects b"}) if draw.random() < 0.03 else wire
        for wire in w.wires
    )
    return BoardView(
        name=f"random_{seed}",
        sizes={"B": 8},
        phases=tuple(PhaseView(name=n, rate="sometimes", axes="[B=8]") for n in names),
        parts=tuple(parts),
        nodes=tuple(w.nodes),
        wires=wires,
        parameters=tuple(
            ParameterView(
                owner=owner,
                part=p,
                relation="tracks" if draw.random() < 0.2 else "trains",
                count=10,
            )
            for p in networks[:6]
            for owner in {draw.choice(["optimizer", *networks[6:9]]): None for _ in range(2)}
            if owner != p
        ),
    )


def _random_node(
    draw: random.Random, w: Wiring, phase: str, number: int, parts: list[PartView]
) -> None:
    earlier = [(n.id, p.name) for n in w.nodes if n.phase == phase for p in n.outputs]
    recent = earlier[-8:] if draw.random() < 0.7 else earlier
    count = draw.randint(0 if draw.random() < 0.2 else 1, 4)
    inputs = {f"in{i}": draw.choice(recent) for i in range(count)} if recent else {}
    outputs = {f"out{i}": draw.choice(SPECS) for i in range(draw.choice((0, 1, 1, 1, 2, 3)))}
    if draw.random() < 0.3:
        outputs |= {"step.reward": "float32[B]", "step.observation": "float32[B, 4]"}
    kind = draw.choice(("component", "component", "math", "distribution", "operation"))
    path = None
    if kind == "component":
        path = f"chip{number}"
        family = draw.choice(("network", "loss", "transform"))
        settings = {f"setting_{i}": str(i) for i in range(draw.randint(0, 4))}
        parts.append(
            part(
                path,
                "Chip" * draw.randint(1, 5),
                family,
                draw.randint(0, 4),
                settings=settings,
                num_parameters=10,
            )
        )
    label = f"chip{number}" if path else draw.choice(("−", "×", "sample", "log_prob"))
    w.node(phase, label, outputs, inputs, kind=kind, part=path)


def _random_feedback(draw: random.Random, w: Wiring) -> None:
    sources = [(n, p) for n in w.nodes for p in n.outputs]
    if not sources:
        return
    node, pin = draw.choice(sources)
    target = draw.choice([n for n in w.nodes if n.phase == node.phase])
    w.feed((node.id, pin.name), (target.id, f"latch{len(target.inputs)}"))


def _random_buffers(
    draw: random.Random, w: Wiring, names: tuple[str, ...], parts: list[PartView]
) -> None:
    for first in range(len(names)):
        for later in range(first + 1, len(names)):
            if draw.random() < 0.4:
                continue
            path = f"buffer_{first}_{later}"
            parts.append(part(path, "ReplayBuffer", "buffer", 0, gradient="no grad"))
            outputs = [
                (n.id, p.name) for n in w.nodes if n.phase == names[first] for p in n.outputs
            ]
            inputs = {f"in{i}": draw.choice(outputs) for i in range(2)} if outputs else {}
            w.node(
                names[first],
                f"{path}.write",
                {},
                inputs,
                kind="effect",
                operation="write",
                part=path,
            )
            read = w.node(
                names[later],
                f"{path}.read",
                {"batch.reward": "float32[M]"},
                {},
                kind="operation",
                operation="read",
                part=path,
            )
            w.node(
                names[later],
                "mean",
                {"out": "float32[]"},
                {"x": (read, "batch.reward")},
                kind="math",
            )
