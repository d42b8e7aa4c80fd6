"""What an environment need not say, and what is said when it says too little."""

from collections.abc import Mapping
from typing import Any

import pytest

import alfgraph
from alfgraph import TensorSpec
from alfgraph.components import Environment, Pipeline
from alfgraph.diagnostics.errors import WiringError
from alfgraph.families.environment import knowledge_of
from alfgraph.families.protocols import RunningEnvironment
from alfgraph.specs.spec import RecordSpec

OBSERVATION = TensorSpec(dtype="float32", sample=(2,))
ACTION = TensorSpec(dtype="int64", low=0, high=1)


class Silent(Environment):
    def batch_size(self, phase: str) -> int:
        return 4

    def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> RunningEnvironment:
        raise NotImplementedError


class Sim(Silent):
    """Says what it must."""

    def known(self) -> Mapping[str, Any]:
        return {"observation": OBSERVATION, "action": ACTION}


class Sightless(Sim):
    def known(self) -> Mapping[str, Any]:
        return {"action": ACTION}


class Weighed(Sim):
    def known(self) -> Mapping[str, Any]:
        info = RecordSpec(fields=(("height", TensorSpec(dtype="float32")),))
        return {**super().known(), "*r": (3,), "env_info": info}


def refused(env: Environment) -> alfgraph.AlfgraphError:
    with pytest.raises(WiringError) as caught:
        alfgraph.check(Pipeline(env=env))
    return caught.value


def test_rewards_are_scalar_and_nothing_is_reported_unless_it_says_so() -> None:
    plan = alfgraph.check(Pipeline(env=Sim()))
    specs = {wire.source: str(wire.spec) for wire in plan.wires}
    assert specs["env.step.reward"] == "float32[B]"
    assert knowledge_of(Sim())["env_info"] == RecordSpec()
    assert knowledge_of(Weighed())["*r"] == (3,)
    assert [name for name, _ in knowledge_of(Weighed())["env_info"].fields] == ["height"]


def test_a_missing_observation_is_one_error_at_the_authors_method() -> None:
    (found,) = refused(Sightless()).diagnostics
    assert found.code == "E108"
    assert found.source is not None
    assert found.source.line == Sightless.known.__code__.co_firstlineno
    assert found.message.startswith('`Sightless.known` does not name "observation"')
    assert [(f.subject, f.verb, f.spec) for f in found.facts] == [
        ("Sightless.known()", "gives", '"action"'),
        ("env", "needs", '"observation", "action"'),
    ]
    (help_,) = found.help
    assert help_.text == (
        'let `known` return, for instance, {"observation": '
        'TensorSpec(dtype="float32", sample=(4,))}'
    )


def test_what_the_help_says_is_right() -> None:
    (found,) = refused(Silent()).diagnostics
    entries = eval(found.help[0].text.partition("for instance, ")[2], {"TensorSpec": TensorSpec})
    told = type("Told", (Silent,), {"known": lambda self: entries, "__doc__": "Told."})
    alfgraph.check(Pipeline(env=told()))


def test_a_class_without_known_is_shown_itself() -> None:
    (found,) = refused(Silent()).diagnostics
    assert found.source is not None
    assert found.source.text() == "class Silent(Environment):"
    assert '"observation" and "action"' in found.message
