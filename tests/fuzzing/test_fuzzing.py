"""If it checks, it runs: mutants of good boards, judged. `make fuzz` judges as many as you like."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from alfgraph.components import PPO, ActorCritic, GymEnv, MiniBatches, Pipeline, RolloutBuffer
from alfgraph.components.algorithms.actor_critic import Acted
from alfgraph.families.timestep import TimeStep
from alfgraph.wiring.wires import Wire
from tests.fuzzing.judging import FINDINGS, judge
from tests.fuzzing.mutants import Mutant, mutant
from tests.fuzzing.policies import POLICIES
from tests.whole_boards.worlds import Clock

QUICK = range(200)
SLOW = range(200, 1200)


def judged(numbers: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for number in numbers:
        made = mutant(number)
        verdict = judge(made)
        assert verdict.outcome not in FINDINGS, (number, made.start, made.changes, verdict)
        found[verdict.outcome] += 1
    return found


@pytest.mark.filterwarnings("ignore")  # of gymnasium and torch, about what mutants do
def test_mutants_run_if_they_check_and_deserve_it_if_they_do_not() -> None:
    found = judged(QUICK)
    assert found["ran"] > len(QUICK) / 5
    assert found["raised"] + found["other"] > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_many_mutants() -> None:
    judged(SLOW)


def test_a_mutant_is_the_same_every_time() -> None:
    assert [mutant(n).changes for n in range(5)] == [mutant(n).changes for n in range(5)]


# ------------------------------------------------------------------ the judge is judged, too


def of(algorithm: Any) -> Mutant:
    graph = Pipeline(env=GymEnv(make=Clock, num_envs=2), algorithm=algorithm)
    small = graph.swap(trainer=graph.trainer.model_copy(update={"num_iterations": 2}))
    return Mutant(0, "by hand", ("one",), small)


def test_what_raises_when_it_is_lowered_is_rightly_rejected() -> None:
    class Wrong(ActorCritic):
        def unroll(self, step: TimeStep) -> Wire:
            return super().unroll(step.replace(observation=step.reward))

    verdict = judge(of(Wrong()))
    assert verdict.codes == ("E101",)
    assert verdict.outcome in {"raised", "other"}


def test_what_runs_with_another_shape_than_declared_is_rightly_rejected() -> None:
    class Shifted(ActorCritic):
        def update(self) -> Wire:
            taken, steps = self.rollout.read(Acted), self.rollout.steps()
            value = self.critic(steps).value
            target = self.returns(steps, value=value)
            loss = self.loss(
                taken, advantage=target.advantage, returns=target.returns, value=value[:-1].mean()
            )
            assert self.optimizer is not None
            self.optimizer(loss.loss)
            return loss.loss

    verdict = judge(of(Shifted()))
    assert verdict.outcome in {"raised", "other"}
    assert "E101" in verdict.codes


def test_what_runs_and_only_breaks_a_rule_names_the_rule() -> None:
    class Twice(PPO):
        second: RolloutBuffer = RolloutBuffer()
        extra: MiniBatches = MiniBatches()

        def update(self) -> Wire:
            loss = super().update()
            if self.optimizer is not None:
                self.optimizer(loss)
            return self.critic(self.samples.read(Acted).step).value  # another record

    verdict = judge(of(Twice()))
    assert verdict.outcome == "policy"
    assert verdict.why.partition(" ")[0] in POLICIES


def test_a_crash_of_ours_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("internal")

    monkeypatch.setattr("alfgraph.compiler.pipeline.mark_live", broken)
    verdict = judge(of(ActorCritic()))
    assert (verdict.outcome, verdict.where) == (
        "traceback",
        "KeyError at /compiler/pipeline.py:check_graph",
    )
