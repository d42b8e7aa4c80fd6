"""PPO and ActorCritic with losses that are not theirs: what fits trains, what does not is told."""

import re
from typing import Any

import pytest
from torch import Tensor

import alfgraph
from alfgraph import In, Out
from alfgraph.components import (
    PPO,
    ActorCritic,
    ActorCriticLoss,
    Epochs,
    GymEnv,
    Pipeline,
    PPOLoss,
    TDLoss,
)
from alfgraph.components.algorithms.actor_critic import Acted
from alfgraph.components.algorithms.ppo import Sample
from alfgraph.diagnostics.errors import SettingError, WiringError
from alfgraph.families.learning import Loss
from tests.whole_boards.driving import changed, parameters, started, trained
from tests.whole_boards.worlds import Noise


class Plain(Loss):
    """Eight lines: the policy gradient, and the error of the values."""

    advantage = In("float32[T, *batch]", detach=True)
    log_prob = In("float32[T, *batch]")
    returns = In("float32[T, *batch]", detach=True)
    value = In("float32[T, *batch]")
    total = Out("float32[]")

    def forward(
        self, advantage: Tensor, log_prob: Tensor, returns: Tensor, value: Tensor
    ) -> Tensor:
        return (-log_prob * advantage + (returns - value) ** 2).mean()


class Surprised(Loss):
    """Reads the old policy, and says how far the new one moved."""

    log_prob = In("float32[T, *batch]")
    old_log_prob = In("float32[T, *batch]", detach=True)
    value = In("float32[T, *batch]")
    loss = Out("float32[]")
    approximate_kl = Out("float32[]", monitor=True)

    def forward(
        self, log_prob: Tensor, old_log_prob: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor]:
        squares = (log_prob - old_log_prob - 1.0) ** 2 + value**2
        return squares.mean(), squares.mean().detach()


class Marginal(Plain):
    margin = In("float32[T, *batch]")


class Counting(Plain):
    value = In("int64[T, *batch]")


class Undecided(Plain):
    loss = Out("float32[]")


def board(algorithm: ActorCritic) -> Pipeline:
    schedule: dict[str, Any] = {}
    if isinstance(algorithm, PPO):
        schedule["schedule"] = Epochs(unroll_length=8, epochs=2, mini_batch_size=4)
    return Pipeline(env=GymEnv(make=Noise, num_envs=2), algorithm=algorithm, **schedule)


def update_of(algorithm: ActorCritic) -> str:
    """The text of the update in the emitted program."""
    code = alfgraph.plan(board(algorithm)).code
    return code.partition("def update(")[2].partition("\ndef ")[0]


@pytest.mark.parametrize("algorithm", [PPO(loss=Plain()), ActorCritic(loss=Plain())])
def test_a_loss_of_eight_lines_trains_actor_and_critic(algorithm: ActorCritic) -> None:
    before, after = parameters(started(board(algorithm))), parameters(trained(board(algorithm), 2))
    assert changed(before, after) == {"algorithm.actor", "algorithm.critic"}


def test_what_a_loss_does_not_read_is_not_computed() -> None:
    assert "policy.entropy()" in update_of(PPO())
    assert "policy.entropy()" not in update_of(PPO(loss=Plain()))
    assert "advantage" not in update_of(PPO(loss=Surprised()))


@pytest.mark.parametrize(
    ("algorithm", "said"),
    [
        (
            PPO(loss=Marginal()),
            r"E102.*`algorithm\.loss\.margin` is not connected.*it is offered .*old_value.*entropy",
        ),
        (PPO(loss=TDLoss()), r"E102.*`algorithm\.loss\.next_value` is not connected"),
        (ActorCritic(loss=PPOLoss()), r"E102.*`algorithm\.loss\.old_log_prob` is not connected"),
        (
            PPO(loss=Counting()),
            r"E101.*`algorithm\.critic\.value` does not fit `algorithm\.loss\.value`",
        ),
        (PPO(loss=Undecided()), r"E105.*`algorithm\.loss` has 2 outputs"),
    ],
)
def test_a_loss_that_does_not_fit_gets_the_diagnostic_of_its_ports(
    algorithm: ActorCritic, said: str
) -> None:
    with pytest.raises(WiringError) as raised:
        alfgraph.plan(board(algorithm))
    assert re.search(said, str(raised.value), re.DOTALL)


