"""ObservationNormalizer: observations with mean 0 and deviation 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import Tensor, nn

from alfgraph.components.transforms.observation_leaves import (
    Path,
    at_path,
    chosen_leaves,
    replace_leaves,
    with_value,
)
from alfgraph.components.transforms.running_statistics import Averaging, RunningStatistics
from alfgraph.families.timestep import TimeStep
from alfgraph.families.transform import Transform
from alfgraph.specs.spec import Spec, TensorSpec
from alfgraph.wiring.component import Operation
from alfgraph.wiring.ports import In, Out


class ObserveObservation(Operation):
    """Take observations into account; an effect."""

    observation = In("observation[*batch]", role="observation")


class ObservationNormalizer(Transform):
    """Subtract a running mean from observations, divide by a running deviation, and clip.

    Details:
        - Statistics are per element, over environments (and time), and part of checkpoints.
        - They are updated in one place only: where observations are made ("unroll", once per
          environment step, before the step is normalized), or on what a replay buffer samples
          ("replay"). Evaluation never changes them.
        - A rollout buffer holds what the policy saw. A replay buffer holds raw observations,
          which are normalized by the statistics of the moment they are sampled.

    Attributes:
        update_in: where statistics are updated.
        fields: dotted paths into the observation: tensors or whole branches; None: every
            floating-point tensor. Others pass unchanged.
        clipping: results are cut to ±clipping; 0: they are not.
        averaging: how fast the past is forgotten.
        zero_mean: subtract the mean.

    Source: Stable-Baselines3's `VecNormalize` (running, clip 10); ALF's `ObservationNormalizer`
        (adaptive) by `averaging=Averaging(mode="adaptive")`.
    """

    update_in: Literal["unroll", "replay"] = "unroll"
    fields: tuple[str, ...] | None = None
    clipping: Annotated[float, Field(ge=0.0)] = 10.0
    averaging: Averaging = Averaging()
    zero_mean: bool = True

    observation = In("observation[*batch]", role="observation")
    out = Out("normalized[*batch]", role="observation")

    observe = ObserveObservation()

    def unroll(self, step: TimeStep) -> TimeStep:
        """Every environment step: update, then normalize."""
        if self.update_in == "unroll":
            self.observe(step.observation)
        return self.apply(step)

    def replay(self, step: TimeStep) -> TimeStep:
        """On what a replay buffer sampled."""
        if self.update_in == "replay":
            self.observe(step.observation)
        return self.apply(step)

    def derive(self, observation: Spec) -> Mapping[str, Spec]:
        """The spec of what comes out: the same tree, float32, bounded by the clipping."""
        bound = self.clipping or None
        changed: dict[Path, Spec] = {
            path: TensorSpec(
                dtype="float32",
                sample=leaf.sample,
                low=None if bound is None else -bound,
                high=bound,
            )
            for path, leaf in self._chosen(observation)
        }
        return {"normalized": replace_leaves(observation, changed)}

    def build(self, observation: Spec) -> nn.Module:
        """[*batch, ...] observation -> the same tree, normalized."""
        statistics = {
            path: RunningStatistics(
                tuple(int(d) for d in leaf.sample if isinstance(d, int)),
                self.averaging,
                center=self.zero_mean,
            )
            for path, leaf in self._chosen(observation)
        }
        return TreeNormalizer(statistics, self.clipping)

    def _chosen(self, observation: Spec) -> list[tuple[Path, TensorSpec]]:
        return chosen_leaves(
            observation, self.fields, lambda s: not s.is_discrete, "floating-point tensor"
        )


class TreeNormalizer(nn.Module):
    """Statistics for some tensors of a tree."""

    def __init__(self, statistics: Mapping[Path, RunningStatistics], clipping: float) -> None:
        """Take over the statistics, by path.

        Args:
            statistics: of each tensor to normalize.
            clipping: results are cut to ±clipping; 0: they are not.
        """
        super().__init__()
        self.paths = tuple(statistics)
        self.statistics = nn.ModuleList(statistics.values())
        self.clipping = clipping

    def observe(self, observation: Any) -> None:
        """Update the statistics; `[*leading, ...]` observation."""
        for path, statistics in zip(self.paths, self.statistics, strict=True):
            statistics.observe(at_path(observation, path))  # type: ignore[operator]

    def forward(self, observation: Any) -> Any:
        """Normalize; `[*batch, ...]` observation."""
        for path, statistics in zip(self.paths, self.statistics, strict=True):
            normalized: Tensor = statistics(at_path(observation, path))
            if self.clipping:
                normalized = normalized.clamp(-self.clipping, self.clipping)
            observation = with_value(observation, path, normalized)
        return observation
