"""A board written by hand: the smallest complete one."""

from typing import Any

from alfgraph.render.view import (
    BoardView,
    ParameterView,
    PartView,
    PhaseView,
)
from tests.render.wiring import Wiring, part

STEP = ("step_type", "reward", "discount", "observation")


def env_node(w: Wiring, batch: str = "B") -> str:
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


def step_pins(node: str, prefix: str = "step.", names: tuple[str, ...] = STEP) -> dict[str, Any]:
    return {f"step.{name}": (node, prefix + name) for name in names}


def actor_critic() -> BoardView:
    """The smallest complete board: actor-critic on CartPole."""
    w = Wiring()
    env = env_node(w)
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
            **step_pins(env),
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
