"""check_environment names every promise that an environment breaks."""

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

import alfgraph
from alfgraph import TensorSpec
from alfgraph.components import GymEnv, Pipeline, Trainer
from alfgraph.specs.spec import RecordSpec
from alfgraph.testing import ContractError, check_component, check_environment
from tests.testing.worlds import Walk, World, opening


class Unresettable(Walk):
    reset: Any = None


class BeginsInTheMiddle(Walk):
    def reset(self) -> None:
        super().reset()
        self.show(np.ones(3, np.int32), self.reward_numpy, self.prev_action)


class NeverBegins(Walk):
    def step(self, action: torch.Tensor) -> None:
        super().step(action)
        self.show(np.maximum(self.step_type_numpy, 1), self.reward_numpy, action)


class PaysForResets(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, (reward + 1).astype(np.float32), action)


class EndsInTheMiddle(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward, action)
        self.discount = torch.where(self.step_type == 1, 0.0, self.discount)


class ForgetsTheAction(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward, torch.zeros_like(action))


class RemembersTooMuch(Walk):
    def step(self, action: torch.Tensor) -> None:
        super().step(action)
        self.prev_action = action.clone()


class WiderObservation(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward, action)
        self.observation = torch.cat([self.observation, self.observation], 1)


class DoubleReward(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward.astype(np.float64), action)


class NotANumber(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward, action)
        self.observation[:, 0] = float("nan")


class OtherNumpy(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        super().show(step_type, reward, action)
        self.reward_numpy = self.reward_numpy + 1


class WithoutNumber(Walk):
    def reset(self) -> None:
        super().reset()
        del self.env_id


class InPlace(Walk):
    def show(self, step_type: Any, reward: Any, action: torch.Tensor) -> None:
        kept = getattr(self, "observation", None)
        super().show(step_type, reward, action)
        if kept is not None:
            self.observation = kept.copy_(self.observation)


class Unseeded(Walk):
    def noise(self, i: int) -> float:
        return float(np.random.default_rng().normal())


class Elsewhere(Walk):
    def noise(self, i: int) -> float:
        return random.random()  # the process's own generator


class OneSeed(Walk):
    def __init__(self, num_envs: int, seed: int) -> None:
        super().__init__(num_envs, seed)
        self.generators = [np.random.default_rng(seed) for _ in self.generators]


class FixedSeed(Walk):
    def __init__(self, num_envs: int, seed: int) -> None:
        super().__init__(num_envs, 0)


class Looked(Walk):
    def state(self) -> dict[str, Any]:
        self.generators[0].normal()
        return super().state()


class WithoutGenerators(Walk):
    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state | {"generators": [g.bit_generator.state for g in self.generators]})


class WithoutTimeStep(Walk):
    def load_state(self, state: dict[str, Any]) -> None:
        self.place, self.clock = np.array(state["place"]), np.array(state["clock"])


class OldTimeStep(Walk):
    def load_state(self, state: dict[str, Any]) -> None:
        self.reset()
        super().load_state(state | {"reward": state["reward"] * 0})


class NeedsReset(Walk):
    def load_state(self, state: dict[str, Any]) -> None:
        self.observation.zero_()
        super().load_state(state)


class Unstorable(Walk):
    def state(self) -> dict[str, Any]:
        return super().state() | {"generators": self.generators}


class Unclosable(Walk):
    def close(self) -> None:
        self.step_type.zero_()


