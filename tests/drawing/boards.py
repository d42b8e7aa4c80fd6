"""A board written by hand: the smallest complete one."""

from typing import Any

from alfgraph.drawing.picture.view import (
    BoardView,
    ParameterView,
    PartView,
    PhaseView,
)
from tests.drawing.wiring import Wiring, part

STEP = ("step_type", "reward", "discount", "observation")
OWN: dict[str, Any] = {"board": "algorithm"}


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


def distribution(
    w: Wiring, phase: str, label: str, spec: str, inputs: dict[str, tuple[str, str]]
) -> str:
    """A method of a distribution, such as `log_prob`."""
    output = "action" if label == "sample" else label
    return w.node(phase, label, {output: spec}, inputs, kind="distribution", **OWN)


def steps_node(w: Wiring, phase: str) -> str:
    """The time steps of a rollout, one row more than transitions."""
    specs = {name: "int32" if name == "step_type" else "float32" for name in STEP}
    tails = {name: ", 4]" if name == "observation" else "]" for name in STEP}
    return w.node(
        phase,
        "rollout.steps",
        {f"steps.{name}": f"{specs[name]}[T+1, B{tails[name]}" for name in STEP},
        kind="operation",
        operation="steps",
        part="algorithm.rollout",
        **OWN,
    )


def returns_node(w: Wiring, phase: str, steps: str) -> tuple[str, str]:
    """The critic and the returns; both their nodes."""
    critic = w.node(
        phase,
        "critic",
        {"value": "float32[T+1, B]"},
        {"observation": (steps, "steps.observation")},
        part="algorithm.critic",
        **OWN,
    )
    returns = w.node(
        phase,
        "returns",
        {"advantage": "float32[T, B]", "returns": "float32[T, B]"},
        {
            "step_type": (steps, "steps.step_type"),
            "reward": (steps, "steps.reward"),
            "discount": (steps, "steps.discount"),
            "value": (critic, "value"),
        },
        part="algorithm.returns",
        **OWN,
    )
    return critic, returns


def optimizer_node(w: Wiring, loss: str) -> None:
    """The end of every update."""
    w.node(
        "update",
        "optimizer",
        {},
        {"loss": (loss, "loss")},
        kind="effect",
        part="algorithm.optimizer",
        **OWN,
    )


def actor_critic() -> BoardView:
    """The smallest complete board: actor-critic on CartPole."""
    w = Wiring()
    _actor_critic_unroll(w)
    _actor_critic_update(w)
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


def _actor_critic_unroll(w: Wiring) -> None:
    env = env_node(w)
    actor = w.node(
        "unroll",
        "actor",
        {"policy": "Categorical[B, 2]"},
        {"observation": (env, "step.observation")},
        part="algorithm.actor",
        **OWN,
    )
    policy = {"policy": (actor, "policy")}
    action = distribution(w, "unroll", "sample", "int64[B] in [0, 2)", policy), "action"
    log_prob = distribution(w, "unroll", "log_prob", "float32[B]", {**policy, "action": action})
    entropy = distribution(w, "unroll", "entropy", "float32[B]", policy)
    w.node(
        "unroll",
        "rollout.write",
        {},
        {
            **step_pins(env),
            "action": action,
            "log_prob": (log_prob, "log_prob"),
            "entropy": (entropy, "entropy"),
        },
        kind="effect",
        operation="write",
        part="algorithm.rollout",
        **OWN,
    )
    w.feed(action, (env, "action"))


def _actor_critic_update(w: Wiring) -> None:
    fields = {name: "int32[T, B]" if name == "step_type" else "float32[T, B]" for name in STEP}
    read = w.node(
        "update",
        "rollout.read",
        {
            **{f"taken.step.{name}": spec for name, spec in fields.items()},
            "taken.action": "int64[T, B] in [0, 2)",
            "taken.log_prob": "float32[T, B]",
            "taken.entropy": "float32[T, B]",
        },
        kind="operation",
        operation="read",
        part="algorithm.rollout",
        **OWN,
    )
    critic, returns = returns_node(w, "update", steps_node(w, "update"))
    whole = {"x": (critic, "value")}
    taken = w.node("update", "[:-1]", {"out": "float32[T, B]"}, whole, kind="math", **OWN)
    loss = w.node(
        "update",
        "loss",
        {"loss": "float32[]"},
        {
            "step_type": (read, "taken.step.step_type"),
            "log_prob": (read, "taken.log_prob"),
            "entropy": (read, "taken.entropy"),
            "advantage": (returns, "advantage"),
            "value": (taken, "out"),
            "returns": (returns, "returns"),
        },
        part="algorithm.loss",
        **OWN,
    )
    optimizer_node(w, loss)


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
