"""DQN with hindsight on 15 bits: flip them into the goal; a reward only where all are right.

`--swap algorithm.replay=ReplayBuffer` takes hindsight away: then the goal is never found.
"""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces

from alfgraph.components import (
    DQN,
    Adam,
    EpsilonGreedy,
    GymEnv,
    HindsightReplay,
    LinearAnnealing,
    OffPolicy,
    Pipeline,
    QNetwork,
    SparseGoalReward,
    TDLoss,
    Trainer,
)

BITS = 15


class BitFlip(gymnasium.Env[Any, Any]):
    """Action i flips bit i; -1 a step, 0 and the end where all bits are those of the goal.

    Source: Andrychowicz et al. 2017, arXiv:1707.01495, section 3.1.
    """

    def __init__(self, bits: int = BITS) -> None:
        bit_vector = spaces.Box(0.0, 1.0, (bits,), np.float32)
        goals: dict[str, spaces.Space[Any]] = {
            "achieved_goal": bit_vector,
            "desired_goal": bit_vector,
        }
        self.observation_space = spaces.Dict(goals)
        self.action_space = spaces.Discrete(bits)
        self.bits = bits

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw the bits and the goal."""
        super().reset(seed=seed)
        self.state, self.goal = self.np_random.integers(0, 2, (2, self.bits)).astype(np.float32)
        self.flips = 0
        return self._observed(), {}

    def step(self, action: Any) -> tuple[dict[str, Any], SupportsFloat, bool, bool, dict[str, Any]]:
        """Flip one bit."""
        self.state[action] = 1.0 - self.state[action]
        self.flips += 1
        reached = bool((self.state == self.goal).all())
        return self._observed(), float(reached) - 1.0, reached, self.flips == self.bits, {}

    def _observed(self) -> dict[str, Any]:
        return {"achieved_goal": self.state.copy(), "desired_goal": self.goal.copy()}


graph = Pipeline(
    env=GymEnv(make=BitFlip, num_envs=16),
    algorithm=DQN(
        q=QNetwork(hidden=(256,)),
        exploration=EpsilonGreedy(epsilon=LinearAnnealing(start=0.3, end=0.05, over=(0.0, 0.5))),
        replay=HindsightReplay(
            max_length=10_000,
            reward=SparseGoalReward(tolerance=0.5, ends=True),
        ),
        td=TDLoss(gamma=0.98, error="huber"),
        optimizer=Adam(lr=1e-3, gradient_clipping=10.0),
        target_period=100,
        schedule=OffPolicy(
            unroll_length=2,
            initial_collect_steps=1000,
            num_updates_per_train_iter=4,
            mini_batch_size=256,
        ),
    ),
    trainer=Trainer(num_env_steps=100_000, num_eval_episodes=100),
)
