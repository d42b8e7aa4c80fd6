"""A board written by hand: PPO, in three phases."""

from alfgraph.drawing.picture.view import (
    BoardView,
    DiagnosticView,
    ParameterView,
    PartView,
    PhaseView,
)
from tests.drawing.boards import (
    OWN,
    distribution,
    env_node,
    optimizer_node,
    returns_node,
    step_pins,
    steps_node,
)
from tests.drawing.wiring import Wiring, part


def ppo(failing: bool = False) -> BoardView:
    """PPO on CartPole, three phases; with a wire that does not fit, if asked."""
    w = Wiring()
    _ppo_unroll(w)
    _ppo_prepare(w)
    _ppo_update(w)
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


def _ppo_unroll(w: Wiring) -> None:
    env = env_node(w)
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
        **OWN,
    )
    sample = w.node(
        "unroll",
        "sample",
        {"action": "int64[B] in [0, 2)"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **OWN,
    )
    log_prob = w.node(
        "unroll",
        "log_prob",
        {"log_prob": "float32[B]"},
        {"policy": (actor, "policy"), "action": (sample, "action")},
        kind="distribution",
        **OWN,
    )
    step = step_pins(env)
    step["step.observation"] = (normalize, "out")
    w.node(
        "unroll",
        "rollout.write",
        {},
        {**step, "action": (sample, "action"), "log_prob": (log_prob, "log_prob")},
        kind="effect",
        operation="write",
        part="algorithm.rollout",
        **OWN,
    )
    w.feed((sample, "action"), (env, "action"))


def _ppo_prepare(w: Wiring) -> None:
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
        **OWN,
    )
    _, returns = returns_node(w, "prepare", steps_node(w, "prepare"))
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
        **OWN,
    )


def _ppo_update(w: Wiring) -> None:
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
        **OWN,
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
            **_ppo_networks(w, batch),
        },
        part="algorithm.loss",
        **OWN,
    )
    optimizer_node(w, loss)
    diverged = {"x": (loss, "approximate_kl")}
    w.node("update", "stop_when > 0.0225", {}, diverged, kind="effect", **OWN)


def _ppo_networks(w: Wiring, batch: str) -> dict[str, tuple[str, str]]:
    observed = {"observation": (batch, "batch.step.observation")}
    actor = w.node(
        "update",
        "actor",
        {"policy": "Categorical[T, M, 2]"},
        observed,
        part="algorithm.actor",
        **OWN,
    )
    policy = {"policy": (actor, "policy")}
    taken = {**policy, "action": (batch, "batch.action")}
    log_prob = distribution(w, "update", "log_prob", "float32[T, M]", taken)
    entropy = distribution(w, "update", "entropy", "float32[T, M]", policy)
    value = {"value": "float32[T, M]"}
    critic = w.node("update", "critic", value, observed, part="algorithm.critic", **OWN)
    return {
        "log_prob": (log_prob, "log_prob"),
        "entropy": (entropy, "entropy"),
        "value": (critic, "value"),
    }


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
