"""PPO and ActorCritic take any loss whose ports are among what they offer."""

from __future__ import annotations

import pytest
from torch import Tensor

import alfgraph
from alfgraph import In, Out
from alfgraph.components import PPO, ActorCritic, ActorCriticLoss, GymEnv, Loss, Pipeline
from alfgraph.diagnostics.errors import BoardError, SettingError
from tests.whole_boards.driving import changed, iterate, parameters, started

ENV = GymEnv(num_envs=2)


class ImportanceWeighted(Loss):
    """The policy gradient, weighted by the ratio of the probabilities; no entropy, no masks."""

    advantage = In("float32[T, *batch]", role="advantage", detach=True)
    log_prob = In("float32[T, *batch]", role="log_prob")
    old_log_prob = In("float32[T, *batch]", role="log_prob", detach=True)
    value = In("float32[T, *batch]", role="value")
    returns = In("float32[T, *batch]", role="return", detach=True)
    loss = Out("float32[]", role="loss")

    def forward(
        self,
        advantage: Tensor,
        log_prob: Tensor,
        old_log_prob: Tensor,
        value: Tensor,
        returns: Tensor,
    ) -> Tensor:
        ratio = (log_prob - old_log_prob).exp()
        return (value - returns).square().mean() - (ratio * advantage).mean()


class LogLikelihood(Loss):
    """Behaves as it did."""

    log_prob = In("float32[T, *batch]", role="log_prob")
    out = Out("float32[]", role="loss")

    def forward(self, log_prob: Tensor) -> Tensor:
        return -log_prob.mean()


class Margin(LogLikelihood):
    """Asks for what PPO has not."""

    margin = In("float32[T, *batch]")

    def forward(self, log_prob: Tensor, margin: Tensor) -> Tensor:  # type: ignore[override]
        return (margin - log_prob).mean()


def test_ppo_learns_from_it() -> None:
    program = started(Pipeline(env=ENV, algorithm=PPO(loss=ImportanceWeighted())))
    assert "ppo_loss" not in program.plan.code
    before = parameters(program)
    iterate(program)
    assert changed(before, parameters(program)) == {"algorithm.actor", "algorithm.critic"}


def test_a_loss_that_reaches_the_actor_only_leaves_the_critic_without_an_owner() -> None:
    board = Pipeline(env=ENV, algorithm=ActorCritic(loss=LogLikelihood()))
    with pytest.raises(BoardError, match=r"`algorithm\.critic`") as caught:
        alfgraph.plan(board)
    assert {d.code for d in caught.value.diagnostics} <= {"E120", "E122"}


def test_a_port_that_nothing_is_offered_for_is_named() -> None:
    with pytest.raises(BoardError, match=r"`algorithm\.loss\.margin` is not connected"):
        alfgraph.plan(Pipeline(env=ENV, algorithm=PPO(loss=Margin())))


def test_target_kl_takes_a_loss_that_measures_it() -> None:
    """It used to be dropped without a word."""
    with pytest.raises(SettingError, match="ActorCriticLoss has none"):
        PPO(target_kl=0.01, loss=ActorCriticLoss())
    assert ".stop" not in alfgraph.plan(Pipeline(env=ENV, algorithm=PPO())).code
    assert "return True" in alfgraph.plan(Pipeline(env=ENV, algorithm=PPO(target_kl=0.01))).code
