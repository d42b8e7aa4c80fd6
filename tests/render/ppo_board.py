"""A board written by hand: PPO, in three phases."""

from typing import Any

from alfgraph.render.view import BoardView, DiagnosticView, ParameterView, PartView, PhaseView
from tests.render.boards import STEP, env_node, step_pins
from tests.render.wiring import Wiring, part


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
