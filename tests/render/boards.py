"""Boards to draw: two written by hand, and as many random ones as a test wants."""

import random
from typing import Any

from alfgraph.render.view import (
    BoardView,
    DiagnosticView,
    NodeView,
    ParameterView,
    PartView,
    PhaseView,
    PinView,
    SettingView,
    WireView,
)

STEP = ("step_type", "reward", "discount", "observation")


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


def _env(w: Wiring, batch: str = "B") -> str:
    return w.node(
        "unroll",
        "env",
        {
            "step.step_type": f"int32[{batch}] in [0, 2]",
            "step.reward": f"float32[{batch}]",
            "step.discount": f"float32[{batch}]",
            "step.observation": f"float32[{batch}, 4]",
        },
        part="env",
    )


def _step(node: str, prefix: str = "step.", names: tuple[str, ...] = STEP) -> dict[str, Any]:
    return {f"step.{name}": (node, prefix + name) for name in names}


def actor_critic() -> BoardView:
    """The smallest complete board: actor-critic on CartPole."""
    w = Wiring()
    env = _env(w)
    actor = w.node(
        "unroll",
        "actor",
        {"policy": "Categorical[B, 2]"},
        {"observation": (env, "step.observation")},
        part="algorithm.actor",
        board="algorithm",
    )
    own: dict[str, Any] = {"board": "algorithm"}
    sample = w.node(
        "unroll",
        "sample",
        {"action": "int64[B] in [0, 2)"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **own,
    )
    log_prob = w.node(
        "unroll",
        "log_prob",
        {"log_prob": "float32[B]"},
        {"policy": (actor, "policy"), "action": (sample, "action")},
        kind="distribution",
        **own,
    )
    entropy = w.node(
        "unroll",
        "entropy",
        {"entropy": "float32[B]"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **own,
    )
    w.node(
        "unroll",
        "rollout.write",
        {},
        {
            **_step(env),
            "action": (sample, "action"),
            "log_prob": (log_prob, "log_prob"),
            "entropy": (entropy, "entropy"),
        },
        kind="effect",
        operation="write",
        part="algorithm.rollout",
        **own,
    )
    w.feed((sample, "action"), (env, "action"))
    _actor_critic_update(w, own)
    return BoardView(
        name="ac_cart_pole",
        title_note="Actor-critic on CartPole: the smallest complete board.",
        version="0.1.0",
        sizes={"B": 30, "T": 8},
        phases=(
            PhaseView(
                name="unroll",
                rate="every environment step",
                axes="[B=30]",
                gradient="with grad (recomputed)",
            ),
            PhaseView(
                name="update", rate="once per iteration", axes="[T=8, B=30]", gradient="with grad"
            ),
        ),
        parts=_actor_critic_parts(),
        nodes=tuple(w.nodes),
        wires=tuple(w.wires),
        parameters=(
            ParameterView(owner="algorithm.optimizer", part="algorithm.actor", count=4610),
            ParameterView(owner="algorithm.optimizer", part="algorithm.critic", count=4545),
        ),
    )


def _actor_critic_update(w: Wiring, own: dict[str, Any]) -> None:
    read = w.node(
        "update",
        "rollout.read",
        {
            **{
                f"taken.step.{n}": f"{'int32' if n == 'step_type' else 'float32'}[T, B]"
                for n in STEP
            },
            "taken.action": "int64[T, B] in [0, 2)",
            "taken.log_prob": "float32[T, B]",
            "taken.entropy": "float32[T, B]",
        },
        kind="operation",
        operation="read",
        part="algorithm.rollout",
        **own,
    )
    steps = w.node(
        "update",
        "rollout.steps",
        {
            f"steps.{n}": f"{'int32' if n == 'step_type' else 'float32'}[T+1, B"
            + (", 4]" if n == "observation" else "]")
            for n in STEP
        },
        kind="operation",
        operation="steps",
        part="algorithm.rollout",
        **own,
    )
    critic = w.node(
        "update",
        "critic",
        {"value": "float32[T+1, B]"},
        {"observation": (steps, "steps.observation")},
        part="algorithm.critic",
        **own,
    )
    returns = w.node(
        "update",
        "returns",
        {"advantage": "float32[T, B]", "returns": "float32[T, B]"},
        {
            "step_type": (steps, "steps.step_type"),
            "reward": (steps, "steps.reward"),
            "discount": (steps, "steps.discount"),
            "value": (critic, "value"),
        },
        part="algorithm.returns",
        **own,
    )
    slice_ = w.node(
        "update", "[:-1]", {"out": "float32[T, B]"}, {"x": (critic, "value")}, kind="math", **own
    )
    loss = w.node(
        "update",
        "loss",
        {"loss": "float32[]"},
        {
            "step_type": (read, "taken.step.step_type"),
            "log_prob": (read, "taken.log_prob"),
            "entropy": (read, "taken.entropy"),
            "advantage": (returns, "advantage"),
            "value": (slice_, "out"),
            "returns": (returns, "returns"),
        },
        part="algorithm.loss",
        **own,
    )
    w.node(
        "update",
        "optimizer",
        {},
        {"loss": (loss, "loss")},
        kind="effect",
        part="algorithm.optimizer",
        **own,
    )


def _actor_critic_parts() -> tuple[PartView, ...]:
    trained = {"trained_by": "algorithm.optimizer"}
    return (
        part("env", "GymEnv", "environment", 4, settings={"id": '"CartPole-v1"', "num_envs": "30"}),
        part("algorithm", "ActorCritic", "graph", 2),
        part("algorithm.actor", "ActorNetwork", "network", 3, num_parameters=4610, **trained),
        part("algorithm.critic", "CriticNetwork", "network", 3, num_parameters=4545, **trained),
        part("algorithm.rollout", "RolloutBuffer", "buffer", 0, gradient="with grad (recomputed)"),
        part("algorithm.returns", "GAE", "returns", 1),
        part("algorithm.loss", "ActorCriticLoss", "loss", 2),
        part("algorithm.optimizer", "Adam", "optimizer", 2, settings={"lr": "0.001"}),
    )


def ppo(failing: bool = False) -> BoardView:
    """PPO on CartPole, three phases; with a wire that does not fit, if asked."""
    w = Wiring()
    own: dict[str, Any] = {"board": "algorithm"}
    _ppo_unroll(w, own)
    _ppo_prepare(w, own)
    _ppo_update(w, own)
    view = BoardView(
        name="ppo_cart_pole",
        title_note="Proximal policy optimization on CartPole.",
        version="0.1.0",
        sizes={"B": 30, "T": 32, "M": 256},
        phases=(
            PhaseView(
                name="unroll", rate="every environment step", axes="[B=30]", gradient="no grad"
            ),
            PhaseView(
                name="prepare", rate="once per rollout", axes="[T=32, B=30]", gradient="no grad"
            ),
            PhaseView(
                name="update",
                rate="4 epochs × 4 mini-batches",
                axes="[T=1, M=256]",
                gradient="with grad",
            ),
        ),
        parts=_ppo_parts(),
        nodes=tuple(w.nodes),
        wires=tuple(w.wires),
        parameters=(
            ParameterView(owner="algorithm.optimizer", part="algorithm.actor", count=17_410),
            ParameterView(owner="algorithm.optimizer", part="algorithm.critic", count=17_153),
        ),
    )
    return _with_failure(view) if failing else view


def _ppo_unroll(w: Wiring, own: dict[str, Any]) -> None:
    env = _env(w)
    normalize = w.node(
        "unroll",
        "normalize",
        {"out": "float32[B, 4]"},
        {"observation": (env, "step.observation")},
        part="transforms[0]",
    )
    actor = w.node(
        "unroll",
        "actor",
        {"policy": "Categorical[B, 2]"},
        {"observation": (normalize, "out")},
        part="algorithm.actor",
        **own,
    )
    sample = w.node(
        "unroll",
        "sample",
        {"action": "int64[B] in [0, 2)"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **own,
    )
    log_prob = w.node(
        "unroll",
        "log_prob",
        {"log_prob": "float32[B]"},
        {"policy": (actor, "policy"), "action": (sample, "action")},
        kind="distribution",
        **own,
    )
    step = _step(env)
    step["step.observation"] = (normalize, "out")
    w.node(
        "unroll",
        "rollout.write",
        {},
        {**step, "action": (sample, "action"), "log_prob": (log_prob, "log_prob")},
        kind="effect",
        operation="write",
        part="algorithm.rollout",
        **own,
    )
    w.feed((sample, "action"), (env, "action"))


def _ppo_prepare(w: Wiring, own: dict[str, Any]) -> None:
    read = w.node(
        "prepare",
        "rollout.read",
        {
            "taken.step.step_type": "int32[T, B] in [0, 2]",
            "taken.step.observation": "float32[T, B, 4]",
            "taken.action": "int64[T, B] in [0, 2)",
            "taken.log_prob": "float32[T, B]",
        },
        kind="operation",
        operation="read",
        part="algorithm.rollout",
        **own,
    )
    steps = w.node(
        "prepare",
        "rollout.steps",
        {
            f"steps.{n}": f"{'int32' if n == 'step_type' else 'float32'}[T+1, B"
            + (", 4]" if n == "observation" else "]")
            for n in STEP
        },
        kind="operation",
        operation="steps",
        part="algorithm.rollout",
        **own,
    )
    critic = w.node(
        "prepare",
        "critic",
        {"value": "float32[T+1, B]"},
        {"observation": (steps, "steps.observation")},
        part="algorithm.critic",
        **own,
    )
    returns = w.node(
        "prepare",
        "returns",
        {"advantage": "float32[T, B]", "returns": "float32[T, B]"},
        {
            "step_type": (steps, "steps.step_type"),
            "reward": (steps, "steps.reward"),
            "discount": (steps, "steps.discount"),
            "value": (critic, "value"),
        },
        part="algorithm.returns",
        **own,
    )
    w.node(
        "prepare",
        "samples.write",
        {},
        {
            "step.step_type": (read, "taken.step.step_type"),
            "step.observation": (read, "taken.step.observation"),
            "action": (read, "taken.action"),
            "old_log_prob": (read, "taken.log_prob"),
            "advantage": (returns, "advantage"),
            "returns": (returns, "returns"),
        },
        kind="effect",
        operation="write",
        part="algorithm.samples",
        **own,
    )


def _ppo_update(w: Wiring, own: dict[str, Any]) -> None:
    batch = w.node(
        "update",
        "samples.read",
        {
            "batch.step.step_type": "int32[T, M] in [0, 2]",
            "batch.step.observation": "float32[T, M, 4]",
            "batch.action": "int64[T, M] in [0, 2)",
            "batch.old_log_prob": "float32[T, M]",
            "batch.advantage": "float32[T, M]",
            "batch.returns": "float32[T, M]",
        },
        kind="operation",
        operation="read",
        part="algorithm.samples",
        **own,
    )
    actor = w.node(
        "update",
        "actor",
        {"policy": "Categorical[T, M, 2]"},
        {"observation": (batch, "batch.step.observation")},
        part="algorithm.actor",
        **own,
    )
    log_prob = w.node(
        "update",
        "log_prob",
        {"log_prob": "float32[T, M]"},
        {"policy": (actor, "policy"), "action": (batch, "batch.action")},
        kind="distribution",
        **own,
    )
    entropy = w.node(
        "update",
        "entropy",
        {"entropy": "float32[T, M]"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **own,
    )
    critic = w.node(
        "update",
        "critic",
        {"value": "float32[T, M]"},
        {"observation": (batch, "batch.step.observation")},
        part="algorithm.critic",
        **own,
    )
    loss = w.node(
        "update",
        "loss",
        {"loss": "float32[]", "approximate_kl": "float32[]"},
        {
            "step_type": (batch, "batch.step.step_type"),
            "old_log_prob": (batch, "batch.old_log_prob"),
            "advantage": (batch, "batch.advantage"),
            "returns": (batch, "batch.returns"),
            "log_prob": (log_prob, "log_prob"),
            "entropy": (entropy, "entropy"),
            "value": (critic, "value"),
        },
        part="algorithm.loss",
        **own,
    )
    w.node(
        "update",
        "optimizer",
        {},
        {"loss": (loss, "loss")},
        kind="effect",
        part="algorithm.optimizer",
        **own,
    )
    w.node(
        "update", "stop_when > 0.0225", {}, {"x": (loss, "approximate_kl")}, kind="effect", **own
    )


def _ppo_parts() -> tuple[PartView, ...]:
    trained = {"trained_by": "algorithm.optimizer"}
    hidden = {"hidden": "[128, 128]"}
    return (
        part("env", "GymEnv", "environment", 4, settings={"id": '"CartPole-v1"', "num_envs": "30"}),
        part(
            "transforms[0]",
            "ObservationNormalizer",
            "transform",
            2,
            parent="",
            settings={"clip": "5.0"},
        ),
        part("algorithm", "PPO", "graph", 2),
        part(
            "algorithm.actor",
            "ActorNetwork",
            "network",
            3,
            settings=hidden,
            num_parameters=17_410,
            **trained,
        ),
        part(
            "algorithm.critic",
            "CriticNetwork",
            "network",
            3,
            settings=hidden,
            num_parameters=17_153,
            **trained,
        ),
        part("algorithm.rollout", "RolloutBuffer", "buffer", 0, gradient="no grad"),
        part("algorithm.samples", "MiniBatches", "buffer", 0, gradient="no grad"),
        part("algorithm.returns", "GAE", "returns", 1, settings={"gamma": "0.98"}),
        part(
            "algorithm.loss",
            "PPOLoss",
            "loss",
            2,
            settings={"clip": "0.1", "entropy_weight": "0.01"},
        ),
        part("algorithm.optimizer", "Adam", "optimizer", 1, settings={"lr": "0.0003"}),
    )


def _with_failure(view: BoardView) -> BoardView:
    reason = "gives float32[T, M] ≠ expects float32[]"
    wires = tuple(
        wire.model_copy(update={"failing": reason})
        if wire.target == ("update/optimizer", "loss")
        else wire
        for wire in view.wires
    )
    found = DiagnosticView(
        code="E101",
        message="`loss.loss` does not fit `optimizer.loss`",
        help="reduce it with `.mean()`",
        location="ppo_cart_pole.py:12",
    )
    return view.model_copy(update={"wires": wires, "diagnostics": (found,)})


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
        parameters=tuple(ParameterView(owner="optimizer", part=p, count=10) for p in networks[:6]),
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
