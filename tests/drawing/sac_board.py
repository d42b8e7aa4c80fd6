"""A board written by hand: SAC, with target networks, three optimizers and much arithmetic."""

from alfgraph.drawing.picture.view import BoardView, ParameterView, PartView, PhaseView
from tests.drawing.boards import OWN, STEP, env_node, step_pins
from tests.drawing.wiring import Wiring, part

NORMAL, SCALAR = "Normal[M, 2]", "float32[M]"


def sac() -> BoardView:
    """Soft actor-critic on LunarLander, continuous."""
    w = Wiring()
    _unroll(w)
    now, later, sample = _replayed(w)
    alpha = w.node("update", "temperature", {"alpha": "float32[]"}, part="algorithm.temperature")
    _critic_update(w, now, later, sample, alpha)
    _actor_update(w, now, alpha)
    w.node("update", "target.update", kind="effect", operation="update", part="algorithm.target")
    return BoardView(
        name="sac_lunar_lander",
        title_note="Soft actor-critic, continuous LunarLander.",
        version="0.1.0",
        sizes={"B": 16, "M": 256},
        phases=(
            PhaseView(name="unroll", rate="every environment step", axes="[B=16]"),
            PhaseView(name="update", rate="once per environment step", axes="[T=2, M=256]"),
        ),
        parts=_parts(),
        nodes=tuple(w.nodes),
        wires=tuple(w.wires),
        parameters=(
            *(
                ParameterView(owner=f"algorithm.{owner}", part=f"algorithm.{name}", count=count)
                for owner, name, count in (
                    ("critic_optimizer", "critics", 137_218),
                    ("actor_optimizer", "actor", 69_124),
                    ("alpha_optimizer", "temperature", 1),
                )
            ),
            ParameterView(
                owner="algorithm.target",
                part="algorithm.critics",
                relation="tracks",
                count=137_218,
            ),
        ),
    )


def _unroll(w: Wiring) -> None:
    env = env_node(w)
    actor = w.node(
        "unroll",
        "actor",
        {"policy": "Normal[B, 2]"},
        {"observation": (env, "step.observation")},
        part="algorithm.actor",
        **OWN,
    )
    inputs = {"policy": (actor, "policy")}
    action = w.node(
        "unroll", "sample", {"action": "float32[B, 2]"}, inputs, kind="distribution", **OWN
    )
    w.node(
        "unroll",
        "replay.write",
        {},
        {**step_pins(env), "action": (action, "action")},
        kind="effect",
        part="algorithm.replay",
        **OWN,
    )
    w.feed((action, "action"), (env, "action"))


def _replayed(w: Wiring) -> tuple[str, str, str]:
    fields = {f"steps.{name}": f"float32[T, M{', 8' * (name == 'observation')}]" for name in STEP}
    sample = w.node(
        "update",
        "replay.sample",
        {**fields, "action": "float32[M, 2]"},
        kind="operation",
        part="algorithm.replay",
        **OWN,
    )
    observed = {"x": (sample, "steps.observation")}
    now = w.node("update", "[:-1]", {"out": "float32[M, 8]"}, observed, kind="math", **OWN)
    later = w.node("update", "[1:]", {"out": "float32[M, 8]"}, observed, kind="math", **OWN)
    return now, later, sample


def _policy(w: Wiring, observation: str) -> tuple[str, str]:
    actor = w.node(
        "update",
        "actor",
        {"policy": NORMAL},
        {"observation": (observation, "out")},
        part="algorithm.actor",
        **OWN,
    )
    action = w.node(
        "update",
        "rsample",
        {"action": "float32[M, 2]"},
        {"policy": (actor, "policy")},
        kind="distribution",
        **OWN,
    )
    log_prob = w.node(
        "update",
        "log_prob",
        {"log_prob": SCALAR},
        {"policy": (actor, "policy"), "action": (action, "action")},
        kind="distribution",
        **OWN,
    )
    return action, log_prob


