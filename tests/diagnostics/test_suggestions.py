"""What a user may have meant."""

import pytest

from alfgraph import components
from alfgraph.components.names_elsewhere import NAMES_ELSEWHERE
from alfgraph.diagnostics.suggestions import did_you_mean, listing


@pytest.mark.parametrize(
    ("word", "candidates", "meant"),
    [
        ("hiden", ["hidden", "lr"], "hidden"),
        ("NumEnvs", ["num_envs", "id"], "num_envs"),
        ("num-envs", ["num_envs", "id"], "num_envs"),
        ("log_probs", ["log_prob", "value"], "log_prob"),
        ("PP0", ["PPO", "SAC"], "PPO"),
        ("env", ["environment", "value"], "environment"),
        ("weights", ["weight", "target_value"], "weight"),
        ("learning_rate", ["lr", "eps"], "lr"),
        ("n_steps", ["unroll_length", "epochs"], "unroll_length"),
        ("zebra", ["hidden", "lr"], None),
        ("same", ["same"], None),
        ("x", [], None),
    ],
)
def test_did_you_mean(word: str, candidates: list[str], meant: str | None) -> None:
    assert did_you_mean(word, candidates) == meant


@pytest.mark.parametrize("name", sorted(NAMES_ELSEWHERE))
def test_what_is_meant_is_a_setting_of_some_part(name: str) -> None:
    parts = [part for part in vars(components).values() if hasattr(part, "model_fields")]
    assert any(name in part.model_fields for part in parts)


def test_listing() -> None:
    assert listing([]) == "none"
    assert listing(["a"]) == "`a`"
    assert listing(["a", "b", "c"]) == "`a`, `b` and `c`"
    assert listing("abcde", limit=3) == "`a`, `b`, `c` and 2 more"