@pytest.mark.parametrize("loss", [ActorCriticLoss(), Plain()])
def test_an_early_stop_needs_a_loss_that_measures(loss: Loss) -> None:
    said = rf"E302.*target_kl needs a loss .*`approximate_kl`; {type(loss).__name__} has none"
    with pytest.raises(SettingError) as raised:
        PPO(loss=loss, target_kl=0.01)
    assert re.search(said, str(raised.value), re.DOTALL)


def test_an_early_stop_is_not_lost_by_a_swap() -> None:
    with pytest.raises(SettingError, match="target_kl needs a loss"):
        PPO(target_kl=0.01).swap(loss=ActorCriticLoss())


def test_an_early_stop_works_with_whatever_loss_measures() -> None:
    steps = {
        kl: trained(board(PPO(loss=Surprised(), target_kl=kl)), 1)
        .optimizers["algorithm.optimizer"]
        .step_count
        for kl in (None, 1e-9)
    }
    assert steps == {None: 2 * 4, 1e-9: 0}


def test_values_at_rollout_are_kept_only_where_values_are_clipped() -> None:
    assert "old_value" not in alfgraph.plan(board(PPO())).code
    assert "old_value" in update_of(PPO(loss=PPOLoss(value_clip=0.2)))


def test_clipped_values_train_differently() -> None:
    def critic(loss: PPOLoss) -> list[float]:
        after = parameters(trained(board(PPO(loss=loss)), 2))
        return [float(v.sum()) for name, v in after.items() if "critic" in name]

    assert critic(PPOLoss(value_clip=1e6)) == pytest.approx(critic(PPOLoss()))
    assert critic(PPOLoss(value_clip=1e-4)) != pytest.approx(critic(PPOLoss()))


def test_clipping_asks_for_the_values_at_rollout() -> None:
    class Remembering(ActorCritic):
        """Has the old policy, not the old values."""

        def update(self) -> Any:
            taken, steps = self.rollout.read(Acted), self.rollout.steps()
            value = self.critic(steps).value
            target = self.returns(steps, value=value)
            loss = self.loss(
                taken,
                advantage=target.advantage,
                returns=target.returns,
                value=value[:-1],
                old_log_prob=taken.log_prob,
            ).loss
            assert self.optimizer is not None
            self.optimizer(loss)
            return loss

    alfgraph.plan(board(Remembering(loss=PPOLoss())))
    with pytest.raises(WiringError, match=r"E102.*`algorithm\.loss\.old_value`.*`value_clip`"):
        alfgraph.plan(board(Remembering(loss=PPOLoss(value_clip=0.2))))


class LogLikelihood(Loss):
    """Behaves as it did; what the critic says is nothing to it."""

    log_prob = In("float32[T, *batch]", role="log_prob")
    out = Out("float32[]", role="loss")

    def forward(self, log_prob: Tensor) -> Tensor:
        return -log_prob.mean()


def test_a_loss_of_the_actor_alone_leaves_the_critic_without_an_owner() -> None:
    with pytest.raises(WiringError, match=r"`algorithm\.critic`") as caught:
        alfgraph.plan(Pipeline(algorithm=ActorCritic(loss=LogLikelihood())))
    assert {d.code for d in caught.value.diagnostics} <= {"E120", "E122"}


class Careless(PPO):
    """Offers the loss a method in place of the mini-batch."""

    def update(self) -> Any:
        batch = self.samples.read(Sample)
        policy = self.actor(batch.step).policy
        loss = self.loss.asking(self.loss.asking, log_prob=policy.log_prob(batch.action))  # type: ignore[arg-type]
        self.optimizer(loss)  # type: ignore[misc]


def test_what_is_no_record_is_told_at_the_authors_line() -> None:
    with pytest.raises(WiringError, match=r"E1\d\d") as caught:
        alfgraph.plan(Pipeline(algorithm=Careless()))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.source is not None
    assert "asking(self.loss.asking" in diagnostic.source.text()