def _value(w: Wiring, part_path: str, observation: str, action: tuple[str, str]) -> str:
    q = w.node(
        "update",
        part_path.rpartition(".")[2],
        {"value": "float32[M, 2]"},
        {"observation": (observation, "out"), "action": action},
        part=part_path,
        **OWN,
    )
    return q


def _critic_update(w: Wiring, now: str, later: str, sample: str, alpha: str) -> None:
    action, log_prob = _policy(w, later)
    q = _value(w, "algorithm.target", later, (action, "action"))
    least = w.node("update", "min", {"out": SCALAR}, {"x": (q, "value")}, kind="math", **OWN)
    scaled = w.node(
        "update",
        "×",
        {"out": SCALAR},
        {"a": (alpha, "alpha"), "b": (log_prob, "log_prob")},
        kind="math",
        **OWN,
    )
    minus = {"a": (least, "out"), "b": (scaled, "out")}
    next_value = w.node("update", "−", {"out": SCALAR}, minus, kind="math", **OWN)
    value = _value(w, "algorithm.critics", now, (sample, "action"))
    loss = w.node(
        "update",
        "td_loss",
        {"loss": "float32[]"},
        {
            "reward": (sample, "steps.reward"),
            "discount": (sample, "steps.discount"),
            "value": (value, "value"),
            "next_value": (next_value, "out"),
        },
        part="algorithm.td_loss",
        **OWN,
    )
    _optimizer(w, "critic_optimizer", (loss, "loss"))


def _actor_update(w: Wiring, now: str, alpha: str) -> None:
    action, log_prob = _policy(w, now)
    q = _value(w, "algorithm.critics", now, (action, "action"))
    loss = w.node(
        "update",
        "actor_loss",
        {"loss": "float32[]"},
        {"alpha": (alpha, "alpha"), "log_prob": (log_prob, "log_prob"), "value": (q, "value")},
        part="algorithm.actor_loss",
        **OWN,
    )
    _optimizer(w, "actor_optimizer", (loss, "loss"))
    entropy = {"alpha": (alpha, "alpha"), "log_prob": (log_prob, "log_prob")}
    alpha_loss = w.node(
        "update", "alpha_loss", {"loss": "float32[]"}, entropy, part="algorithm.alpha_loss", **OWN
    )
    _optimizer(w, "alpha_optimizer", (alpha_loss, "loss"))


def _optimizer(w: Wiring, name: str, loss: tuple[str, str]) -> None:
    w.node("update", name, {}, {"loss": loss}, kind="effect", part=f"algorithm.{name}", **OWN)


def _parts() -> tuple[PartView, ...]:
    kinds = (
        ("actor", "ActorNetwork", "network", 3, 69_124, "actor_optimizer"),
        ("critics", "Ensemble", "network", 3, 137_218, "critic_optimizer"),
        ("temperature", "Temperature", "network", 1, 1, "alpha_optimizer"),
        ("target", "Target", "target", 0, 0, None),
        ("replay", "ReplayBuffer", "buffer", 0, 0, None),
        ("td_loss", "TDLoss", "loss", 1, 0, None),
        ("actor_loss", "SACActorLoss", "loss", 1, 0, None),
        ("alpha_loss", "EntropyTarget", "loss", 1, 0, None),
        ("critic_optimizer", "Adam", "optimizer", 2, 0, None),
        ("actor_optimizer", "Adam", "optimizer", 2, 0, None),
        ("alpha_optimizer", "Adam", "optimizer", 2, 0, None),
    )
    return (
        part("env", "GymEnv", "environment", 4, settings={"id": '"LunarLanderContinuous-v3"'}),
        part("algorithm", "SAC", "graph", 2),
        *(
            part(
                f"algorithm.{name}",
                kind,
                family,
                temperature,
                num_parameters=count,
                trained_by=owner and f"algorithm.{owner}",
                gradient="no grad" if family == "buffer" else None,
            )
            for name, kind, family, temperature, count, owner in kinds
        ),
    )