FAULTS: list[tuple[type[Any], str, str]] = [
    (Unresettable, "has no `reset`", "RunningEnvironment"),
    (BeginsInTheMiddle, "`reset()` shows a step that is not FIRST", "zeros"),
    (NeverBegins, "episodes do not begin where the one before has ended", "FIRST"),
    (PaysForResets, "the reward of a first step is not 0", "rows that begin an episode"),
    (EndsInTheMiddle, "a discount is 0 in the middle of an episode", "step_type 2 (LAST)"),
    (ForgetsTheAction, "`prev_action` is not the action that was taken", "`step` is given"),
    (RemembersTooMuch, "`prev_action` of a first step is not zero", "rows that begin an episode"),
    (WiderObservation, "`observation` has another shape than declared", "one row per environment"),
    (DoubleReward, "`reward` has another dtype than declared", ".to(torch.float32)"),
    (NotANumber, "`observation` is not finite", "finite"),
    (OtherNumpy, "`reward_numpy` is not `reward` as an array", "self.reward_numpy ="),
    (WithoutNumber, "has no `env_id` after `reset()`", "set `self.env_id`"),
    (InPlace, "`step` writes into the `observation` it has shown before", ".clone()"),
    (Unseeded, "it is not repeatable: opened twice with one seed", "np.random.default_rng(seed"),
    (Elsewhere, "it is not repeatable: under other states of the process's own", "default_rng"),
    (OneSeed, "all environments of a batch begin alike", "seed + i"),
    (FixedSeed, "beginnings are random, but another seed changes nothing", "default_rng(seed"),
    (Looked, "`state()` changes the future", "change nothing"),
    (WithoutGenerators, "after `load_state` and further steps it shows another", "generators"),
    (WithoutTimeStep, "after `load_state` there is no `step_type`", "set its fields"),
    (OldTimeStep, "after `load_state` it shows another `reward`", "set all fields"),
    (NeedsReset, "`load_state` raises AttributeError", "what `reset` would make"),
    (Unstorable, "`state()` cannot be stored", ""),
    (Unclosable, "`close()` before `reset()` raises AttributeError", "anything to close"),
]


def refused(env: World) -> ContractError:
    with pytest.raises(ContractError) as caught:
        check_environment(env, steps=20)
    return caught.value


def test_a_world_that_keeps_its_promises_passes() -> None:
    check_environment(World())
    check_component(World())


@pytest.mark.parametrize("kind", ["CartPole-v1", "Pendulum-v1"])
def test_the_parts_bin_passes(kind: str) -> None:
    check_environment(GymEnv(id=kind, num_envs=2), steps=12)


@pytest.mark.parametrize(("kind", "message", "help_"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
def test_each_fault_is_named(kind: type[Any], message: str, help_: str) -> None:
    (found,) = refused(opening(kind)).diagnostics
    assert message in found.message
    assert help_ in found.help[0].text
    assert [fact.verb for fact in found.facts] == ["gives", "expects"]
    assert found.source is not None


def test_evaluation_wants_seeds_of_its_own() -> None:
    class Tested(World):
        def open(self, num_envs: int, seed: int, evaluation: bool, device: str) -> Walk:
            return Walk(num_envs, seed)

    (found,) = refused(Tested()).diagnostics
    assert "it evaluates with the seeds it trains with" in found.message


def test_what_lies_out_of_bounds_is_told() -> None:
    class Bounded(World):
        def known(self) -> Mapping[str, Any]:
            low = TensorSpec(dtype="float32", sample=(2,), low=-0.001, high=0.001)
            return {**super().known(), "observation": low}

    (found,) = refused(Bounded()).diagnostics
    assert "`observation` is out of the bounds declared" in found.message


def test_info_that_is_declared_must_be_there() -> None:
    class Informed(World):
        def known(self) -> Mapping[str, Any]:
            info = RecordSpec(fields=(("height", TensorSpec(dtype="float32")),))
            return {**super().known(), "env_info": info}

    (found,) = refused(Informed()).diagnostics
    assert "has no `env_info` after `reset()`" in found.message


def test_what_cannot_be_copied_is_named() -> None:
    class Held(World):
        file: Any = None

    with open(__file__) as held:
        (found,) = refused(Held(file=held)).diagnostics
    assert found.message.startswith("`Held.file` cannot be copied")
    assert "open files" in found.help[0].text


def test_a_whole_message() -> None:
    text = str(refused(opening(DoubleReward)))
    assert text.splitlines()[0] == "error: `Opened`: `reward` has another dtype than declared"
    assert "= Opened    gives   float64[3] on cpu" in text
    assert "= a board   expects float32[3] on cpu" in text
    assert "help: `reward` wants .to(torch.float32)" in text


def test_what_passes_trains() -> None:
    board = Pipeline(env=World(num_envs=4), trainer=Trainer(num_iterations=2, num_eval_episodes=2))
    result = alfgraph.run(board, save=False, quiet=True)
    assert result.iterations == 2
    assert np.isfinite(result.return_mean)
