"""The trainer: everything about a run that is neither wiring nor schedule."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from alfgraph.wiring.component import Component

Positive = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]

DEFAULT_NUM_ITERATIONS = 1000

_DEVICE = re.compile(r"cpu|cuda(:\d+)?")


def checked_device(name: str) -> str:
    """The name of a device, which need not be there: boards are checked on other machines too.

    Raises:
        ValueError: it is no device's name.
    """
    if not _DEVICE.fullmatch(name):
        raise ValueError(f'`{name}` is no device; use "cpu", "cuda" or "cuda:1"')
    return name


Device = Annotated[str, AfterValidator(checked_device)]


class Trainer(Component):
    """How long to train, what to log, when to evaluate and to save.

    Attributes:
        num_iterations: training iterations; None: 1000, or unlimited if `num_env_steps` is set.
        num_env_steps: env steps, reset steps included; None: unlimited. With both set, the first
            reached ends the run.
        random_seed: seeds parameters, environments and sampling.
        device: where tensors live: "cpu", "cuda", "cuda:1".
        summary_interval: iterations between two summaries.
        summarize_first_interval: log every iteration of the first interval.
        eval_interval: iterations between evaluations; None: never but at the end.
        num_eval_episodes: episodes of one evaluation.
        num_eval_environments: environments it runs in.
        num_checkpoints: checkpoints spread evenly over the run, the last one at its end.
        keep_checkpoints: how many of them stay; None keeps all.
        keep_best: keep the policy of the best evaluation besides, for `play --checkpoint best`.
        num_threads: torch threads; None: chosen from the widest layer and the batch.
        progress: "auto" (live in a terminal), "plain" or "none".
    """

    family: ClassVar[str] = "trainer"
    heat: ClassVar[int] = 1

    num_iterations: Positive | None = None
    num_env_steps: Positive | None = None
    random_seed: Count = 0
    device: Device = "cpu"
    summary_interval: Positive = 50
    summarize_first_interval: bool = True
    eval_interval: Positive | None = None
    num_eval_episodes: Count = 20
    num_eval_environments: Positive = 10
    num_checkpoints: Positive = 10
    keep_checkpoints: Positive | None = None
    keep_best: bool = True
    num_threads: Positive | None = None
    progress: Literal["auto", "plain", "none"] = "auto"

    @property
    def iteration_limit(self) -> int | None:
        """Iterations after which the run ends, if that is limited."""
        if self.num_iterations is None and self.num_env_steps is None:
            return DEFAULT_NUM_ITERATIONS
        return self.num_iterations
