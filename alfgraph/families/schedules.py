"""Schedules: how often phases run, as data.

One class per kind, so that a field that means nothing for the kind cannot be set. Lengths count
transitions: an iteration collects `unroll_length` transitions in every environment.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from alfgraph.wiring.schedule import Positive, Schedule


class OnPolicy(Schedule):
    """Unroll, then one update on what was just collected; its gradient may reach the unroll.

    Attributes:
        unroll_length: transitions per environment and iteration.
    """

    unroll_length: Positive = 8


class Epochs(Schedule):
    """Unroll, prepare once, then several passes over the rollout in mini-batches (PPO).

    Attributes:
        unroll_length: transitions per environment and iteration.
        epochs: passes over the rollout.
        mini_batch_size: sequences per mini-batch. A default larger than the rollout becomes the
            whole rollout; one that was set is an error.
        mini_batch_length: transitions per sequence; it must divide `unroll_length`.
    """

    unroll_length: Positive = 32
    epochs: Positive = 4
    mini_batch_size: Positive = 256
    mini_batch_length: Positive = 1


class OffPolicy(Schedule):
    """Unroll without gradient into a replay buffer, then updates on sampled mini-batches.

    Attributes:
        unroll_length: transitions per environment and iteration; a fraction carries over.
        initial_collect_steps: env steps, all environments together, before the first update.
        random_actions: while collecting, act at random instead of by the policy.
        num_updates_per_train_iter: updates per iteration.
        mini_batch_size: sequences per mini-batch.
        mini_batch_length: transitions per sequence.
    """

    unroll_length: Annotated[float, Field(gt=0)] = 1
    initial_collect_steps: Annotated[int, Field(ge=0)] = 0
    random_actions: bool = False
    num_updates_per_train_iter: Positive = 1
    mini_batch_size: Positive = 256
    mini_batch_length: Positive = 1


class Offline(Schedule):
    """Updates only, on data recorded before.

    Attributes:
        num_updates_per_train_iter: updates per iteration.
        mini_batch_size: sequences per mini-batch.
        mini_batch_length: transitions per sequence.
    """

    num_updates_per_train_iter: Positive = 1
    mini_batch_size: Positive = 256
    mini_batch_length: Positive = 1
