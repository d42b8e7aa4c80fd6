"""RewardNormalizer: rewards divided by the deviation of returns, or of themselves."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from torch import Tensor, nn

from alfgraph.components.transforms.running_statistics import Averaging, RunningStatistics
from alfgraph.families.timestep import TimeStep
from alfgraph.families.transform import Transform
from alfgraph.specs.step_types import FIRST
from alfgraph.wiring.component import Component, Operation
from alfgraph.wiring.ports import In, Out, State

Unit = Annotated[float, Field(ge=0.0, le=1.0)]


class DiscountedReturn(Component):
    """The discounted sum of an episode's rewards so far: `R ← γR + r`, 0 where one begins.

    Attributes:
        gamma: γ; the algorithm's own is the usual choice.
    """

    gamma: Unit = 0.99

    reward = In("float32[*batch, *r]", role="reward")
    step_type = In("int32[*batch]", role="step_type")
    out = Out("float32[*batch, *r]")
    running = State("float32[*batch, *r]")

    def forward(self, reward: Tensor, step_type: Tensor, running: Tensor) -> tuple[Tensor, Tensor]:
        """[B, *r] float32 rewards and sums before -> the sums, twice: as output and register."""
        total = self.gamma * running + reward
        return total, total


class ObserveReward(Operation):
    """Take rewards or returns into account; an effect."""

    value = In("float32[*batch, *r]")
    step_type = In("int32[*batch]", role="step_type")


class RewardStatistics(Component):
    """The running deviation of what it is shown, per reward dimension, and what divides by it.

    Attributes:
        clipping: results are cut to ±clipping; 0: they are not.
        zero_mean: subtract the mean too; it changes which policy is best where episodes end early.
        averaging: how fast the past is forgotten.
    """

    clipping: Annotated[float, Field(ge=0.0)] = 10.0
    zero_mean: bool = False
    averaging: Averaging = Averaging()

    reward = In("float32[*batch, *r]", role="reward")
    out = Out("float32[*batch, *r]", role="reward")

    observe = ObserveReward()

    def build(self, r: tuple[int, ...]) -> nn.Module:
        """[*batch, *r] float32 reward -> normalized."""
        statistics = RunningStatistics(r, self.averaging, center=self.zero_mean)
        return _RewardNormalizer(statistics, self.clipping)


class _RewardNormalizer(nn.Module):
    """Statistics that leave out first steps: their reward is no reward."""

    def __init__(self, statistics: RunningStatistics, clipping: float) -> None:
        super().__init__()
        self.statistics = statistics
        self.clipping = clipping

    def observe(self, value: Tensor, step_type: Tensor) -> None:
        """Update the statistics; [*leading, *r] float32 and [*leading] int32."""
        rewarded = step_type != FIRST
        if not bool(rewarded.all()):
            value = value[rewarded]
        if value.numel():
            self.statistics.observe(value)

    def forward(self, reward: Tensor) -> Tensor:
        normalized: Tensor = self.statistics(reward)
        if self.clipping:
            normalized = normalized.clamp(-self.clipping, self.clipping)
        return normalized


class RewardNormalizer(Transform):
    """Divide rewards by a running deviation, so that learning rates and losses fit any task.

    Details:
        - By default the deviation is that of the discounted return of each environment, so that
          returns have about unit variance; with `returns=None` it is that of the rewards.
        - Statistics are updated before the step is normalized, once per environment step
          ("unroll"), or on what a replay buffer samples ("replay"; rewards only). Evaluation
          reports raw returns.

    Attributes:
        update_in: where statistics are updated.
        returns: sums rewards up; None: the rewards themselves are measured, as in ALF.
        statistics: what is measured, and how far results may go.

    Source: Stable-Baselines3's `VecNormalize`; Engstrom et al. 2020, arXiv:2005.12729, section 3,
        item 2. ALF's `RewardNormalizer` is `returns=None`, `zero_mean=True`, adaptive averaging.
    """

    update_in: Literal["unroll", "replay"] = "unroll"
    returns: DiscountedReturn | None = DiscountedReturn()
    statistics: RewardStatistics = RewardStatistics()

    @model_validator(mode="after")
    def _replays_no_returns(self) -> Self:
        if self.update_in == "replay" and self.returns is not None:
            raise ValueError(
                "samples from a replay buffer do not add up to returns: "
                'use update_in="unroll", or returns=None to measure rewards'
            )
        return self

    def unroll(self, step: TimeStep) -> TimeStep:
        """Every environment step: update, then normalize."""
        if self.update_in == "unroll":
            measured = step.reward if self.returns is None else self.returns(step).out
            self.statistics.observe(measured, step.step_type)
        return self.apply(step)

    def replay(self, step: TimeStep) -> TimeStep:
        """On what a replay buffer sampled."""
        if self.update_in == "replay":
            self.statistics.observe(step.reward, step.step_type)
        return self.apply(step)

    def apply(self, step: TimeStep) -> TimeStep:
        """Normalize the reward by what is known so far."""
        return step.replace(reward=self.statistics(step.reward).out)
