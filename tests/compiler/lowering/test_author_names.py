"""Names in the emitted program are those of the author's assignments."""

import re

import alfgraph
from alfgraph.components import DQN, SAC, ActorCritic, GymEnv, Pipeline


def targets(algorithm: object, function: str) -> list[str]:
    """What the statements of an emitted function assign to, in order."""
    env = GymEnv(id="Pendulum-v1" if isinstance(algorithm, SAC) else "CartPole-v1", num_envs=1)
    code = alfgraph.plan(Pipeline(env=env, algorithm=algorithm)).code  # type: ignore[arg-type]
    body = code.partition(f"def {function}(")[2].partition("\ndef ")[0]
    found = re.findall(r"^ +([\w, ]+) = \w+", body, re.M)
    return [name for names in found for name in re.split(r",\s*", names)]


def test_what_update_calls_slow_and_best_is_called_so() -> None:
    names = targets(DQN(), "update")
    assert {"later_observation", "slow", "best", "next_value", "value"} <= set(names)
    assert not [name for name in names if re.search(r"_\d+$", name)]


def test_a_name_beyond_return_is_that_of_the_line_that_called() -> None:
    """`q = self.pooled(...)`: the least is taken in `pooled`, and named where it was asked for."""
    names = targets(SAC(), "update")
    assert {"policy", "action", "next_q", "next_value", "q", "soft"} <= set(names)
    assert {"min_out", "soft_value_value"}.isdisjoint(names)


def test_the_same_name_twice_is_numbered() -> None:
    names = targets(SAC(), "update")
    assert names.index("policy") < names.index("policy_2")


def test_an_application_called_like_its_part_leaves_the_name_to_the_part() -> None:
    """`actor = self.actor(step)`: the program's `actor` is the part."""
    assert targets(ActorCritic(), "unroll") == ["policy", "action"]
